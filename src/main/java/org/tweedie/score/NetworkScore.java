package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.sde.Parametrisation;

/**
 * The score that a network stands for, at process time t, with its derivatives: skip x + gain out(scale x; network's time). Where a plan needs
 * the score alone, {@link Parametrisation#fold} is faster. Immutable, shared by threads.
 */
public record NetworkScore(Network network, Parametrisation parametrisation) implements Differentiable {
    @Override
    public Signature signature() {
        return network.signature();
    }

    @Override
    public Evaluator open(Device device, int rows) {
        Open open = new Open(this, device, rows);
        return new Evaluator() {
            @Override
            public void evaluate(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
                open.forward(stream, set, from, t, into);
            }

            @Override
            public void close() {
                open.close();
            }
        };
    }

    @Override
    public Tape tape(Device device, int rows) {
        return new Open(this, device, rows);
    }

    /** The network's tape between two formulas, on rows of its own. */
    private static final class Open implements Tape {
        private static final int INPUT = 0;
        private static final int SCORE = 2;
        private static final int BEFORE = 4;
        private static final int AFTER = 6;
        private static final int ALONG = 8;

        private final NetworkScore field;
        private final int rows;
        private final Closing owned = new Closing();
        private final TimeNumbers numbers;
        private final Tape tape;
        private final RowFormula formulas;
        private final View x;
        private final View input;
        private final View out;
        private final View score;
        private final View time;
        private final View cotangent;
        private final View within;
        private final View none;
        private int kind;

        Open(NetworkScore field, Device device, int rows) {
            this.field = field;
            this.rows = Math.max(1, rows);
            Parametrisation p = field.parametrisation();
            try (Stream stream = device.stream()) {
                numbers = owned.add(new TimeNumbers(
                        p.sde(),
                        t -> new double[] {p.inputScale(t), p.skip(t), p.gain(t), p.networkTime(t)},
                        device,
                        this.rows));
                tape = owned.add(field.network.tape(device, this.rows));
                int width = field.signature().from().get(0).space().width();
                x = row(device, width);
                input = row(device, width);
                out = row(device, width);
                score = row(device, width);
                cotangent = row(device, width);
                within = row(device, width);
                time = row(device, 1);
                none = View.shared(owned.add(device.allocate(Element.F32, width)), 0, width);
                stream.zero(none.data(), 0, width);
                List<RowFormula.Use> uses = new ArrayList<>();
                both(uses, scale(width), List.of(x), input, time);
                both(uses, sum(width), List.of(x, out), score);
                both(uses, times(width), List.of(cotangent), out);
                both(uses, back(width), List.of(cotangent, within), score);
                both(uses, along(width), List.of(cotangent, within), score);
                formulas = owned.add(RowFormula.open(stream, uses));
                stream.synchronize();
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        /** A use at a single time and one at a time a row. */
        private void both(List<RowFormula.Use> uses, Formula formula, List<View> from, View... into) {
            for (View at : List.of(numbers.shared(), numbers.each())) {
                List<View> with = new ArrayList<>(from);
                with.add(at);
                uses.add(new RowFormula.Use(formula, with, List.of(into)));
            }
        }

        private View row(Device device, int width) {
            return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
        }

        /** x, numbers to scale x and the network's time. */
        private static Formula scale(int width) {
            FormulaWriter f = Formula.writer("input of the network");
            Value x = f.input(width);
            Value at = f.input(4);
            return f.output(x.times(at.at(0))).output(at.at(3).plus(0)).formula();
        }

        /** x, out, numbers to the score. */
        private static Formula sum(int width) {
            FormulaWriter f = Formula.writer("score of the network");
            Value x = f.input(width);
            Value out = f.input(width);
            Value at = f.input(4);
            return f.output(x.times(at.at(1)).plus(out.times(at.at(2)))).formula();
        }

        /** c, numbers to gain c. */
        private static Formula times(int width) {
            FormulaWriter f = Formula.writer("way back into the network");
            Value c = f.input(width);
            Value at = f.input(4);
            return f.output(c.times(at.at(2))).formula();
        }

        /** c, J'(gain c), numbers to skip c + scale J'(gain c). */
        private static Formula back(int width) {
            FormulaWriter f = Formula.writer("way back out of the network");
            Value c = f.input(width);
            Value within = f.input(width);
            Value at = f.input(4);
            return f.output(c.times(at.at(1)).plus(within.times(at.at(0)))).formula();
        }

        /** v, J v, numbers to skip v + gain scale J v. */
        private static Formula along(int width) {
            FormulaWriter f = Formula.writer("derivative of the network's score");
            Value v = f.input(width);
            Value within = f.input(width);
            Value at = f.input(4);
            return f.output(v.times(at.at(1)).plus(within.times(at.at(0).times(at.at(2)))))
                    .formula();
        }

        @Override
        public void forward(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
            field.signature().require(from, into);
            kind = t.perRow() == null ? 0 : 1;
            numbers.at(stream, set, t);
            copy(stream, from.get(0), x);
            formulas.run(stream, set, INPUT + kind);
            List<View> inputs = new ArrayList<>(from);
            inputs.set(0, input);
            Instant told = kind == 0 ? Instant.at(field.parametrisation.networkTime(t.at())) : Instant.perRow(time);
            tape.forward(stream, set, inputs, told, List.of(out));
            formulas.run(stream, set, SCORE + kind);
            copy(stream, score, into.get(0));
        }

        @Override
        public void backward(
                Stream stream,
                RowSet set,
                List<View> cotangents,
                @Nullable DeviceBuffer weightGradients,
                @Nullable List<View> fromGradients) {
            copy(stream, cotangents.get(0), cotangent);
            formulas.run(stream, set, BEFORE + kind);
            if (fromGradients == null) {
                tape.backward(stream, set, List.of(out), weightGradients, null);
                return;
            }
            List<View> gradients = new ArrayList<>(fromGradients);
            gradients.set(0, within);
            tape.backward(stream, set, List.of(out), weightGradients, gradients);
            formulas.run(stream, set, AFTER + kind);
            copy(stream, score, fromGradients.get(0));
        }

        @Override
        public void tangent(Stream stream, RowSet set, int port, View direction, List<View> into) {
            tape.tangent(stream, set, port, direction, List.of(within));
            if (port == 0) {
                Add.rows(stream, set, direction, none, cotangent);
                formulas.run(stream, set, ALONG + kind);
                copy(stream, score, into.get(0));
            } else {
                copy(stream, within, cotangent);
                formulas.run(stream, set, BEFORE + kind);
                copy(stream, out, into.get(0));
            }
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
