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
import org.tweedie.plan.Curves;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.QuantileTable;

/** Pairs of denoising score matching: a time a row, then one kernel for noise, input, target, weight and network's time. */
final class PerturbedPairs implements AutoCloseable {
    private final int group;
    private final int nodes;
    private final Closing owned = new Closing();
    private final DeviceBuffer quantile;
    private final Perturb.Table table;
    private final DeviceBuffer times;

    PerturbedPairs(DenoisingScoreMatching matching, Device device, int rows) {
        group = matching.group();
        QuantileTable ranks = QuantileTable.of(matching.parametrisation().sde(), matching.sampling());
        Curves coefficients =
                Coefficients.training(matching.parametrisation(), matching.weighting(), matching.sampling());
        nodes = ranks.nodes();
        try (Stream stream = device.stream()) {
            quantile = owned.add(device.allocate(Element.F32, ranks.values().length));
            DeviceBuffer values = owned.add(device.allocate(Element.F32, coefficients.values().length));
            table = new Perturb.Table(values, coefficients.nodes(), (float) coefficients.logFirst(), (float)
                    coefficients.inverseSpacing());
            times = owned.add(device.allocate(Element.F32, rows));
            stream.upload(ranks.values(), 0, quantile, 0, ranks.values().length);
            stream.upload(coefficients.values(), 0, values, 0, coefficients.values().length);
            stream.synchronize();
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
        Perturb.times(stream, rows, t, quantile, nodes, group, Purpose.TIME, 0);
        Perturb.run(stream, rows, x0, t, table, Purpose.NOISE, 0, new Perturb.Into(input, target, null, weight, time));
    }

    @Override
    public void close() {
        owned.close();
    }
}
