package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * Langevin dynamics at falling noise levels: at each time of the grid, {@code perLevel} steps x &larr; x + a score + sqrt(2a) z with
 * a = step sigma^2/sigma_last^2. Between levels x is scaled by alpha_s/alpha_t, which for a variance-exploding process is 1. A grid of one
 * time is plain Langevin dynamics.
 *
 * <p>Song, Ermon, NeurIPS 2019, arXiv 1907.05600, in the units of its code: the paper writes a/2 and sqrt(a).
 *
 * @param perLevel steps a level, at least 1
 * @param step the step at the last level, above 0
 */
public record AnnealedLangevin(int perLevel, double step) implements Method {
    /** 100 steps a level, of 2e-5 at the last. */
    public AnnealedLangevin() {
        this(100, 2e-5);
    }

    public AnnealedLangevin {
        if (perLevel < 1) {
            throw new IllegalArgumentException("steps a level must be at least 1, got " + perLevel);
        }
        if (!(step > 0 && step < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the Langevin step must be positive, got " + step);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        Sde sde = trajectory.sde;
        double[] times = grid.times();
        double last = sde.sigma(times[times.length - 1]);
        if (last == 0) {
            throw new IllegalArgumentException("annealed Langevin dynamics needs noise at its last level; end at the cutoff " + sde.cutoff());
        }
        for (int i = 0; i < times.length; ++i) {
            double t = times[i];
            trajectory.plan.step(i > 0 ? times[i - 1] : t, t);
            if (i > 0) {
                trajectory.plan.set(trajectory.x, sde.alpha(t) / sde.alpha(times[i - 1]), trajectory.x);
            }
            double a = step * (sde.sigma(t) / last) * (sde.sigma(t) / last);
            for (int k = 0; k < perLevel; ++k) {
                trajectory.evaluate(t, trajectory.x);
                trajectory.update(new OneStep.Update(1, a, StrictMath.sqrt(2 * a)), Purpose.CORRECTOR);
            }
        }
        return trajectory.plan();
    }

    @Override
    public String spec() {
        return "ald:" + perLevel + "," + Spelling.number(step);
    }

    @Override
    public GridShape shape() {
        return GridShape.LOGSNR;
    }
}
