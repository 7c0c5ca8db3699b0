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
import org.tweedie.plan.Curves;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.QuantileTable;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;

/** Pairs of denoising score matching: a time a row, then one kernel for noise, input, target, weight and network's time. */
final class PerturbedPairs implements AutoCloseable {
    private final int group;
    private final int nodes;
    private final Closing owned = new Closing();
    private final DeviceBuffer quantile;
    private final Perturb.Table table;
    private final DeviceBuffer times;

    PerturbedPairs(DenoisingScoreMatching matching, Device device, int rows) {
        this(
                matching.parametrisation().sde(),
                matching.sampling(),
                matching.group(),
                Coefficients.training(matching.parametrisation(), matching.weighting(), matching.sampling()),
                device,
                rows);
    }

    /** The network's inputs and times alone. */
    static PerturbedPairs inputs(Parametrisation p, TimeSampling sampling, int group, Device device, int rows) {
        Sde sde = p.sde();
        Curves coefficients =
                Coefficients.of(sde, t -> new double[] {
                    p.inputScale(t) * sde.alpha(t), p.inputScale(t) * sde.sigma(t), 0, 0, 1, p.networkTime(t)
                });
        return new PerturbedPairs(sde, sampling, group, coefficients, device, rows);
    }

    private PerturbedPairs(Sde sde, TimeSampling sampling, int group, Curves coefficients, Device device, int rows) {
        this.group = group;
        QuantileTable ranks = QuantileTable.of(sde, sampling);
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

    /** The process's time of each row, from the last {@link #queue}. */
    View times() {
        return View.rows(times, 1);
    }

    /** Queues a pair for each row, null for what is not wanted; {@code weight} and {@code time} are 1 wide. */
    void queue(
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
        Perturb.times(stream, rows, t, quantile, nodes, group, Purpose.TIME, 0);
        Perturb.run(stream, rows, x0, t, table, Purpose.NOISE, 0, new Perturb.Into(input, target, null, weight, time));
    }

    @Override
    public void close() {
        owned.close();
    }
}
