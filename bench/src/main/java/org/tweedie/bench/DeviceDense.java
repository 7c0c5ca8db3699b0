package org.tweedie.bench;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** A {@link Dense} network on a Tweedie device, layer by layer through the kernel library. Owns its buffers; one thread. */
final class DeviceDense implements AutoCloseable {
    private final List<DeviceBuffer> buffers = new ArrayList<>();
    private final List<Matrix> weights = new ArrayList<>();
    private final List<View> biases = new ArrayList<>();
    private final List<View> outputs = new ArrayList<>();
    private final Stream stream;

    DeviceDense(Stream stream, Dense network, int rows) {
        this.stream = stream;
        Device device = stream.device();
        for (int layer = 0; layer < network.layers(); layer++) {
            int in = network.widths()[layer];
            int out = network.widths()[layer + 1];
            float[] inputMajor = new float[in * out];
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    inputMajor[i * out + o] = network.weights()[layer][o * in + i];
                }
            }
            weights.add(new Matrix(upload(device, inputMajor), 0, in, out));
            biases.add(View.shared(upload(device, network.biases()[layer]), 0, out));
            outputs.add(View.rows(keep(device.allocate(Element.F32, (long) rows * out)), out));
        }
    }

    /** Queues the network on the rows of {@code x}; the answer lies in {@link #output}. */
    void forward(RowSet rows, View x) {
        View h = x;
        for (int layer = 0; layer < weights.size(); layer++) {
            Activation activation = layer == weights.size() - 1 ? Activation.IDENTITY : Activation.SILU;
            Linear.forward(stream, rows, h, weights.get(layer), biases.get(layer), null, activation, outputs.get(layer), null);
            h = outputs.get(layer);
        }
    }

    View output() {
        return outputs.get(outputs.size() - 1);
    }

    private DeviceBuffer upload(Device device, float[] values) {
        DeviceBuffer buffer = keep(device.allocate(Element.F32, values.length));
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    private DeviceBuffer keep(DeviceBuffer buffer) {
        buffers.add(buffer);
        return buffer;
    }

    @Override
    public void close() {
        buffers.forEach(DeviceBuffer::close);
    }
}
