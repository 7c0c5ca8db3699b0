package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;

/** A plan under way of position and velocity: the registers that every method has, and its start. */
final class PairTrajectory {
    /** The given register of velocities where the caller's rows are the start. */
    static final String START_VELOCITY = "start.velocity";

    final CldSde sde;
    final Plan.Writer plan = Plan.writer();
    final int x;
    final int v;
    final int score;

    private PairTrajectory(CldSde sde) {
        this.sde = sde;
        x = plan.register("x", sde.space());
        v = plan.register(CldSde.VELOCITY, sde.space());
        score = plan.register("score", sde.space());
    }

    /** Checks the grid, and writes the step that fills x and v. A stochastic method only goes towards data. */
    static PairTrajectory start(Method method, CldSde sde, TimeGrid grid, boolean stochastic) {
        Trajectory.require(method, sde, grid, stochastic);
        PairTrajectory trajectory = new PairTrajectory(sde);
        double first = grid.times()[0];
        if (first == sde.horizon()) {
            trajectory.plan.step(first, first);
            sde.prior(trajectory.plan, trajectory.x, trajectory.v);
        } else {
            int start = trajectory.plan.given("start", sde.space());
            int velocity = trajectory.plan.given(START_VELOCITY, sde.space());
            trajectory.plan.step(first, first);
            trajectory.plan.combine(
                    new int[] {trajectory.x, trajectory.v}, new double[][] {{1, 0}, {0, 1}}, start, velocity);
        }
        return trajectory;
    }

    int register(String name) {
        return plan.register(name, sde.space());
    }

    /** score &larr; the score of v at a position and velocity. */
    void evaluate(double t, int position, int velocity) {
        plan.evaluate(Sde.SCORE, new int[] {position, velocity}, Time.at(t), score);
    }

    /** The drift towards data, in x, v and the score of v: with the noise's share of the score 2, of the probability flow 1. */
    double[][] drift(double share) {
        double beta = sde.beta();
        return new double[][] {
            {0, -beta * sde.inverseMass(), 0},
            {beta, beta * sde.friction() * sde.inverseMass(), share * beta * sde.friction()}
        };
    }

    /** (x, v) &larr; what a matrix of them gives, plus L (0 or fresh normals). */
    void move(double[][] flow, double[] cholesky, int first, int second) {
        plan.normal(Purpose.STEP, first).normal(Purpose.STEP, second);
        plan.combine(
                new int[] {x, v},
                new double[][] {
                    {flow[0][0], flow[0][1], cholesky[0], 0}, {flow[1][0], flow[1][1], cholesky[1], cholesky[2]}
                },
                x,
                v,
                first,
                second);
    }

    Plan plan() {
        return plan.plan(x, v);
    }
}
