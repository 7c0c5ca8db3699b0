package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;

/**
 * A field with its derivative along a direction of one of its inputs: (x, direction, others; t) to (out, J direction), J the Jacobian of out by
 * x; the direction follows the input. With a random direction v of variance 1, v . J v has the divergence for its mean (Hutchinson). Immutable, shared by threads.
 *
 * @param field with one output
 * @param port of the input, 0 for the first
 */
public record Directional(Differentiable field, int port) implements Field {
    public Directional {
        requireOneOutput(field, port);
    }

    /** Along the first input. */
    public Directional(Differentiable field) {
        this(field, 0);
    }

    static void requireOneOutput(Differentiable field, int port) {
        if (field.signature().into().size() != 1 || field.signature().from().size() <= port) {
            throw new IllegalArgumentException("derivatives are taken of fields with that input and one output, got "
                    + field.signature().from() + " to " + field.signature().into());
        }
    }

    @Override
    public Signature signature() {
        Signature of = field.signature();
        List<Signature.Port> from = new ArrayList<>(of.from());
        from.add(port + 1, new Signature.Port("direction", from.get(port).space()));
        return new Signature(
                from,
                List.of(
                        of.into().get(0),
                        new Signature.Port(
                                "tangent",
                                Space.euclidean(of.into().get(0).space().width()))));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        Signature signature = signature();
        Tape tape = field.tape(device, rows);
        return new Evaluator() {
            @Override
            public void evaluate(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
                signature.require(from, into);
                List<View> inputs = new ArrayList<>(from);
                View direction = inputs.remove(port + 1);
                tape.forward(stream, set, inputs, t, into.subList(0, 1));
                tape.tangent(stream, set, port, direction, into.subList(1, 2));
            }

            @Override
            public void close() {
                tape.close();
            }
        };
    }
}
