package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.io.Checkpoint;
import org.tweedie.kernels.Adam;
import org.tweedie.kernels.Reduce;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;

/** One network that learns: weights, their running mean, gradient and moments, on the device. For one stream. */
final class Learner {
    private final Parameters weights;
    private final Parameters mean;
    private final DeviceBuffer gradient;
    private final DeviceBuffer first;
    private final DeviceBuffer second;
    private final List<Run> trained;

    /** A run of trained elements. */
    private record Run(long at, long count) {}

    Learner(Network network, Device device, Stream stream, Closing owned) {
        Parameters start = network.parameters();
        long count = start.count();
        weights = new Parameters(start.tensors(), owned.add(device.allocate(Element.F32, count)));
        mean = new Parameters(start.tensors(), owned.add(device.allocate(Element.F32, count)));
        gradient = owned.add(device.allocate(Element.F32, count));
        first = owned.add(device.allocate(Element.F32, count));
        second = owned.add(device.allocate(Element.F32, count));
        trained = runs(start);
        stream.copy(start.values(), 0, weights.values(), 0, count);
        stream.copy(start.values(), 0, mean.values(), 0, count);
        stream.zero(first, 0, count);
        stream.zero(second, 0, count);
    }

    private static List<Run> runs(Parameters parameters) {
        List<Run> runs = new ArrayList<>();
        for (Parameters.Tensor tensor : parameters.tensors()) {
            int last = runs.size() - 1;
            if (!tensor.trained()) {
                continue;
            }
            if (last >= 0 && runs.get(last).at() + runs.get(last).count() == tensor.offset()) {
                runs.set(last, new Run(runs.get(last).at(), runs.get(last).count() + tensor.count()));
            } else {
                runs.add(new Run(tensor.offset(), tensor.count()));
            }
        }
        return runs;
    }

    Parameters weights() {
        return weights;
    }

    Parameters mean() {
        return mean;
    }

    DeviceBuffer first() {
        return first;
    }

    DeviceBuffer second() {
        return second;
    }

    DeviceBuffer gradient() {
        return gradient;
    }

    /** Sums of squares that {@link #squares} makes. */
    int parts() {
        return trained.size();
    }

    /** Queues the sums of squares of the gradient into {@code sums} from {@code at}. */
    void squares(Stream stream, RowSet one, DeviceBuffer sums, int at, DeviceBuffer scratch) {
        for (int i = 0; i < trained.size(); i++) {
            int width = Math.toIntExact(trained.get(i).count());
            Reduce.sumOfSquares(
                    stream, one, new View(gradient, trained.get(i).at(), width, width), sums, at + i, scratch);
        }
    }

    /** Queues the step. */
    void update(Stream stream, DeviceBuffer control, Adam.Rule rule) {
        for (Run run : trained) {
            Adam.update(
                    stream,
                    control,
                    run.at(),
                    run.count(),
                    weights.values(),
                    gradient,
                    first,
                    second,
                    mean.values(),
                    rule);
        }
    }

    void save(Stream stream, Checkpoint into, String name) {
        into.put(name + ".weights", download(stream, weights.values()));
        into.put(name + ".mean", download(stream, mean.values()));
        into.put(name + ".first", download(stream, first));
        into.put(name + ".second", download(stream, second));
    }

    void restore(Stream stream, Checkpoint from, String name) {
        float[][] all = {
            floats(from, name + ".weights"),
            floats(from, name + ".mean"),
            floats(from, name + ".first"),
            floats(from, name + ".second")
        };
        DeviceBuffer[] into = {weights.values(), mean.values(), first, second};
        for (int i = 0; i < into.length; i++) {
            stream.upload(all[i], 0, into[i], 0, all[i].length);
        }
    }

    private float[] floats(Checkpoint from, String name) {
        return from.floats(name, Math.toIntExact(weights.count()));
    }

    private static float[] download(Stream stream, DeviceBuffer buffer) {
        float[] values = new float[Math.toIntExact(buffer.count())];
        stream.download(buffer, 0, values, 0, values.length);
        return values;
    }
}
