package org.tweedie.sde;

import org.tweedie.plan.Plan;

/**
 * DPM-Solver++(2M): x_s = (sigma_s/sigma_t) x - alpha_s (e^{-h} - 1) ((1 + 1/(2r)) D - D_before/(2r)), r = h_before/h; the first step,
 * and a step to sigma_s = 0, is 1S. Order 2 with one evaluation a step; goes both ways.
 *
 * <p>Lu et al., 2022, arXiv 2211.01095, algorithm 2. Immutable.
 */
public record DpmSolver2M() implements Method {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, false);
        Sde sde = trajectory.sde;
        int x = trajectory.x;
        int score = trajectory.score;
        int before = trajectory.plan.register("denoised", sde.space());
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            double old = i == 0 || sde.sigma(s) == 0
                    ? 0
                    : 0.5 * (sde.logSnr(s) - sde.logSnr(t)) / (sde.logSnr(t) - sde.logSnr(grid.t(i - 1)));
            double share = DpmSolver1S.share(sde, t, s);
            double own = 1 / sde.alpha(t);
            double gain = sde.sigma(t) * sde.sigma(t) / sde.alpha(t);
            double keep = sde.sigma(s) / sde.sigma(t) + share * (1 + old) * own;
            trajectory.plan.step(t, s);
            trajectory.evaluate(t, x);
            if (i == 0) {
                trajectory.plan.combine(
                        new int[] {x, before}, new double[][] {{keep, share * gain}, {own, gain}}, x, score);
            } else {
                trajectory.plan.combine(
                        new int[] {x, before},
                        new double[][] {{keep, share * (1 + old) * gain, -share * old}, {own, gain, 0}},
                        x,
                        score,
                        before);
            }
        }
        return trajectory.plan();
    }

    @Override
    public String spec() {
        return "dpm2m";
    }

    @Override
    public GridShape shape() {
        return GridShape.LOGSNR;
    }
}
