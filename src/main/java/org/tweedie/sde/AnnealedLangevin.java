package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * Langevin dynamics at falling noise levels: at each time of the grid, {@code perLevel} steps x &larr; x + a score + sqrt(2a) z with
 * a = step sigma^2. Between levels x is scaled by alpha_s/alpha_t, which for a variance-exploding process is 1. A grid of one
 * time is plain Langevin dynamics.
 *
 * <p>Song, Ermon, NeurIPS 2019, arXiv 1907.05600, in the units of its code (the paper writes a/2 and sqrt(a)), except that the code's
 * step size is ours times sigma_last^2: its 2e-5 at sigma_last = 0.01 is 0.2. Immutable.
 *
 * @param perLevel steps a level, at least 1
 * @param step in units of sigma^2, above 0 and below 2, where the dynamics would diverge
 */
public record AnnealedLangevin(int perLevel, double step) implements Method {
    /** 100 steps a level, of 0.2. */
    public AnnealedLangevin() {
        this(100, 0.2);
    }

    public AnnealedLangevin {
        if (perLevel < 1) {
            throw new IllegalArgumentException("steps a level must be at least 1, got " + perLevel);
        }
        if (!(step > 0 && step < 2)) {
            throw new IllegalArgumentException(
                    "the Langevin step must lie between 0 and 2 (times sigma^2), got " + step + "; 0.2 is usual");
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        TimeGrid.requireUpdates((long) grid.times().length * perLevel);
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        Sde sde = trajectory.sde;
        double[] times = grid.times();
        if (sde.sigma(times[times.length - 1]) == 0) {
            throw new IllegalArgumentException(
                    "annealed Langevin dynamics needs noise at its last level; end at the cutoff " + sde.cutoff());
        }
        for (int i = 0; i < times.length; ++i) {
            double t = times[i];
            trajectory.plan.step(i > 0 ? times[i - 1] : t, t);
            if (i > 0) {
                trajectory.plan.set(trajectory.x, sde.alpha(t) / sde.alpha(times[i - 1]), trajectory.x);
            }
            double a = step * sde.sigma(t) * sde.sigma(t);
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
