package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/** Steps of position and velocity by Euler and by Heun: what {@link EulerMaruyama}, {@link ProbabilityFlowEuler} and {@link Heun} write. Stateless. */
final class PairEuler {
    private PairEuler() {}

    /** u_s = u + h drift(u; t) + sqrt(2 Gamma beta h) (0, z), by the reverse SDE. */
    static Plan maruyama(Method method, CldSde sde, TimeGrid grid) {
        PairTrajectory trajectory = PairTrajectory.start(method, sde, grid, true);
        int noise = trajectory.register("noise");
        for (int i = 0; i < grid.steps(); ++i) {
            double h = grid.t(i) - grid.s(i);
            double[][] drift = trajectory.drift(2);
            trajectory.plan.step(grid.t(i), grid.s(i));
            trajectory.evaluate(grid.t(i), trajectory.x, trajectory.v);
            trajectory.plan.normal(Purpose.STEP, noise);
            trajectory.plan.combine(
                    new int[] {trajectory.x, trajectory.v},
                    new double[][] {
                        {1, h * drift[0][1], 0, 0},
                        {
                            h * drift[1][0],
                            1 + h * drift[1][1],
                            h * drift[1][2],
                            StrictMath.sqrt(2 * sde.friction() * sde.beta() * h)
                        }
                    },
                    trajectory.x,
                    trajectory.v,
                    trajectory.score,
                    noise);
        }
        return trajectory.plan();
    }

    /** u_s = u + h drift(u; t), by the probability flow. */
    static Plan flow(Method method, CldSde sde, TimeGrid grid) {
        PairTrajectory trajectory = PairTrajectory.start(method, sde, grid, false);
        for (int i = 0; i < grid.steps(); ++i) {
            trajectory.plan.step(grid.t(i), grid.s(i));
            trajectory.evaluate(grid.t(i), trajectory.x, trajectory.v);
            add(trajectory, grid.t(i) - grid.s(i), trajectory.x, trajectory.v);
        }
        return trajectory.plan();
    }

    /** The mean of the drifts at both ends, the second found by Euler; at time 0 the first alone. */
    static Plan heun(Method method, CldSde sde, TimeGrid grid) {
        PairTrajectory trajectory = PairTrajectory.start(method, sde, grid, false);
        int position = trajectory.register("predicted");
        int velocity = trajectory.register("predicted.velocity");
        double[][] drift = trajectory.drift(1);
        for (int i = 0; i < grid.steps(); ++i) {
            double h = grid.t(i) - grid.s(i);
            trajectory.plan.step(grid.t(i), grid.s(i));
            trajectory.evaluate(grid.t(i), trajectory.x, trajectory.v);
            if (grid.s(i) == 0) {
                add(trajectory, h, trajectory.x, trajectory.v);
                continue;
            }
            double half = 0.5 * h;
            trajectory.plan.combine(
                    new int[] {position, velocity, trajectory.x, trajectory.v},
                    new double[][] {
                        {1, h * drift[0][1], 0},
                        {h * drift[1][0], 1 + h * drift[1][1], h * drift[1][2]},
                        {1, half * drift[0][1], 0},
                        {half * drift[1][0], 1 + half * drift[1][1], half * drift[1][2]}
                    },
                    trajectory.x,
                    trajectory.v,
                    trajectory.score);
            trajectory.evaluate(grid.s(i), position, velocity);
            add(trajectory, half, position, velocity);
        }
        return trajectory.plan();
    }

    /** (x, v) &larr; (x, v) + h times the flow's drift at a pair, of which the score was evaluated. */
    private static void add(PairTrajectory trajectory, double h, int position, int velocity) {
        double[][] drift = trajectory.drift(1);
        trajectory.plan.combine(
                new int[] {trajectory.x, trajectory.v},
                new double[][] {{1, 0, 0, h * drift[0][1], 0}, {0, 1, h * drift[1][0], h * drift[1][1], h * drift[1][2]}
                },
                trajectory.x,
                trajectory.v,
                position,
                velocity,
                trajectory.score);
    }
}
