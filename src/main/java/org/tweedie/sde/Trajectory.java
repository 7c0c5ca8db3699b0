package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/** A plan under way: the registers that every method has, and its start. */
final class Trajectory {
    final Sde sde;
    final Plan.Writer plan = Plan.writer();
    final int x;
    final int score;

    /** Fresh normals; -1 for a deterministic method. */
    final int noise;

    private Trajectory(Sde sde, boolean stochastic) {
        this.sde = sde;
        x = plan.register("x", sde.space());
        score = plan.register("score", sde.space());
        noise = stochastic ? plan.register("noise", sde.space()) : -1;
    }

    /** Checks the process and the grid, and writes the step that fills x. A stochastic method only goes towards data. */
    static Trajectory start(Method method, Noising process, TimeGrid grid, boolean stochastic) {
        if (process instanceof FlexibleSde) {
            throw FlexibleTrajectory.unknown(method);
        }
        if (!(process instanceof Sde sde)) {
            throw new IllegalArgumentException("method " + method.spec() + " moves rows alone, and " + process.spec()
                    + " carries a velocity beside each; take em, ei, pf, heun or sscs");
        }
        require(method, sde, grid, stochastic);
        Trajectory trajectory = new Trajectory(sde, stochastic);
        double first = grid.times()[0];
        if (first == sde.horizon()) {
            trajectory.plan.step(first, first);
            sde.prior(trajectory.plan, trajectory.x);
        } else {
            int start = trajectory.plan.given("start", sde.space());
            trajectory.plan.step(first, first).set(trajectory.x, 1, start);
        }
        return trajectory;
    }

    /** Refuses a grid that the method cannot go along. */
    static void require(Method method, Noising process, TimeGrid grid, boolean stochastic) {
        if (stochastic && !grid.falls()) {
            throw new IllegalArgumentException("method " + method.spec()
                    + " draws noise, so its grid must fall; to encode, use ddim:0," + " heun or dpm2m");
        }
        for (double t : grid.times()) {
            if (t > process.horizon()) {
                throw new IllegalArgumentException("time " + t + " of the grid is past the horizon " + process.horizon()
                        + " of " + process.spec());
            }
        }
        for (int i = 0; i < grid.steps(); ++i) {
            if (grid.t(i) == 0) {
                throw new IllegalArgumentException(
                        "a step cannot start at time 0, where the score is singular; start at the cutoff "
                                + process.cutoff());
            }
        }
    }

    /** score &larr; the score of x at t. */
    void evaluate(double t, int at) {
        plan.evaluate(Sde.SCORE, t, at, score);
    }

    /** x &larr; a x + b score + c z, z fresh. */
    void update(OneStep.Update update, Purpose purpose) {
        if (update.noise() == 0) {
            plan.set(x, update.x(), x, update.score(), score);
        } else {
            plan.normal(purpose, noise).set(x, update.x(), x, update.score(), score, update.noise(), noise);
        }
    }

    Plan plan() {
        return plan.plan(x);
    }
}
