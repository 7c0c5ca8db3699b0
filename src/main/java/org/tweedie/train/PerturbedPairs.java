package org.tweedie.train;

import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Perturb;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;

/** Pairs of denoising score matching: a time a row, then one kernel for noise, input, target, weight and network's time. */
final class PerturbedPairs implements AutoCloseable {
    private final int group;
    private final Closing owned = new Closing();
    private final PairTables tables;
    private final DeviceBuffer times;

    PerturbedPairs(DenoisingScoreMatching matching, Device device, int rows) {
        group = matching.group();
        try {
            tables = owned.add(new PairTables(matching, device));
            times = owned.add(device.allocate(Element.F32, rows));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** Queues a pair for each row; {@code weight} and {@code time} are 1 wide. */
    void queue(Stream stream, RowSet rows, Map<String, View> batch, View input, View target, View weight, View time) {
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
    public void close() {
        owned.close();
    }
}
