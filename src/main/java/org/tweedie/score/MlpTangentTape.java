package org.tweedie.score;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * Reverse over forward through an {@link Mlp}: beside each layer's sums its tangent's, and on the way back both cotangents at once. The weights
 * of a layer get x cotangent from the pass and dx tangent-cotangent from the tangent.
 */
final class MlpTangentTape implements TangentTape {
    private final MlpNetwork network;
    private final Closing owned = new Closing();
    private final MlpTape tape;
    private final int rows;
    private final DeviceBuffer kept;
    private final DeviceBuffer zero;
    private @Nullable View direction;

    MlpTangentTape(MlpNetwork network, Device device, int rows) {
        this.network = network;
        this.rows = Math.max(1, rows);
        Mlp mlp = network.architecture();
        try (Stream stream = device.stream()) {
            tape = owned.add(new MlpTape(network, device, rows));
            kept = owned.add(device.allocate(Element.F32, (2L * mlp.depth() + 2) * this.rows * mlp.width()));
            int outputs = network.layout().outputs();
            zero = owned.add(device.allocate(Element.F32, (long) this.rows * outputs));
            stream.zero(zero, 0, zero.count());
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private int depth() {
        return network.architecture().depth();
    }

    private View part(int i) {
        return View.rows(kept, network.architecture().width()).from((long) i * rows);
    }

    /** The tangent of what layer l puts out. */
    private View hidden(int l) {
        return part(l);
    }

    /** The tangent of what its activation is applied to. */
    private View pre(int l) {
        return part(depth() + l);
    }

    private View towardsHidden() {
        return part(2 * depth());
    }

    private View towardsPre() {
        return part(2 * depth() + 1);
    }

    @Override
    public void forward(Stream stream, RowSet rows, List<View> from, Instant t, View into) {
        tape.forward(stream, rows, from, t, List.of(into));
        direction = null;
    }

    @Override
    public void tangent(Stream stream, RowSet rows, View along, View into) {
        network.signature().require(0, along);
        direction = along;
        List<Integer> layers = IntStream.range(0, depth()).boxed().toList();
        new DirectionalMlp(network)
                .run(
                        stream,
                        rows,
                        0,
                        along,
                        tape.slopes(),
                        layers.stream().map(this::pre).toList(),
                        layers.stream().map(this::hidden).toList(),
                        into);
    }

    @Override
    public void backward(
            Stream stream,
            RowSet rows,
            @Nullable View cotangent,
            View tangentCotangent,
            DeviceBuffer gradients,
            boolean accumulate) {
        View along = direction;
        if (along == null) {
            throw new IllegalStateException("backward comes after tangent");
        }
        View out = cotangent == null ? View.rows(zero, network.layout().outputs()) : cotangent;
        Mlp mlp = network.architecture();
        MlpLayout layout = network.layout();
        tape.outWeights(stream, rows, out, gradients, accumulate);
        weights(stream, rows, hidden(depth() - 1), tangentCotangent, gradients, layout.weight(depth()));
        Linear.backwardInput(stream, rows, out, network.outWeight(), tape.towardsHidden(), false);
        Linear.backwardInput(stream, rows, tangentCotangent, network.outWeight(), towardsHidden(), false);
        for (int l = depth() - 1; l >= 0; l--) {
            Activations.bend(
                    stream,
                    rows,
                    tape.pre(l),
                    pre(l),
                    tape.towardsHidden(),
                    towardsHidden(),
                    mlp.activation(),
                    tape.towardsPre(),
                    towardsPre());
            tape.weights(stream, rows, l, gradients, accumulate);
            weights(stream, rows, l == 0 ? along : hidden(l - 1), towardsPre(), gradients, layout.weight(l));
            if (l > 0) {
                tape.backInput(stream, rows, l, tape.towardsPre(), tape.towardsHidden());
                tape.backInput(stream, rows, l, towardsPre(), towardsHidden());
            }
        }
    }

    /** What the tangent adds to the gradient of a layer's weights; a tangent has no bias. */
    private void weights(Stream stream, RowSet rows, View x, View back, DeviceBuffer gradients, long at) {
        Linear.backwardWeight(stream, rows, x, back, gradients, at, null, 0, true, tape.sums());
    }

    @Override
    public void close() {
        owned.close();
    }
}
