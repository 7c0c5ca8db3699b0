package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.Perturb;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Curves;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Instant;
import org.tweedie.score.Signature;
import org.tweedie.score.Tape;
import org.tweedie.sde.NonUniformSde;

/** Interval after interval: times, a pair for each living block, forward, the loss of each block, backward. */
final class NonUniformGradient implements Gradient {
    private static final int NODES = 2049;

    private final NonUniformMatching objective;
    private final float scale;
    private final Closing owned = new Closing();
    private final List<Interval> intervals = new ArrayList<>();
    private final DeviceBuffer more;

    /** A network with its rows. */
    private record Interval(
            DeviceBuffer quantile, Tape tape, View times, View level, View target, View out, List<Part> parts) {}

    /**
     * A block in an interval.
     *
     * @param ordinal of its noise, and its place among all blocks
     * @param column where it starts in a row of data
     * @param place where it starts in the network's output
     */
    private record Part(int ordinal, int column, int place, Perturb.Table table, View input, View weight) {
        View of(View all) {
            return all.columns(place, input.width());
        }
    }

    NonUniformGradient(NonUniformMatching objective, Device device, int rows) {
        this.objective = objective;
        scale = (float) (1.0 / rows);
        try (Stream stream = device.stream()) {
            for (int i = 0; i < objective.process().intervals(); i++) {
                intervals.add(interval(i, device, rows, stream));
            }
            more = owned.add(device.allocate(Element.F32, Math.max(1, rows)));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private Interval interval(int i, Device device, int rows, Stream stream) {
        List<Part> parts = new ArrayList<>();
        int column = 0;
        int place = 0;
        List<NonUniformSde.Block> blocks = objective.process().blocks();
        List<Integer> alive = objective.process().alive(i);
        for (int b = 0; b < blocks.size(); b++) {
            int width = blocks.get(b).width();
            if (alive.contains(b)) {
                Curves curves = objective.coefficients(i, b);
                Perturb.Table table = new Perturb.Table(
                        uploaded(curves.values(), device, stream), curves.nodes(), (float) curves.logFirst(), (float)
                                curves.inverseSpacing());
                parts.add(new Part(b, column, place, table, rows(device, rows, width), rows(device, rows, 1)));
                place += width;
            }
            column += width;
        }
        return new Interval(
                uploaded(objective.quantile(i, NODES), device, stream),
                owned.add(objective.networks().get(i).tape(device, rows)),
                rows(device, rows, 1),
                rows(device, rows, 1),
                rows(device, rows, place),
                rows(device, rows, place),
                parts);
    }

    private DeviceBuffer uploaded(float[] values, Device device, Stream stream) {
        DeviceBuffer buffer = owned.add(device.allocate(Element.F32, values.length));
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    private View rows(Device device, int rows, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) Math.max(1, rows) * width)), width);
    }

    @Override
    public String how() {
        return "f32: " + intervals.size() + " intervals, a network each, a layer at a time";
    }

    @Override
    public void queue(
            Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        View x0 = port(batch, Dataset.X);
        List<View> conditions = new ArrayList<>();
        for (Signature.Port condition : objective.conditions()) {
            conditions.add(port(batch, condition.name()));
        }
        DeviceBuffer into = losses; // the first block's, then each is added
        for (int i = 0; i < intervals.size(); i++) {
            Interval at = intervals.get(i);
            Perturb.times(stream, rows, at.times, at.quantile, NODES, objective.group(), Purpose.TIME, i);
            List<View> from = new ArrayList<>();
            for (Part part : at.parts) {
                View clean = x0.columns(part.column, part.input.width());
                View level = from.isEmpty() ? at.level : null;
                Perturb.Into pair = new Perturb.Into(part.input, part.of(at.target), null, part.weight, level);
                Perturb.run(stream, rows, clean, at.times, part.table, Purpose.NOISE, part.ordinal, pair);
                from.add(part.input);
            }
            from.addAll(conditions);
            at.tape.forward(stream, rows, from, Instant.perRow(at.level), List.of(at.out));
            for (Part part : at.parts) {
                View out = part.of(at.out);
                Loss.SQUARED.gradient(stream, rows, out, part.of(at.target), part.weight, scale, out, into);
                if (into == more) {
                    View sum = View.rows(losses, 1);
                    Add.rows(stream, rows, sum, View.rows(more, 1), sum);
                }
                into = more;
            }
            at.tape.backward(stream, rows, List.of(at.out), gradients.get(i), null);
        }
    }

    private static View port(Map<String, View> batch, String name) {
        View view = batch.get(name);
        if (view == null) {
            throw new IllegalArgumentException("the batch has no '" + name + "'");
        }
        return view;
    }

    @Override
    public void close() {
        owned.close();
    }
}
