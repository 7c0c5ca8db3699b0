package org.tweedie.score;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TimeFeatures;
import org.tweedie.kernels.View;

/**
 * The layers of an {@link Mlp} on a stream, and the scratch that its time needs. One time for all rows gives one row of
 * biases a layer; a time a row, features a row. Both add up in the same order, so the bits are the same.
 */
final class MlpForward implements AutoCloseable {
    private final MlpNetwork network;
    private final Closing owned = new Closing();
    private final RowSet one;
    private final DeviceBuffer time;
    private final DeviceBuffer features;
    private final DeviceBuffer biases;
    /** Place of each prepared time in the table, whose rows hold the biases of all layers. */
    private final Map<Double, Integer> prepared = new HashMap<>();

    private @Nullable DeviceBuffer table;
    /** Where the biases of the present time are. */
    private View present;

    private boolean perRow;

    MlpForward(MlpNetwork network, Device device, int rows) {
        this.network = network;
        Mlp mlp = network.architecture();
        try (Stream stream = device.stream()) {
            one = owned.add(RowSet.on(device));
            time = owned.add(device.allocate(Element.F32, 1));
            features = owned.add(device.allocate(
                    Element.F32, (long) Math.max(1, rows) * network.layout().features()));
            biases = owned.add(device.allocate(Element.F32, (long) mlp.depth() * mlp.width()));
            present = View.shared(biases, 0, mlp.depth() * mlp.width());
            one.assign(stream, 0, 0, 1);
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** Features of the time, and what of the layers follows from them alone. */
    void time(Stream stream, RowSet rows, Instant t) {
        View each = t.perRow();
        perRow = each != null;
        int width = network.layout().features();
        if (each != null) {
            TimeFeatures.forward(stream, rows, each, network.frequencies(), View.rows(features, width));
            return;
        }
        Integer place = prepared.get(t.at());
        if (place != null && table != null) {
            present = View.shared(table, (long) place * layers(), layers());
            return;
        }
        Add.numbers(stream, time, 0, 1, (float) t.at());
        present = View.shared(biases, 0, layers());
        biases(stream, one, View.rows(time, 1), features(), biases);
    }

    /** The biases of all hidden layers for the time last given, or null where each row has its own. */
    @Nullable
    View biases() {
        return perRow ? null : present;
    }

    /** Computes the biases of all layers for each of these times now, in one go; the weights must stay as they are. */
    void prepare(Stream stream, double[] times) {
        Device device = stream.device();
        if (table != null) {
            table.close();
            table = null;
        }
        prepared.clear();
        if (times.length == 0) {
            return;
        }
        float[] values = new float[times.length];
        for (int i = 0; i < times.length; i++) {
            values[i] = (float) times[i];
        }
        int width = network.layout().features();
        table = device.allocate(Element.F32, (long) times.length * layers());
        try (RowSet all = RowSet.on(device);
                DeviceBuffer every = device.allocate(Element.F32, times.length);
                DeviceBuffer memory = device.allocate(Element.F32, (long) times.length * width)) {
            all.assign(stream, 0, 0, times.length);
            stream.upload(values, 0, every, 0, times.length);
            biases(stream, all, View.rows(every, 1), View.rows(memory, width), table);
            stream.synchronize();
        }
        for (int i = 0; i < times.length; i++) {
            prepared.put(times[i], i);
        }
    }

    /** The table of the last {@link #prepare}: a row of all layers for each time. */
    float[] prepared(Stream stream) {
        float[] values = new float[prepared.size() * layers()];
        if (table != null && values.length > 0) {
            stream.download(table, 0, values, 0, values.length);
        }
        return values;
    }

    private void biases(Stream stream, RowSet rows, View times, View features, DeviceBuffer into) {
        TimeFeatures.forward(stream, rows, times, network.frequencies(), View.rows(features.data(), features.width()));
        int hidden = network.architecture().width();
        for (int l = 0; l < network.architecture().depth(); l++) {
            Linear.forward(
                    stream,
                    rows,
                    features,
                    network.timeWeight(l),
                    network.bias(l),
                    null,
                    Activation.IDENTITY,
                    new View(into, (long) l * hidden, hidden, layers()),
                    null);
        }
    }

    private int layers() {
        return network.architecture().depth() * network.architecture().width();
    }

    /** The features of each row, or the one row of them. */
    View features() {
        int width = network.layout().features();
        return perRow ? View.rows(features, width) : View.shared(features, 0, width);
    }

    /**
     * Queues hidden layer {@code l}.
     *
     * @param inputs side by side they are the layer's input
     * @param pre keeps what the activation was applied to, or null
     */
    void hidden(Stream stream, RowSet rows, int l, List<View> inputs, View into, @Nullable View pre) {
        Mlp mlp = network.architecture();
        View bias = null;
        View add = null;
        if (perRow) {
            Linear.forward(
                    stream,
                    rows,
                    features(),
                    network.timeWeight(l),
                    network.bias(l),
                    null,
                    Activation.IDENTITY,
                    into,
                    null);
            add = into;
        } else {
            bias = present.columns(l * mlp.width(), mlp.width());
        }
        int first = 0;
        for (int i = 0; i < inputs.size(); i++) {
            View input = inputs.get(i);
            boolean last = i == inputs.size() - 1;
            Linear.forward(
                    stream,
                    rows,
                    input,
                    network.weight(l, first, input.width()),
                    bias,
                    add,
                    last ? mlp.activation() : Activation.IDENTITY,
                    into,
                    last ? pre : null);
            first += input.width();
            bias = null;
            add = into;
        }
        if (mlp.residual() && l > 0) {
            Add.rows(stream, rows, into, inputs.get(0), into);
        }
    }

    /** Queues the output layer. */
    void out(Stream stream, RowSet rows, View hidden, View into) {
        Linear.forward(
                stream,
                rows,
                hidden,
                network.outWeight(),
                network.bias(network.architecture().depth()),
                null,
                Activation.IDENTITY,
                into,
                null);
    }

    @Override
    public void close() {
        owned.close();
        if (table != null) {
            table.close();
        }
    }
}
