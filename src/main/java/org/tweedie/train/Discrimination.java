package org.tweedie.train;

import java.util.List;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.score.Instant;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Tape;

/**
 * Telling two kinds of rows apart by least squares: the network's one output is to be the row's {@value #LABEL}, 1 or -1, and its
 * sign says the kind. Immutable, shared by threads.
 */
record Discrimination(Network network) implements Objective {
    static final String LABEL = "label";

    @Override
    public String spec() {
        return "discrimination " + network.spec() + " " + network.signature();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public Discrimination with(List<Parameters> parameters) {
        return new Discrimination(network.with(parameters.get(0)));
    }

    @Override
    public void check(Dataset data) {
        if (data.port(LABEL).width() != 1
                || data.port(Dataset.X).width() != network.signature().inputs()) {
            throw new IllegalArgumentException("a classifier of "
                    + network.signature().inputs() + " columns learns from as many and one label, got " + data.ports());
        }
    }

    @Override
    public Gradient open(Device device, int rows) {
        return new Descent(network, device, rows);
    }

    /** Forward, loss, backward. */
    private static final class Descent implements Gradient {
        private final float scale;
        private final Closing owned = new Closing();
        private final Tape tape;
        private final View out;
        private final View weight;

        Descent(Network network, Device device, int rows) {
            scale = (float) (1.0 / rows);
            try (Stream stream = device.stream()) {
                tape = owned.add(network.tape(device, rows));
                out = View.rows(owned.add(device.allocate(Element.F32, rows)), 1);
                weight = View.rows(owned.add(device.allocate(Element.F32, rows)), 1);
                float[] ones = new float[rows];
                java.util.Arrays.fill(ones, 1);
                stream.upload(ones, 0, weight.data(), 0, rows);
                stream.synchronize();
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        @Override
        public void queue(
                Stream stream,
                RowSet rows,
                Map<String, View> batch,
                List<DeviceBuffer> gradients,
                DeviceBuffer losses) {
            View x = batch.get(Dataset.X);
            View label = batch.get(LABEL);
            if (x == null || label == null) {
                throw new IllegalArgumentException("the batch has no x and label: " + batch.keySet());
            }
            tape.forward(stream, rows, List.of(x), Instant.at(0), List.of(out));
            Loss.SQUARED.gradient(stream, rows, out, label, weight, scale, out, losses);
            tape.backward(stream, rows, List.of(out), gradients.get(0), null);
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
