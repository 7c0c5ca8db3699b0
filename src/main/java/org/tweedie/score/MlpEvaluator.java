package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** Two hidden rows for each row, used in turn. */
final class MlpEvaluator implements Evaluator {
    private final MlpNetwork network;
    private final MlpForward forward;
    private final View[] hidden = new View[2];

    MlpEvaluator(MlpNetwork network, Device device, int rows) {
        this.network = network;
        int width = network.architecture().width();
        forward = new MlpForward(network, device, rows);
        DeviceBuffer memory = device.allocate(Element.F32, 2L * rows * width);
        hidden[0] = View.rows(memory, width);
        hidden[1] = hidden[0].from(rows);
    }

    @Override
    public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        network.signature().require(from, into);
        forward.time(stream, rows, t);
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
