package org.tweedie.bridge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Runner;
import org.tweedie.execution.Sampling;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.Batch;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.score.Field;
import org.tweedie.score.Network;
import org.tweedie.train.Dataset;
import org.tweedie.train.Feed;
import org.tweedie.train.Regression;

/**
 * Pairs of walks, from a cache on the device: the trace of {@link BridgePairs}, walked anew every so many steps of training, of which a step takes
 * its rows in an order of its own. The cache of a refresh is a function of seed and number alone.
 */
final class WalkFeed implements Feed {
    /**
     * What walks.
     *
     * @param rows encoded rows of which each walk takes one: its start, where the plan does not draw it, and its conditions; nothing where it
     *     takes neither
     * @param teacher the network of the walk; nothing for the reference's
     * @param walks cached at a time
     * @param every steps of training between two refreshes
     * @param precision that the walk's products may have where a device is faster by them
     */
    record Source(
            BridgeProcess bridge,
            BridgePairs pairs,
            Optional<Dataset> rows,
            Optional<Network> teacher,
            int walks,
            long every,
            long seed,
            Precision precision)
            implements Feed.Source {
        @Override
        public String hash() {
            return rows.map(Dataset::hash).orElse("normal");
        }

        FrozenConditions conditions() {
            return rows.map(FrozenConditions::of).orElse(new FrozenConditions(List.of()));
        }

        /** The walk with its conditions, tracing the pairs and, behind them, the conditions. */
        Plan plan() {
            FrozenConditions conditions = conditions();
            List<String> traced = new ArrayList<>(List.of("x", BridgePairs.TARGET));
            traced.addAll(List.of(conditions.names()));
            return conditions.steer(pairs.plan(bridge)).traced(traced.toArray(String[]::new));
        }

        /** Everything that decides the pairs but weights and rows, for checkpoints. */
        String spec() {
            return bridge.spec() + " " + pairs.walk().direction().spec() + " "
                    + pairs.walk().by().map(Matching::spec).orElse("reference") + " to "
                    + pairs.learned().spec() + (pairs.byScore() ? " by score" : "") + " " + walks + " walks every "
                    + every + " seed " + seed
                    + (conditions().ports().isEmpty()
                            ? ""
                            : " given " + List.of(conditions().names()));
        }

        @Override
        public Feed open(Stream stream, int batch) {
            return new WalkFeed(this, stream, batch);
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

    private WalkFeed(Source source, Stream stream, int batch) {
        this.source = source;
        Device device = stream.device();
        Plan plan = source.plan();
        int width = source.bridge().space().width();
        int walks = source.walks();
        try {
            Map<String, Field> fields = new HashMap<>();
            source.teacher()
                    .ifPresent(network ->
                            fields.put(source.pairs().walk().direction().spec(), network));
            Program program = Program.of(plan, fields).with(source.precision());
            runner = owned.add(
                    Sampling.choose(program, device, true, null).execution().open(program, device, walks));
            starts = owned.add(RowSet.on(device));
            for (Register given : program.givens()) {
                Dataset rows = source.rows().orElseThrow();
                tables.add(uploaded(
                        stream, rows.values(given.name().equals(BridgeWalk.START) ? Dataset.X : given.name())));
                givens.add(rows(device, walks, given.width()));
            }
            program.outputs().forEach(output -> outputs.add(rows(device, walks, width)));
            int inputs = source.conditions().signature(width).inputs();
            int wide = inputs + width + 2;
            pairs = floats(device, (long) source.bridge().sizes().count() * walks * wide);
            View cache = View.rows(pairs, wide);
            int column = 0;
            for (int register : plan.trace()) { // x, target, conditions: as one row has x, conditions, target
                Register traced = plan.registers().get(register);
                boolean target = traced.name().equals(BridgePairs.TARGET);
                trace(device, cache.columns(target ? inputs : column, traced.width()));
                column += target ? 0 : traced.width();
            }
            tell(stream, cache.columns(inputs + width, 2));
            this.batch = rows(device, batch, wide);
            ports.put(Regression.INPUT, this.batch.columns(0, inputs));
            ports.put(Regression.TARGET, this.batch.columns(inputs, width));
            ports.put(Regression.WEIGHT, this.batch.columns(inputs + width, 1));
            ports.put(Regression.TIME, this.batch.columns(inputs + width + 1, 1));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private DeviceBuffer uploaded(Stream stream, float[] values) {
        DeviceBuffer buffer = floats(stream.device(), values.length);
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    /** Traces a register of the walk into columns of the cache, step by step. */
    private void trace(Device device, View into) {
        traces.add(rows(device, source.walks(), into.width())); // of the start, which teaches nothing
        for (int j = 0; j < source.bridge().sizes().count(); j++) {
            traces.add(into.from((long) j * source.walks()));
        }
    }

    private DeviceBuffer floats(Device device, long count) {
        return owned.add(device.allocate(Element.F32, count));
    }

    private View rows(Device device, int rows, int width) {
        return View.rows(floats(device, (long) rows * width), width);
    }

    /** Writes weight and time of every pair, step by step, which no walk changes. */
    private void tell(Stream stream, View into) {
        StepSizes sizes = source.bridge().sizes();
        Direction direction = source.pairs().walk().direction();
        float[] told = new float[2 * sizes.count()];
        for (int j = 0; j < sizes.count(); j++) {
            int k = direction.place(j, sizes.count());
            told[2 * j] = (float) source.pairs().learned().weight(sizes.gamma(k));
            told[2 * j + 1] = (float) direction.other().starts(k, sizes.count());
        }
        try (DeviceBuffer steps = stream.device().allocate(Element.F32, told.length);
                RowSet walks = RowSet.on(stream.device())) {
            stream.upload(told, 0, steps, 0, told.length);
            walks.assign(stream, 0, 0, source.walks());
            for (int j = 0; j < sizes.count(); j++) {
                View step = into.from((long) j * source.walks());
                Activations.forward(stream, walks, View.shared(steps, 2L * j, 2), Activation.IDENTITY, step); // a copy
            }
            stream.synchronize();
        }
    }

    @Override
    public Map<String, View> ports() {
        return ports;
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
