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
import org.tweedie.sde.CldSde;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.HybridParametrisation;
import org.tweedie.sde.QuantileTable;

/**
 * Pairs of hybrid score matching by the kernel of denoising score matching, twice: x = m_x x0 + L_xx z_x and w = m_v x0 + L_vx z_x; then, with the
 * other noise, the network's velocity s (w + L_vv z_v) in the place of w, and the target z_v + c (w + L_vv z_v).
 */
final class HybridPairs implements Pairs {
    private final HybridScoreMatching matching;
    private final Closing owned = new Closing();
    private final PairTables first;
    private final Perturb.Table second;
    private final DeviceBuffer times;

    HybridPairs(HybridScoreMatching matching, Device device, int rows) {
        this.matching = matching;
        CldSde sde = matching.parametrisation().sde();
        try {
            first = owned.add(new PairTables(QuantileTable.uniform(sde), positions(), device));
            second = PairTables.table(velocities(), device, owned);
            times = owned.add(device.allocate(Element.F32, rows));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private Curves positions() {
        HybridParametrisation p = matching.parametrisation();
        return Coefficients.of(p.sde(), t -> {
            double[] mean = p.sde().mean(t);
            double[] l = p.cholesky(t);
            return new double[] {mean[0], l[0], mean[1], l[1], 0, 0};
        });
    }

    private Curves velocities() {
        HybridParametrisation p = matching.parametrisation();
        return Coefficients.of(p.sde(), t -> {
            double own = p.cholesky(t)[2];
            double scale = p.velocityScale(t);
            double c = p.targetVelocity(t);
            return new double[] {c, 1 + c * own, scale, scale * own, p.weight(matching.weighting(), t), p.networkTime(t)
            };
        });
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
        View x = input.columns(0, x0.width());
        View v = input.columns(x0.width(), x0.width());
        Perturb.times(stream, rows, t, first.quantile(), first.nodes(), matching.group(), Purpose.TIME, 0);
        Perturb.run(stream, rows, x0, t, first.table(), Purpose.NOISE, 0, new Perturb.Into(x, v, null, null, null));
        Perturb.run(stream, rows, v, t, second, Purpose.NOISE, 1, new Perturb.Into(target, v, null, weight, time));
    }

    @Override
    public void close() {
        owned.close();
    }
}
