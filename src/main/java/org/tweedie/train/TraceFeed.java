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
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
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
     * @param rows encoded, of which walks draw one each for the plan's given registers: the port of a register's name, x where there is none; nothing where
     *     the plan is given nothing
     * @param weights of each step that teaches, in order
     * @param times that the network is told, of each step that teaches
     * @param walks cached at a time
     * @param every steps of training between two refreshes
     */
    public record Source(
            Program program, Optional<Dataset> rows, float[] weights, float[] times, int walks, long every, long seed)
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
            return rows.map(Dataset::hash).orElse("normal");
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
    private final List<DeviceBuffer> tables = new ArrayList<>();
    private final DeviceBuffer pairs;
    private final View batch;
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
            for (Register given : program.givens()) {
                tables.add(uploaded(stream, values(source.rows().orElseThrow(), given.name())));
                givens.add(rows(device, walks, given.width()));
            }
            program.outputs().forEach(output -> outputs.add(rows(device, walks, output.width())));
            int target = program.traced().get(program.traced().size() - 1).width();
            int wide = program.traced().stream().mapToInt(Register::width).sum() + 2;
            int inputs = wide - 2 - target;
            pairs = floats(device, (long) steps * walks * wide);
            View cache = View.rows(pairs, wide);
            int column = 0;
            for (Register register : program.traced()) {
                trace(device, cache.columns(column, register.width()));
                column += register.width();
            }
            tell(stream, cache.columns(column, 2));
            this.batch = rows(device, batch, wide);
            ports.put(Regression.INPUT, this.batch.columns(0, inputs));
            ports.put(Regression.TARGET, this.batch.columns(inputs, target));
            ports.put(Regression.WEIGHT, this.batch.columns(column, 1));
            ports.put(Regression.TIME, this.batch.columns(column + 1, 1));
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

    private static float[] values(Dataset rows, String name) {
        return rows.values(rows.ports().stream().anyMatch(port -> port.name().equals(name)) ? name : Dataset.X);
    }

    private DeviceBuffer uploaded(Stream stream, float[] values) {
        DeviceBuffer buffer = floats(stream.device(), values.length);
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    /** Traces a register of the walk into columns of the cache, step by step of those that teach. */
    private void trace(Device device, View into) {
        int steps = source.weights().length;
        View unread = rows(device, source.walks(), into.width());
        for (int j = steps; j < source.program().plan().steps().size(); j++) {
            traces.add(unread);
        }
        for (int j = 0; j < steps; j++) {
            traces.add(into.from((long) j * source.walks()));
        }
    }

    /** Writes weight and time of every pair, step by step, which no walk changes. */
    private void tell(Stream stream, View into) {
        int steps = source.weights().length;
        float[] told = new float[2 * steps];
        for (int j = 0; j < steps; j++) {
            told[2 * j] = source.weights()[j];
            told[2 * j + 1] = source.times()[j];
        }
        try (DeviceBuffer each = stream.device().allocate(Element.F32, told.length);
                RowSet walks = RowSet.on(stream.device())) {
            stream.upload(told, 0, each, 0, told.length);
            walks.assign(stream, 0, 0, source.walks());
            for (int j = 0; j < steps; j++) {
                View step = into.from((long) j * source.walks());
                Activations.forward(stream, walks, View.shared(each, 2L * j, 2), Activation.IDENTITY, step); // a copy
            }
            stream.synchronize();
        }
    }

    @Override
    public Optional<Table> table() {
        return Optional.of(new Table(pairs, pairs.count() / batch.width(), batch.width()));
    }

    @Override
    public long served(long step) {
        return ((step - 1) / source.every() + 1) * source.every();
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
        starts.assign(stream, source.seed(), first, source.walks());
        for (int i = 0; i < givens.size(); i++) { // the same row of all tables
            long rows = tables.get(i).count() / givens.get(i).width();
            Batch.rows(stream, starts, tables.get(i), rows, givens.get(i));
        }
        stream.synchronize(); // steps before may still read the cache, and the walk has a stream of its own
        runner.run(
                new org.tweedie.execution.Batch(source.seed(), first, source.walks(), null, givens, outputs, traces));
        refreshed = wanted;
    }

    @Override
    public void queue(Stream stream, RowSet rows) {
        Batch.rows(stream, rows, pairs, pairs.count() / batch.width(), batch);
    }

    @Override
    public void close() {
        owned.close();
    }
}
