package org.tweedie.sde;

import org.tweedie.plan.Plan;

/**
 * The symmetric splitting sampler of critically damped Langevin diffusion: half a step of the pair swinging in its prior, which is a Gaussian
 * in closed form, a whole step of what the score adds, v &larr; v + 2 Gamma beta h (score + v/M), and the other half of the first.
 *
 * <p>Dockhorn, Vahdat, Kreis, ICLR 2022, arXiv 2112.07068. By Euler order 1, as printed there; by the midpoint, with two evaluations, order 2.
 * Immutable.
 *
 * @param midpoint whether the score's step is by the midpoint rule
 */
public record Sscs(boolean midpoint) implements Method {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        if (!(process instanceof CldSde sde)) {
            throw new IllegalArgumentException("method " + spec() + " moves positions with velocities; "
                    + process.spec() + " has none: train with cld, or take em");
        }
        PairTrajectory trajectory = PairTrajectory.start(this, sde, grid, true);
        int[] noises = {trajectory.register("noise.x"), trajectory.register("noise.v")};
        int middle = midpoint ? trajectory.register("middle") : trajectory.v;
        double strength = 2 * sde.friction() * sde.beta();
        for (int i = 0; i < grid.steps(); ++i) {
            double h = grid.t(i) - grid.s(i);
            double[][] flow = sde.swing().flow(h / 2);
            double[] cholesky = CriticalBlock.cholesky(sde.swing().covariance(h / 2));
            trajectory.plan.step(grid.t(i), grid.s(i));
            trajectory.move(flow, cholesky, noises[0], noises[1]);
            trajectory.evaluate(grid.t(i), trajectory.x, trajectory.v);
            if (midpoint) {
                force(trajectory, middle, strength * h / 2, trajectory.v);
                trajectory.evaluate(0.5 * (grid.t(i) + grid.s(i)), trajectory.x, middle);
            }
            force(trajectory, trajectory.v, strength * h, middle);
            trajectory.move(flow, cholesky, noises[0], noises[1]);
        }
        return trajectory.plan();
    }

    /** into &larr; v + c (score + at/M). */
    private static void force(PairTrajectory trajectory, int into, double c, int at) {
        trajectory.plan.set(into, 1, trajectory.v, c, trajectory.score, c * trajectory.sde.inverseMass(), at);
    }

    @Override
    public String spec() {
        return midpoint ? "sscs:midpoint" : "sscs";
    }
}
