package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/** A method that evaluates the score once a step and is linear in it: x_s = a x_t + b score(x_t; t) + c z. Immutable. */
public interface OneStep extends Method {
    /** The step from t to s. */
    Update update(Sde sde, double t, double s);

    /** Whether the method draws noise on its way. */
    boolean stochastic();

    @Override
    default Plan plan(Noising process, TimeGrid grid) {
        if (process instanceof FlexibleSde flexible) {
            return FlexibleTrajectory.plan(this, flexible, grid);
        }
        Trajectory trajectory = Trajectory.start(this, process, grid, stochastic());
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            trajectory.plan.step(t, s);
            trajectory.evaluate(t, trajectory.x);
            trajectory.update(update(trajectory.sde, t, s), Purpose.STEP);
        }
        return trajectory.plan();
    }

    /** The factors of x, score and noise. */
    record Update(double x, double score, double noise) {}
}
