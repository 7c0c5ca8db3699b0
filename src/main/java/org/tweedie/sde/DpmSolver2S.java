package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * DPM-Solver++(2S): x_s = (sigma_s/sigma_t) x - alpha_s (e^{-h} - 1) D_m, with the denoised row D_m taken at the middle of the step in
 * ln(alpha/sigma), reached by 1S; a step to sigma_s = 0 is 1S. Order 2, 2N evaluations; goes both ways.
 *
 * <p>Lu et al., 2022, arXiv 2211.01095, algorithm 1 with r = 1/2. Immutable.
 */
public record DpmSolver2S() implements Method {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, false);
        Sde sde = trajectory.sde;
        int x = trajectory.x;
        int score = trajectory.score;
        int middle = trajectory.plan.register("middle", sde.space());
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            trajectory.plan.step(t, s);
            trajectory.evaluate(t, x);
            if (sde.sigma(s) == 0) {
                trajectory.update(new DpmSolver1S().update(sde, t, s), Purpose.STEP);
                continue;
            }
            double m = sde.timeOfLogSnr(0.5 * (sde.logSnr(t) + sde.logSnr(s)));
            OneStep.Update half = new DpmSolver1S().update(sde, t, m);
            trajectory.plan.set(middle, half.x(), x, half.score(), score);
            trajectory.evaluate(m, middle);
            double own = DpmSolver1S.share(sde, t, s) / sde.alpha(m);
            trajectory.plan.set(
                    x, sde.sigma(s) / sde.sigma(t), x, own, middle, own * sde.sigma(m) * sde.sigma(m), score);
        }
        return trajectory.plan();
    }

    @Override
    public String spec() {
        return "dpm2s";
    }

    @Override
    public GridShape shape() {
        return GridShape.LOGSNR;
    }
}
