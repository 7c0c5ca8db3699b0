package org.tweedie.hitting;

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
import org.tweedie.train.Dataset;
import org.tweedie.train.Feed;
import org.tweedie.train.Regression;

/**
 * Pairs of bridges, from a cache on the device: the output of {@link HittingPairs}, walked anew every so many steps of training, of which a step takes its rows in an
 * order of its own. The cache of a refresh is a function of rows, seed and number alone.
 */
final class HittingFeed implements Feed {
    /**
     * What walks.
     *
     * @param ends rows that bridges end at
     * @param walks cached at a time
     * @param every steps of training between two refreshes
     */
    record Source(HittingPairs pairs, Dataset ends, int walks, long every, long seed) implements Feed.Source {
        @Override
        public String hash() {
            return ends.hash();
        }

        /** Everything that decides the pairs but rows, for checkpoints. */
        String spec() {
            return pairs.spec() + " " + walks + " walks every " + every + " seed " + seed;
        }

        @Override
        public Feed open(Stream stream, int batch) {
            return new HittingFeed(this, stream, batch);
        }
    }

    private final Source source;
    private final Closing owned = new Closing();
    private final Runner runner;
    private final RowSet drawn;
    private final DeviceBuffer table;
    private final View ends;
    private final DeviceBuffer pairs;
    private final View walked;
    private final View batch;
    private final Map<String, View> ports = new LinkedHashMap<>();
    private long refreshed = -1;

    private HittingFeed(Source source, Stream stream, int batch) {
        this.source = source;
        Device device = stream.device();
        int walks = source.walks();
        try {
            Program program = Program.of(source.pairs().plan(), Map.of());
            runner = owned.add(
                    Sampling.choose(program, device, false, null).execution().open(program, device, walks));
            drawn = owned.add(RowSet.on(device));
            float[] rows = source.ends().values();
            table = owned.add(device.allocate(Element.F32, rows.length));
            stream.upload(rows, 0, table, 0, rows.length);
            ends = rows(device, walks, source.ends().width());
            int width = source.pairs().domain().space().width();
            int wide = source.pairs().width();
            pairs = owned.add(
                    device.allocate(Element.F32, (long) walks * source.pairs().kept() * wide));
            walked = View.rows(pairs, source.pairs().kept() * wide);
            this.batch = rows(device, batch, wide);
            ports.put(Regression.INPUT, this.batch.columns(0, width));
            ports.put(Regression.TARGET, this.batch.columns(width, width));
            ports.put(Regression.WEIGHT, this.batch.columns(2 * width, 1));
            ports.put(Regression.TIME, this.batch.columns(2 * width + 1, 1));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View rows(Device device, int rows, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
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
        drawn.assign(stream, source.seed(), first, source.walks());
        Batch.rows(stream, drawn, table, table.count() / ends.width(), ends);
        stream.synchronize(); // steps before may still read the cache, and the walk has a stream of its own
        runner.run(new org.tweedie.execution.Batch(
                source.seed(), first, source.walks(), null, List.of(ends), List.of(walked), List.of()));
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
