package org.tweedie.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Program;
import org.tweedie.execution.Runner;
import org.tweedie.execution.Sampling;
import org.tweedie.kernels.Batch;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Register;

/**
 * Pairs of walks, from a cache on the device: the trace of a plan, walked anew every so many steps of training, of which a step takes its rows in an
 * order of its own. The cache of a refresh is a function of seed and number alone. For one thread at a time, that of its stream.
 */
public final class TraceFeed implements Feed {
    /**
     * What walks. Immutable but for its arrays, which nobody may change.
     *
     * @param program whose plan traces the network's inputs, in order, and last the target; its last steps teach
     * @param start rows that walks start from, encoded, the plan's one given register; nothing where the plan draws its start
     * @param weights of each step that teaches, in order
     * @param times that the network is told, of each step that teaches
     * @param walks cached at a time
     * @param every steps of training between two refreshes
     */
    public record Source(
            Program program, Optional<Dataset> start, float[] weights, float[] times, int walks, long every, long seed)
            implements Feed.Source {
        /** @throws IllegalArgumentException if no step teaches, or the plan traces anything but a pair */
        public Source {
            int steps = program.plan().steps().size();
            if (weights.length < 1 || weights.length > steps || times.length != weights.length) {
                throw new IllegalArgumentException("1 to " + steps + " steps of the plan teach, got " + weights.length
                        + " weights and " + times.length + " times");
            }
            if (program.traced().size() < 2) {
                throw new IllegalArgumentException("pairs are a trace of inputs and a target, got " + program.traced());
            }
        }

        @Override
        public String hash() {
            return start.map(Dataset::hash).orElse("normal");
        }

        @Override
        public Feed open(Stream stream, int batch) {
            return new TraceFeed(this, stream, batch);
        }
    }

    private final Source source;
    private final Closing owned = new Closing();
    private final Runner runner;
    private final RowSet starts;
    private final List<View> givens = new ArrayList<>();
    private final List<View> outputs = new ArrayList<>();
    private final List<View> traces = new ArrayList<>();
    private final DeviceBuffer table;
    private final List<DeviceBuffer> cached = new ArrayList<>();
    private final List<View> drawn = new ArrayList<>();
    private final DeviceBuffer told;
    private final View weightAndTime;
    private final Map<String, View> ports = new LinkedHashMap<>();
    private long refreshed = -1;

    private TraceFeed(Source source, Stream stream, int batch) {
        this.source = source;
        Device device = stream.device();
        Program program = source.program();
        int steps = source.weights().length;
        int walks = source.walks();
        try {
            runner = owned.add(
                    Sampling.choose(program, device, true, null).execution().open(program, device, walks));
            starts = owned.add(RowSet.on(device));
            float[] rows = source.start().map(Dataset::values).orElse(new float[0]);
            table = floats(device, Math.max(1, rows.length));
            stream.upload(rows, 0, table, 0, rows.length);
            program.givens().forEach(given -> givens.add(rows(device, walks, given.width())));
            program.outputs().forEach(output -> outputs.add(rows(device, walks, output.width())));
            List<Register> traced = program.traced();
            int last = traced.size() - 1;
            int width = traced.stream().limit(last).mapToInt(Register::width).sum();
            View input = rows(device, batch, width);
            View target = rows(device, batch, traced.get(last).width());
            int column = 0;
            for (Register register : traced) {
                int wide = register.width();
                DeviceBuffer into = floats(device, (long) steps * walks * wide);
                cached.add(into);
                drawn.add(drawn.size() == last ? target : input.columns(column, wide));
                column += wide;
                View unread = rows(device, walks, wide);
                for (int j = steps; j < program.plan().steps().size(); j++) {
                    traces.add(unread);
                }
                for (int j = 0; j < steps; j++) {
                    traces.add(new View(into, (long) j * walks * wide, wide, wide));
                }
            }
            float[] tolds = tolds(source);
            told = floats(device, tolds.length);
            stream.upload(tolds, 0, told, 0, tolds.length);
            weightAndTime = rows(device, batch, 2);
            ports.put(Regression.INPUT, input);
            ports.put(Regression.TARGET, target);
            ports.put(Regression.WEIGHT, weightAndTime.columns(0, 1));
            ports.put(Regression.TIME, weightAndTime.columns(1, 1));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private DeviceBuffer floats(Device device, long count) {
        return owned.add(device.allocate(Element.F32, count));
    }

    private View rows(Device device, int rows, int width) {
        return View.rows(floats(device, (long) rows * width), width);
    }

    /** Weight and time of every pair, in the order of the cache: step by step. */
    private static float[] tolds(Source source) {
        float[] tolds = new float[2 * source.weights().length * source.walks()];
        for (int i = 0; i < tolds.length / 2; i++) {
            tolds[2 * i] = source.weights()[i / source.walks()];
            tolds[2 * i + 1] = source.times()[i / source.walks()];
        }
        return tolds;
    }

    @Override
    public Map<String, View> ports() {
        return ports;
    }

    @Override
    public void prepare(Stream stream, long step) {
        long wanted = (step - 1) / source.every();
        if (wanted == refreshed) {
            return;
        }
        long first = wanted * source.walks();
        if (!givens.isEmpty()) {
            starts.assign(stream, source.seed(), first, source.walks());
            int width = givens.get(0).width();
            Batch.rows(stream, starts, table, table.count() / width, givens.get(0));
        }
        stream.synchronize(); // steps before may still read the cache, and the walk has a stream of its own
        runner.run(
                new org.tweedie.execution.Batch(source.seed(), first, source.walks(), null, givens, outputs, traces));
        refreshed = wanted;
    }

    @Override
    public void queue(Stream stream, RowSet rows) {
        long pairs = (long) source.weights().length * source.walks();
        for (int i = 0; i < drawn.size(); i++) {
            Batch.rows(stream, rows, cached.get(i), pairs, drawn.get(i));
        }
        Batch.rows(stream, rows, told, pairs, weightAndTime);
    }

    @Override
    public void close() {
        owned.close();
    }
}
