package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * EDM's stochastic sampler: each step first raises the noise from n to n (1 + g), g = min(churn/N, sqrt 2 - 1) where n = sigma/alpha lies
 * in [least, most], by noise of scale {@code inflation}; then one step of {@link Heun}. Noise is not raised past the horizon.
 *
 * <p>Karras et al., NeurIPS 2022, arXiv 2206.00364, algorithm 2. Immutable.
 *
 * @param churn S_churn, at least 0; 0 is {@code heun}
 * @param least S_min
 * @param most S_max
 * @param inflation S_noise, above 0
 */
public record EdmChurn(double churn, double least, double most, double inflation) implements Method {
    /** S_churn alone, over all noise levels. */
    public EdmChurn(double churn) {
        this(churn, 0, Double.POSITIVE_INFINITY, 1);
    }

    public EdmChurn {
        if (!(churn >= 0 && churn < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("churn must be at least 0, got " + churn);
        }
        if (!(least >= 0 && most >= least)) {
            throw new IllegalArgumentException(
                    "churn's noise levels must satisfy 0 <= least <= most, got " + least + " and " + most);
        }
        if (!(inflation > 0 && inflation < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("inflation must be positive, got " + inflation);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        Sde sde = trajectory.sde;
        int predicted = trajectory.plan.register("predicted", sde.space());
        double top = sde.noiseToSignal(sde.horizon());
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double n = sde.noiseToSignal(t);
            double g = n < least || n > most ? 0 : StrictMath.min(churn / grid.steps(), StrictMath.sqrt(2) - 1);
            double raised = StrictMath.min(n * (1 + g), top);
            trajectory.plan.step(t, grid.s(i));
            if (raised > n) {
                double up = raised == top ? sde.horizon() : sde.timeOfNoiseToSignal(raised);
                double scale = sde.alpha(up) / sde.alpha(t);
                double noise = sde.alpha(up) * StrictMath.sqrt((raised - n) * (raised + n)) * inflation;
                trajectory.plan.normal(Purpose.STEP, trajectory.noise);
                trajectory.plan.set(trajectory.x, scale, trajectory.x, noise, trajectory.noise);
                t = up;
            }
            Heun.step(trajectory, t, grid.s(i), predicted);
        }
        return trajectory.plan();
    }

    @Override
    public String spec() {
        String all = "edm:" + Spelling.number(churn);
        if (inflation != 1) {
            return all + "," + Spelling.number(least) + "," + Spelling.number(most) + "," + Spelling.number(inflation);
        }
        return least == 0 && most == Double.POSITIVE_INFINITY
                ? all
                : all + "," + Spelling.number(least) + "," + Spelling.number(most);
    }

    @Override
    public GridShape shape() {
        return GridShape.KARRAS;
    }
}
