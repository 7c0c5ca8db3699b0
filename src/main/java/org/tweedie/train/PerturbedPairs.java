package org.tweedie.train;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Perturb;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.TimeSampling;

/** Pairs of denoising score matching: a time a row, then one kernel for noise, input, target, weight and network's time. */
final class PerturbedPairs implements Pairs {
    private final int group;
    private final Closing owned = new Closing();
    private final PairTables tables;
    private final DeviceBuffer times;

    PerturbedPairs(DenoisingScoreMatching matching, Device device, int rows) {
        this(new PairTables(matching, device), matching.group(), device, rows);
    }

    /** The network's inputs and times alone. */
    static PerturbedPairs inputs(Parametrisation p, TimeSampling sampling, int group, Device device, int rows) {
        return new PerturbedPairs(PairTables.inputs(p, sampling, device), group, device, rows);
    }

    private PerturbedPairs(PairTables tables, int group, Device device, int rows) {
        this.tables = owned.add(tables);
        this.group = group;
        try {
            times = owned.add(device.allocate(Element.F32, rows));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** The process's time of each row, from the last {@link #queue}. */
    View times() {
        return View.rows(times, 1);
    }

    @Override
    public void queue(
            Stream stream,
            RowSet rows,
            Map<String, View> batch,
            View input,
            @Nullable View target,
            @Nullable View weight,
            View time) {
        View t = View.rows(times, 1);
        View x0 = batch.get(Dataset.X);
        if (x0 == null) {
            throw new IllegalArgumentException("the batch has no '" + Dataset.X + "'");
        }
        Perturb.times(stream, rows, t, tables.quantile(), tables.nodes(), group, Purpose.TIME, 0);
        Perturb.run(
                stream,
                rows,
                x0,
                t,
                tables.table(),
                Purpose.NOISE,
                0,
                new Perturb.Into(input, target, null, weight, time));
    }

    @Override
    public void follow(Stream stream, DenoisingScoreMatching matching) {
        tables.follow(stream, matching);
    }

    @Override
    public void close() {
        owned.close();
    }
}
