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

/** Keeps every hidden layer and what its activation was applied to. */
final class MlpTape implements Tape {
    private final MlpNetwork network;
    private final Closing owned = new Closing();
    private final MlpForward forward;
    private final int rows;
    private final DeviceBuffer kept;
    private final DeviceBuffer sums;
    private List<View> inputs = List.of();

    MlpTape(MlpNetwork network, Device device, int rows) {
        this.network = network;
        this.rows = rows;
        Mlp mlp = network.architecture();
        MlpLayout layout = network.layout();
        try {
            forward = owned.add(new MlpForward(network, device, rows));
            kept = owned.add(device.allocate(Element.F32, (2L * mlp.depth() + 2) * rows * mlp.width()));
            long most = Math.max(
                    Linear.scratch(mlp.width(), layout.outputs()), Linear.scratch(layout.features(), mlp.width()));
            for (int l = 0; l < mlp.depth(); l++) {
                most = Math.max(most, Linear.scratch(layout.in(l), mlp.width()));
            }
            sums = owned.add(device.allocate(Element.F32, most));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View part(int i) {
        return View.rows(kept, network.architecture().width()).from((long) i * rows);
    }

    private View hidden(int l) {
        return part(l);
    }

    View pre(int l) {
        return part(network.architecture().depth() + l);
    }

    View towardsHidden() {
        return part(2 * network.architecture().depth());
    }

    View towardsPre() {
        return part(2 * network.architecture().depth() + 1);
    }

    @Override
    public void forward(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        network.signature().require(from, into);
        inputs = List.copyOf(from);
        forward.time(stream, rows, t);
        for (int l = 0; l < network.architecture().depth(); l++) {
            forward.hidden(stream, rows, l, l == 0 ? inputs : List.of(hidden(l - 1)), hidden(l), pre(l));
        }
        forward.out(stream, rows, hidden(network.architecture().depth() - 1), into.get(0));
    }

    @Override
    public void backward(
            Stream stream,
            RowSet rows,
            List<View> cotangents,
            @Nullable DeviceBuffer weightGradients,
            @Nullable List<View> fromGradients) {
        if (inputs.isEmpty()) {
            throw new IllegalStateException("backward comes after forward");
        }
        Signature.require("cotangent of output", network.signature().into(), cotangents);
        if (fromGradients != null) {
            Signature.require("gradient of input", network.signature().from(), fromGradients);
        }
        Mlp mlp = network.architecture();
        MlpLayout layout = network.layout();
        int depth = mlp.depth();
        View cotangent = cotangents.get(0);
        if (weightGradients != null) {
            outWeights(stream, rows, cotangent, weightGradients, false);
        }
        Linear.backwardInput(stream, rows, cotangent, network.outWeight(), towardsHidden(), false);
        for (int l = depth - 1; l >= 0; l--) {
            Activations.backward(stream, rows, pre(l), towardsHidden(), mlp.activation(), towardsPre());
            if (weightGradients != null) {
                weights(stream, rows, l, weightGradients, false);
            }
            if (l > 0) {
                backInput(stream, rows, l, towardsPre(), towardsHidden());
            }
        }
        if (fromGradients != null) {
            int first = 0;
            for (View into : fromGradients) {
                Linear.backwardInput(stream, rows, towardsPre(), network.weight(0, first, into.width()), into, false);
                first += into.width();
            }
        }
    }

    @Override
    public void tangent(Stream stream, RowSet rows, int port, View direction, List<View> into) {
        if (inputs.isEmpty()) {
            throw new IllegalStateException("a tangent comes after forward");
        }
        Signature.require("tangent of output", network.signature().into(), into);
        network.signature().require(port, direction);
        List<View> turns = IntStream.range(0, network.architecture().depth())
                .mapToObj(l -> l % 2 == 0 ? towardsHidden() : towardsPre())
                .toList();
        new DirectionalMlp(network).run(stream, rows, port, direction, slopes(), turns, turns, into.get(0));
    }

    /** Of each layer, what its activation was applied to. */
    List<View> slopes() {
        return IntStream.range(0, network.architecture().depth())
                .mapToObj(this::pre)
                .toList();
    }

    DeviceBuffer sums() {
        return sums;
    }

    /** Queues the way back from what layer l's activation was applied to, to what the layer before put out. */
    void backInput(Stream stream, RowSet rows, int l, View dPre, View dHidden) {
        Mlp mlp = network.architecture();
        Linear.backwardInput(stream, rows, dPre, network.weight(l, 0, mlp.width()), dHidden, mlp.residual());
    }

    /** Queues the gradients of the output layer, and clears those of the frequencies, which are none. */
    void outWeights(Stream stream, RowSet rows, View cotangent, DeviceBuffer gradients, boolean accumulate) {
        MlpLayout layout = network.layout();
        int depth = network.architecture().depth();
        stream.zero(gradients, 0, layout.features() / 2);
        Linear.backwardWeight(
                stream,
                rows,
                hidden(depth - 1),
                cotangent,
                gradients,
                layout.weight(depth),
                gradients,
                layout.bias(depth),
                accumulate,
                sums);
    }

    /** Queues the gradients of layer l's weights from what goes back to {@link #towardsPre}. */
    void weights(Stream stream, RowSet rows, int l, DeviceBuffer gradients, boolean accumulate) {
        MlpLayout layout = network.layout();
        int width = network.architecture().width();
        Linear.backwardWeight(
                stream,
                rows,
                forward.features(),
                towardsPre(),
                gradients,
                layout.timeWeight(l),
                null,
                0,
                accumulate,
                sums);
        int first = 0;
        for (View input : l == 0 ? inputs : List.of(hidden(l - 1))) {
            boolean leads = first == 0;
            Linear.backwardWeight(
                    stream,
                    rows,
                    input,
                    towardsPre(),
                    gradients,
                    layout.weight(l) + (long) first * width,
                    leads ? gradients : null,
                    layout.bias(l),
                    accumulate,
                    sums);
            first += input.width();
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
