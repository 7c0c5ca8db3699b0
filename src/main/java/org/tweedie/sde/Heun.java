package org.tweedie.sde;

import org.tweedie.plan.Plan;

/**
 * The probability-flow ODE in EDM's coordinates, y = x/alpha and n = sigma/alpha, by Heun: dy/dn = (y - D)/n = -sigma score, averaged over
 * both ends of the step; by Euler where n_s = 0. Order 2, 2N evaluations; goes both ways.
 *
 * <p>Karras et al., NeurIPS 2022, arXiv 2206.00364, algorithm 1. Immutable.
 */
public record Heun() implements Method {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        if (process instanceof CldSde sde) {
            return PairEuler.heun(this, sde, grid);
        }
        Trajectory trajectory = Trajectory.start(this, process, grid, false);
        int predicted = trajectory.plan.register("predicted", trajectory.sde.space());
        for (int i = 0; i < grid.steps(); ++i) {
            trajectory.plan.step(grid.t(i), grid.s(i));
            step(trajectory, grid.t(i), grid.s(i), predicted);
        }
        return trajectory.plan();
    }

    static void step(Trajectory trajectory, double t, double s, int predicted) {
        Sde sde = trajectory.sde;
        int x = trajectory.x;
        int score = trajectory.score;
        double scale = sde.alpha(s) / sde.alpha(t);
        double way = sde.alpha(s) * (sde.noiseToSignal(t) - sde.noiseToSignal(s));
        trajectory.evaluate(t, x);
        if (sde.sigma(s) == 0) {
            trajectory.plan.set(x, scale, x, way * sde.sigma(t), score);
            return;
        }
        double half = 0.5 * way * sde.sigma(t);
        trajectory.plan.combine(new int[] {predicted, x}, new double[][] {{scale, 2 * half}, {scale, half}}, x, score);
        trajectory.evaluate(s, predicted);
        trajectory.plan.set(x, 1, x, 0.5 * way * sde.sigma(s), score);
    }

    @Override
    public String spec() {
        return "heun";
    }

    @Override
    public GridShape shape() {
        return GridShape.KARRAS;
    }
}
