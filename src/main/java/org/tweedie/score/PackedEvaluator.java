package org.tweedie.score;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.kernels.View;

/**
 * The layers of an {@link Mlp} by products of 16-bit numbers, or of tf32: what follows from the inputs and the time alone is in f32, hidden rows
 * stay rounded from layer to layer, sums are f32. Holds a copy of the weights, taken when it is opened and again by {@link #prepare}.
 */
final class PackedEvaluator implements Evaluator {
    /** Inputs up to which one thread an output is the way; beyond, the tiles of {@link Linear}. */
    private static final int THIN = 32;

    private final MlpNetwork network;
    private final Mlp mlp;
    private final Closing owned = new Closing();
    private final MlpForward forward;
    private final ReducedLayers layers;
    private final View wide;

    PackedEvaluator(MlpNetwork network, Device device, int rows, TileNumbers numbers) {
        this.network = network;
        this.mlp = network.architecture();
        int width = mlp.width();
        int outputs = network.outWeight().out();
        if (numbers == TileNumbers.TF32 && !device.limits().warpgroups()) {
            throw new IllegalArgumentException(device.name() + " has no products of tf32; open the network in f32");
        }
        try (Stream stream = device.stream()) {
            forward = owned.add(new MlpForward(network, device, rows));
            layers = owned.add(
                    device.limits().warpgroups()
                            ? new TileLayers(stream, numbers, rows, width, mlp.depth(), outputs)
                            : new PackedLayers(stream, numbers.element(), rows, width, mlp.depth(), outputs));
            wide = View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
            pack(stream);
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private Matrix weight(int l) {
        return l == mlp.depth() ? network.outWeight() : network.weight(l, 0, mlp.width());
    }

    private void pack(Stream stream) {
        for (int l = 1; l <= mlp.depth(); l++) {
            layers.pack(stream, l, weight(l));
        }
    }

    @Override
    public void prepare(Stream stream, double[] times) {
        forward.prepare(stream, times);
        pack(stream);
    }

    @Override
    public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        network.signature().require(from, into);
        forward.time(stream, rows, t);
        View biases = forward.biases();
        for (int l = 0; l < mlp.depth(); l++) {
            View bias = biases == null ? null : biases.columns(l * mlp.width(), mlp.width());
            View add = null;
            if (bias == null) { // a time a row: its part of the sum for each
                Linear.forward(
                        stream,
                        rows,
                        forward.features(),
                        network.timeWeight(l),
                        network.bias(l),
                        null,
                        Activation.IDENTITY,
                        wide,
                        null);
                add = wide;
            }
            if (l == 0) {
                first(stream, rows, from, bias, add);
                continue;
            }
            layers.hidden(stream, rows, l, bias, add, mlp.activation(), mlp.residual());
        }
        layers.output(stream, rows, mlp.depth(), network.bias(mlp.depth()), into.get(0));
    }

    /** The layer of the inputs, which come in f32 and are multiplied so. */
    private void first(
            Stream stream, RowSet rows, List<View> inputs, @Nullable View timeBias, @Nullable View timeRows) {
        View bias = timeBias;
        View add = timeRows;
        int first = 0;
        for (int i = 0; i < inputs.size(); i++) {
            View x = inputs.get(i);
            Matrix w = network.weight(0, first, x.width());
            if (i == inputs.size() - 1 && x.width() <= THIN) {
                layers.first(stream, rows, x, w, bias, add, mlp.activation());
                return;
            }
            Linear.forward(stream, rows, x, w, bias, add, Activation.IDENTITY, wide, null);
            first += x.width();
            bias = null;
            add = wide;
        }
        Matrix none = network.weight(0, first, 0);
        layers.first(stream, rows, null, none, bias, add, mlp.activation());
    }

    @Override
    public void close() {
        owned.close();
    }
}
