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
import org.tweedie.sde.Parametrisation;

/**
 * A noisy classifier as a guide asks for it: (x; t) to (grad_x ln p(y | x), ln p(. | x)) for one class y, with p the softmax of a network's
 * outputs at x and t as the parametrisation tells it those. One pass forward and one back. Immutable, shared by threads.
 *
 * @param network of x alone, an output a class
 * @param number of the class, from 0
 */
public record ClassGradient(Network network, Parametrisation parametrisation, int number) implements Field {
    public ClassGradient {
        Signature of = network.signature();
        int classes = of.into().get(0).space().width();
        if (of.from().size() != 1
                || of.from().get(0).space().width()
                        != parametrisation.sde().space().width()) {
            throw new IllegalArgumentException("a classifier of rows of "
                    + parametrisation.sde().space().width() + " numbers takes them alone, got " + of.from());
        }
        if (number < 0 || number >= classes) {
            throw new IllegalArgumentException("there are classes 0 to " + (classes - 1) + ", got " + number);
        }
    }

    @Override
    public Signature signature() {
        Signature of = network.signature();
        Space x = of.from().get(0).space();
        return new Signature(
                of.from(),
                List.of(
                        new Signature.Port("gradient", x),
                        new Signature.Port("logProbabilities", of.into().get(0).space())));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new Open(this, device, Math.max(1, rows));
    }

    /** The network's tape between two formulas, on rows of its own. */
    private static final class Open implements Evaluator {
        private static final int INPUT = 0;
        private static final int OUT = 2;
        private static final int BACK = 3;

        private final ClassGradient field;
        private final int rows;
        private final Closing owned = new Closing();
        private final TimeNumbers numbers;
        private final Tape tape;
        private final RowFormula formulas;
        private final View x;
        private final View input;
        private final View time;
        private final View out;
        private final View cotangent;
        private final View logarithms;
        private final View within;
        private final View gradient;

        Open(ClassGradient field, Device device, int rows) {
            this.field = field;
            this.rows = rows;
            Parametrisation p = field.parametrisation;
            Signature of = field.network.signature();
            int width = of.from().get(0).space().width();
            int classes = of.into().get(0).space().width();
            try (Stream stream = device.stream()) {
                numbers = owned.add(
                        new TimeNumbers(p.sde(), t -> new double[] {p.inputScale(t), p.networkTime(t)}, device, rows));
                tape = owned.add(field.network.tape(device, rows));
                x = row(device, width);
                input = row(device, width);
                time = row(device, 1);
                out = row(device, classes);
                cotangent = row(device, classes);
                logarithms = row(device, classes);
                within = row(device, width);
                gradient = row(device, width);
                List<RowFormula.Use> uses = new ArrayList<>();
                for (View at : List.of(numbers.shared(), numbers.each())) {
                    uses.add(new RowFormula.Use(told(width), List.of(x, at), List.of(input, time)));
                }
                uses.add(new RowFormula.Use(
                        softmax(classes, field.number), List.of(out), List.of(cotangent, logarithms)));
                for (View at : List.of(numbers.shared(), numbers.each())) {
                    uses.add(new RowFormula.Use(scaled(width), List.of(within, at), List.of(gradient)));
                }
                formulas = owned.add(RowFormula.open(stream, uses));
                stream.synchronize();
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        private View row(Device device, int width) {
            return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
        }

        /** x, numbers to what the network is told. */
        private static Formula told(int width) {
            FormulaWriter f = Formula.writer("input of the classifier");
            Value x = f.input(width);
            Value at = f.input(2);
            return f.output(x.times(at.at(0))).output(at.at(1).plus(0)).formula();
        }

        /** z to e_y - softmax(z), which is the gradient of ln p(y) by z, and to the logarithms of the softmax. */
        private static Formula softmax(int classes, int number) {
            FormulaWriter f = Formula.writer("logarithms of the softmax");
            Value z = f.input(classes);
            double[] one = new double[classes];
            one[number] = 1;
            Value rest = z.minus(z.greatestOf());
            Value weights = rest.exp();
            Value sum = weights.sum();
            return f.output(f.literal(one).minus(weights.over(sum)))
                    .output(rest.minus(sum.log()))
                    .formula();
        }

        /** g, numbers to scale g. */
        private static Formula scaled(int width) {
            FormulaWriter f = Formula.writer("gradient of the classifier");
            Value g = f.input(width);
            Value at = f.input(2);
            return f.output(g.times(at.at(0))).formula();
        }

        @Override
        public void evaluate(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
            field.signature().require(from, into);
            int kind = t.perRow() == null ? 0 : 1;
            numbers.at(stream, set, t);
            copy(stream, from.get(0), x);
            formulas.run(stream, set, INPUT + kind);
            Instant told = kind == 0 ? Instant.at(field.parametrisation.networkTime(t.at())) : Instant.perRow(time);
            tape.forward(stream, set, List.of(input), told, List.of(out));
            formulas.run(stream, set, OUT);
            tape.backward(stream, set, List.of(cotangent), null, List.of(within));
            formulas.run(stream, set, BACK + kind);
            copy(stream, gradient, into.get(0));
            copy(stream, logarithms, into.get(1));
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
