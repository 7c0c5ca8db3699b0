package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * A field of one number a row, such as a log-likelihood, with its gradient by its first input: (x, others; t) to (gradient, value). One pass
 * forward and one back. Immutable, shared by threads.
 *
 * @param field with one output, one wide
 */
public record Gradient(Differentiable field) implements Field {
    public Gradient {
        List<Signature.Port> into = field.signature().into();
        if (into.size() != 1
                || into.get(0).space().width() != 1
                || field.signature().from().isEmpty()) {
            throw new IllegalArgumentException(
                    "a gradient is that of a field with an input and one number for its output, got "
                            + field.signature().from() + " to " + into);
        }
    }

    @Override
    public Signature signature() {
        Signature of = field.signature();
        return new Signature(
                of.from(),
                List.of(
                        new Signature.Port("gradient", of.from().get(0).space()),
                        of.into().get(0)));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        Signature signature = signature();
        Closing owned = new Closing();
        try (Stream stream = device.stream()) {
            Tape tape = owned.add(field.tape(device, rows));
            View one = View.rows(owned.add(device.allocate(Element.F32, Math.max(1, rows))), 1);
            View numbers = View.shared(owned.add(device.allocate(Element.F32, 2)), 0, 1);
            stream.upload(new float[] {1, 0}, 0, numbers.data(), 0, 2);
            stream.synchronize();
            List<View> others = new ArrayList<>();
            for (Signature.Port port :
                    signature.from().subList(1, signature.from().size())) {
                int width = port.space().width();
                others.add(View.rows(owned.add(device.allocate(Element.F32, (long) Math.max(1, rows) * width)), width));
            }
            return new Evaluator() {
                @Override
                public void evaluate(Stream on, RowSet set, List<View> from, Instant t, List<View> into) {
                    signature.require(from, into);
                    tape.forward(on, set, from, t, into.subList(1, 2));
                    Add.rows(on, set, numbers, View.shared(numbers.data(), 1, 1), one);
                    List<View> gradients = new ArrayList<>(others);
                    gradients.add(0, into.get(0));
                    tape.backward(on, set, List.of(one), null, gradients);
                }

                @Override
                public void close() {
                    owned.close();
                }
            };
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }
}
