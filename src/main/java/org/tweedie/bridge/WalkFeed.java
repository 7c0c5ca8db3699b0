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
    private final List<Cached> cache = new ArrayList<>();
    private final Map<String, View> ports = new LinkedHashMap<>();
    private long refreshed = -1;

    /** Numbers of every pair, step by step of the walks, and where those of a batch go. */
    private record Cached(DeviceBuffer pairs, View batch) {}

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
            for (int register : plan.trace()) {
                trace(device, plan.registers().get(register), batch);
            }
            View told = rows(device, batch, 2);
            cache.add(new Cached(uploaded(stream, tolds(source)), told));
            ports.put(Regression.WEIGHT, told.columns(0, 1));
            ports.put(Regression.TIME, told.columns(1, 1));
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

    /** A register of the walk as numbers of the pairs. */
    private void trace(Device device, Register register, int batch) {
        int width = register.width();
        int walks = source.walks();
        int steps = source.bridge().sizes().count();
        Cached cached = new Cached(floats(device, (long) steps * walks * width), rows(device, batch, width));
        traces.add(rows(device, walks, width)); // of the start, which teaches nothing
        for (int j = 0; j < steps; j++) {
            traces.add(new View(cached.pairs(), (long) j * walks * width, width, width));
        }
        cache.add(cached);
        ports.put(register.name().equals("x") ? Regression.INPUT : register.name(), cached.batch());
    }

    private DeviceBuffer floats(Device device, long count) {
        return owned.add(device.allocate(Element.F32, count));
    }

    private View rows(Device device, int rows, int width) {
        return View.rows(floats(device, (long) rows * width), width);
    }

    /** Weight and time of every pair, in the order of the cache: step by step. */
    private static float[] tolds(Source source) {
        StepSizes sizes = source.bridge().sizes();
        Direction direction = source.pairs().walk().direction();
        float[] tolds = new float[2 * sizes.count() * source.walks()];
        for (int j = 0; j < sizes.count(); j++) {
            int k = direction.place(j, sizes.count());
            float weight = (float) source.pairs().learned().weight(sizes.gamma(k));
            float time = (float) direction.other().starts(k, sizes.count());
            for (int i = j * source.walks(); i < (j + 1) * source.walks(); i++) {
                tolds[2 * i] = weight;
                tolds[2 * i + 1] = time;
            }
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
        long pairs = (long) source.bridge().sizes().count() * source.walks();
        for (Cached cached : cache) { // the same pairs of all
            Batch.rows(stream, rows, cached.pairs(), pairs, cached.batch());
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
