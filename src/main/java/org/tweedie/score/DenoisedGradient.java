package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;
import org.tweedie.sde.Sde;

/**
 * A score with the gradient, by the noisy row, of what is asked of the denoised one: (x, more, others; t) to (score, J' c), where D = (x +
 * sigma^2 score)/alpha is the mean of clean rows given x, J its Jacobian by x, and c = cotangent(D, more) the gradient by D of what is asked. One
 * pass of the field forward and one back. Immutable, shared by threads.
 *
 * @param score (x, others; t) to one output as wide as x
 * @param cotangent D, then {@code more}, to one output as wide as x
 */
public record DenoisedGradient(Differentiable score, Sde sde, Formula cotangent) implements Field {
    public DenoisedGradient {
        int width = sde.space().width();
        int[] from = cotangent.inputs();
        if (from.length == 0
                || from[0] != width
                || cotangent.outputs().length != 1
                || cotangent.outputs()[0] != width
                || score.signature().into().size() != 1
                || score.signature().from().get(0).space().width() != width) {
            throw new IllegalArgumentException("formula '" + cotangent.name() + "' takes a denoised row of " + width
                    + " coordinates first and gives a gradient as wide, and the score is of such rows, got " + cotangent
                    + " and inputs " + score.signature().from());
        }
    }

    @Override
    public Signature signature() {
        List<Signature.Port> from = new ArrayList<>();
        from.add(score.signature().from().get(0));
        for (int i = 1; i < cotangent.inputs().length; i++) {
            from.add(new Signature.Port("more." + i, Space.euclidean(cotangent.inputs()[i])));
        }
        from.addAll(score.signature().from().subList(1, score.signature().from().size()));
        return new Signature(
                from, List.of(score.signature().into().get(0), new Signature.Port("gradient", sde.space())));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new Open(this, device, Math.max(1, rows));
    }

    /** The tape of the score, and the formulas before it is gone back and after, on rows of their own. */
    private static final class Open implements Evaluator {
        private final DenoisedGradient field;
        private final Signature signature;
        private final int rows;
        private final int more;
        private final Closing owned = new Closing();
        private final TimeNumbers numbers;
        private final Tape tape;
        private final View x;
        private final View score;
        private final View toward;
        private final View gradient;
        private final List<View> extras = new ArrayList<>();
        private final List<View> backs = new ArrayList<>();
        private final RowFormula formulas;

        Open(DenoisedGradient field, Device device, int rows) {
            this.field = field;
            this.rows = rows;
            signature = field.signature();
            more = field.cotangent.inputs().length - 1;
            Sde sde = field.sde;
            int width = sde.space().width();
            try (Stream stream = device.stream()) {
                tape = owned.add(field.score.tape(device, rows));
                // D = a x + b score, J = a + b dscore/dx
                numbers = owned.add(new TimeNumbers(
                        sde,
                        t -> new double[] {1 / sde.alpha(t), sde.sigma(t) * sde.sigma(t) / sde.alpha(t)},
                        device,
                        rows));
                x = row(device, width);
                score = row(device, width);
                View denoised = row(device, width);
                toward = row(device, width);
                gradient = row(device, width);
                for (int i = 1; i <= more; i++) {
                    extras.add(row(device, field.cotangent.inputs()[i]));
                }
                backs.add(row(device, width));
                for (int i = 1 + more; i < signature.from().size(); i++) {
                    backs.add(row(device, signature.from().get(i).space().width()));
                }
                Formula sum = weighted(width);
                List<View> asked = new ArrayList<>(extras);
                asked.add(0, denoised);
                formulas = owned.add(RowFormula.open(
                        stream,
                        List.of(
                                new RowFormula.Use(sum, List.of(x, score, numbers.shared()), List.of(denoised)),
                                new RowFormula.Use(sum, List.of(x, score, numbers.each()), List.of(denoised)),
                                new RowFormula.Use(field.cotangent, asked, List.of(toward)),
                                new RowFormula.Use(
                                        sum, List.of(toward, backs.get(0), numbers.shared()), List.of(gradient)),
                                new RowFormula.Use(
                                        sum, List.of(toward, backs.get(0), numbers.each()), List.of(gradient)))));
                stream.synchronize();
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        private View row(Device device, int width) {
            return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
        }

        /** x, s, (a, b) to a x + b s. */
        private static Formula weighted(int width) {
            FormulaWriter f = Formula.writer("denoised row");
            Value first = f.input(width);
            Value second = f.input(width);
            Value at = f.input(2);
            return f.output(first.times(at.at(0)).plus(second.times(at.at(1)))).formula();
        }

        @Override
        public void evaluate(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
            signature.require(from, into);
            int kind = t.perRow() == null ? 0 : 1;
            numbers.at(stream, set, t);
            copy(stream, from.get(0), x);
            for (int i = 0; i < more; i++) {
                copy(stream, from.get(1 + i), extras.get(i));
            }
            List<View> inputs = new ArrayList<>(from.subList(1 + more, from.size()));
            inputs.add(0, from.get(0));
            tape.forward(stream, set, inputs, t, List.of(score));
            copy(stream, score, into.get(0));
            formulas.run(stream, set, kind);
            formulas.run(stream, set, 2);
            tape.backward(stream, set, List.of(toward), null, backs);
            formulas.run(stream, set, 3 + kind);
            copy(stream, gradient, into.get(1));
        }

        private void copy(Stream stream, View from, View into) {
            stream.copy(from.data(), from.offset(), into.data(), into.offset(), (long) rows * from.width());
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
