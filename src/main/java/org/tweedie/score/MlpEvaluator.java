package org.tweedie.score;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.kernels.host.PanelMlp;

/**
 * Two hidden rows for each row, used in turn. On the host, once the weights are known to stay, panels of rows take all layers
 * together: the same bits, sooner.
 */
final class MlpEvaluator implements Evaluator {
    private final MlpNetwork network;
    private final MlpForward forward;
    private final View[] hidden = new View[2];
    private final @Nullable PanelMlp panels;
    private boolean packed;

    MlpEvaluator(MlpNetwork network, Device device, int rows) {
        this.network = network;
        int width = network.architecture().width();
        forward = new MlpForward(network, device, rows);
        DeviceBuffer memory;
        try {
            memory = device.allocate(Element.F32, 2L * rows * width);
        } catch (RuntimeException | Error e) {
            forward.close();
            throw e;
        }
        hidden[0] = View.rows(memory, width);
        hidden[1] = hidden[0].from(rows);
        panels = device.kind() == DeviceKind.HOST
                ? PanelMlp.of(network.panelShape(), rows).orElse(null)
                : null;
    }

    @Override
    public void prepare(Stream stream, double[] times) {
        forward.prepare(stream, times);
        if (panels != null) {
            panels.pack(stream, network.parameters().values());
            packed = true;
        }
    }

    @Override
    public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        network.signature().require(from, into);
        forward.time(stream, rows, t);
        View biases = forward.biases();
        if (panels != null && packed && biases != null) {
            View outBias = network.bias(network.architecture().depth());
            panels.forward(stream, rows, from, biases, outBias, into.get(0));
            return;
        }
        List<View> current = from;
        for (int l = 0; l < network.architecture().depth(); l++) {
            View next = hidden[l % 2];
            forward.hidden(stream, rows, l, current, next, null);
            current = List.of(next);
        }
        forward.out(stream, rows, current.get(0), into.get(0));
    }

    @Override
    public void close() {
        forward.close();
        hidden[0].data().close();
    }
}
