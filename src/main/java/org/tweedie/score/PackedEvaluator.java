package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.MixedLinear;
import org.tweedie.kernels.PackedLinear;
import org.tweedie.kernels.PackedLinear.Curve;
import org.tweedie.kernels.PackedMatrix;
import org.tweedie.kernels.PackedRows;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * The layers of an {@link Mlp} by products of 16-bit numbers: what follows from the inputs and the time alone is in f32, hidden rows are packed
 * from layer to layer, sums are f32. Holds a copy of the weights, taken when it is opened and again by {@link #prepare}.
 */
final class PackedEvaluator implements Evaluator {
    /** Inputs up to which one thread an output is the way; beyond, the tiles of {@link Linear}. */
    private static final int THIN = 32;

    private final MlpNetwork network;
    private final Mlp mlp;
    private final Closing owned = new Closing();
    private final MlpForward forward;
    /** Of the layers after the first, the output layer last. */
    private final List<PackedMatrix> weights = new ArrayList<>();
    /** Used in turn. */
    private final PackedRows[] hidden = new PackedRows[2];

    private final View wide;

    /** @param type F16 or BF16 */
    PackedEvaluator(MlpNetwork network, Device device, int rows, Element type) {
        this.network = network;
        this.mlp = network.architecture();
        int width = mlp.width();
        try (Stream stream = device.stream()) {
            forward = owned.add(new MlpForward(network, device, rows));
            for (int l = 1; l <= mlp.depth(); l++) {
                Matrix from = weight(l);
                PackedMatrix into = PackedMatrix.on(device, type, from.in(), from.out());
                owned.add(into.data());
                weights.add(into);
            }
            for (int i = 0; i < 2; i++) {
                hidden[i] = PackedRows.on(stream, type, rows, width);
                owned.add(hidden[i].data());
            }
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
            MixedLinear.pack(stream, weight(l), weights.get(l - 1));
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
            PackedRows x = hidden[(l - 1) % 2];
            PackedLinear.forward(
                    stream,
                    rows,
                    x,
                    weights.get(l - 1),
                    bias,
                    add,
                    mlp.activation(),
                    Curve.APPROXIMATE,
                    mlp.residual() ? x : null,
                    null,
                    hidden[l % 2]);
        }
        PackedLinear.forward(
                stream,
                rows,
                hidden[(mlp.depth() - 1) % 2],
                weights.get(mlp.depth() - 1),
                network.bias(mlp.depth()),
                null,
                Activation.IDENTITY,
                Curve.EXACT,
                null,
                into.get(0),
                null);
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
                PackedLinear.thin(stream, rows, x, w, bias, add, mlp.activation(), Curve.APPROXIMATE, hidden[0]);
                return;
            }
            Linear.forward(stream, rows, x, w, bias, add, Activation.IDENTITY, wide, null);
            first += x.width();
            bias = null;
            add = wide;
        }
        Matrix none = network.weight(0, first, 0);
        PackedLinear.thin(stream, rows, null, none, bias, add, mlp.activation(), Curve.APPROXIMATE, hidden[0]);
    }

    @Override
    public void close() {
        owned.close();
    }
}
