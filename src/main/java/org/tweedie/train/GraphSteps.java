package org.tweedie.train;

import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Graph;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Adam;
import org.tweedie.kernels.Reduce;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** A step captured once and replayed; its number is read from device memory. */
final class GraphSteps implements Steps {
    /** Steps between two looks at the device. */
    private static final int LOOK = 32;

    private final TrainSpec spec;
    private final Closing owned = new Closing();
    private final DeviceBuffer control;
    private final RowSet rows;
    private final Feed feed;
    private final Gradient gradient;
    private final Graph graph;

    /** @param feed owned by this from now on */
    GraphSteps(
            Objective objective,
            TrainSpec spec,
            Feed feed,
            List<Learner> learners,
            DeviceBuffer control,
            DeviceBuffer history,
            Stream stream) {
        this.spec = spec;
        this.feed = owned.add(feed);
        this.control = control;
        Device device = stream.device();
        try {
            rows = owned.add(RowSet.on(device));
            RowSet one = owned.add(RowSet.on(device));
            one.assign(stream, 0, 0, 1);
            gradient = owned.add(
                    objective.open(device, spec.batch(), spec.precision().orElse(Precision.BF16)));
            int parts = learners.stream().mapToInt(Learner::parts).sum();
            DeviceBuffer sums = floats(device, 1L + parts);
            DeviceBuffer losses = floats(device, spec.batch());
            DeviceBuffer scratch = owned.add(Reduce.scratch(device));
            List<DeviceBuffer> gradients =
                    learners.stream().map(Learner::gradient).toList();
            graph = owned.add(stream.capture(() -> {
                feed.queue(stream, rows);
                gradient.queue(stream, rows, feed.ports(), gradients, losses);
                Reduce.sum(stream, rows, View.rows(losses, 1), sums, 0, scratch);
                int at = 1;
                for (Learner learner : learners) {
                    learner.squares(stream, one, sums, at, scratch);
                    at += learner.parts();
                }
                Adam.judge(stream, control, sums, parts, 1.0 / spec.batch(), spec.clip(), history);
                for (Learner learner : learners) {
                    learner.update(stream, control, spec.rule());
                }
            }));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private DeviceBuffer floats(Device device, long count) {
        return owned.add(device.allocate(Element.F32, count));
    }

    @Override
    public String products() {
        return gradient.products();
    }

    @Override
    public String how() {
        return gradient.how();
    }

    @Override
    public int atOnce(long first) {
        return 1;
    }

    @Override
    public int look() {
        return LOOK;
    }

    @Override
    public void queue(Stream stream, long first, int count) {
        for (long k = first; k < first + count; k++) {
            feed.prepare(stream, k);
            gradient.prepare(stream, k);
            rows.assign(stream, spec.seed(), (k - 1) * spec.batch(), spec.batch());
            Adam.assign(stream, control, k, spec.rate(k), spec.towards(k), spec.rule());
            stream.launch(graph);
        }
    }

    @Override
    public void follow(Stream stream, Objective objective) {
        feed.follow(objective);
        gradient.follow(stream, objective);
    }

    @Override
    public void waited() {}

    @Override
    public void close() {
        owned.close();
    }
}
