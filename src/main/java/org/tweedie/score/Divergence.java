package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;

/**
 * A field with its exact divergence by one of its inputs: (x, others; t) to (out, sum of d out_i / d x_i), the sum of each part of the coordinates
 * on its own. Costs a derivative along each coordinate of x: for rows of few; {@link Directional} costs one. Immutable, shared by threads.
 *
 * @param field with one output, as wide as the input
 * @param port of the input, 0 for the first
 * @param parts coordinates of each part, in their order
 */
public record Divergence(Differentiable field, int port, List<Integer> parts) implements Field {
    public Divergence {
        parts = List.copyOf(parts);
        Directional.requireOneOutput(field, port);
        int from = field.signature().from().get(port).space().width();
        int into = field.signature().into().get(0).space().width();
        if (from != into) {
            throw new IllegalArgumentException("a divergence is that of a field from rows to rows of one width, got "
                    + from + " to " + into + " coordinates");
        }
        if (parts.stream().anyMatch(part -> part < 1)
                || parts.stream().mapToLong(part -> part).sum() != from) {
            throw new IllegalArgumentException("parts of " + parts + " coordinates do not make up " + from);
        }
    }

    /** By the first input, of all coordinates together. */
    public Divergence(Differentiable field) {
        this(field, 0);
    }

    /** By that input, of all coordinates together. */
    public Divergence(Differentiable field, int port) {
        this(field, port, List.of(field.signature().from().get(port).space().width()));
    }

    /** By the first input, each part on its own. */
    public Divergence(Differentiable field, List<Integer> parts) {
        this(field, 0, parts);
    }

    @Override
    public Signature signature() {
        Signature of = field.signature();
        return new Signature(
                of.from(), List.of(of.into().get(0), new Signature.Port("divergence", Space.euclidean(parts.size()))));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new Sum(this, device, rows);
    }

    /** Derivatives along the axes, one after the other; the divergence of a part is their sum in order. */
    private static final class Sum implements Evaluator {
        private final Signature signature;
        private final int port;
        private final int width;
        private final List<Integer> parts;
        private final Closing owned = new Closing();
        private final Tape tape;
        private final DeviceBuffer axes;
        private final View zero;
        private final View column;

        Sum(Divergence divergence, Device device, int rows) {
            signature = divergence.signature();
            port = divergence.port();
            width = signature.from().get(port).space().width();
            parts = divergence.parts();
            float[] identity = new float[width * width + 1];
            for (int i = 0; i < width; i++) {
                identity[i * width + i] = 1;
            }
            try (Stream stream = device.stream()) {
                tape = owned.add(divergence.field().tape(device, rows));
                axes = owned.add(device.allocate(Element.F32, identity.length));
                stream.upload(identity, 0, axes, 0, identity.length);
                stream.synchronize();
                zero = View.shared(axes, identity.length - 1L, 1);
                column = View.rows(owned.add(device.allocate(Element.F32, (long) Math.max(1, rows) * width)), width);
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        @Override
        public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
            signature.require(from, into);
            tape.forward(stream, rows, from, t, into.subList(0, 1));
            int i = 0;
            for (int part = 0; part < parts.size(); part++) {
                View sum = into.get(1).columns(part, 1);
                for (int end = i + parts.get(part), first = i; i < end; i++) {
                    tape.tangent(stream, rows, port, View.shared(axes, (long) i * width, width), List.of(column));
                    Add.rows(stream, rows, i == first ? zero : sum, column.columns(i, 1), sum);
                }
            }
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
