package org.tweedie.sde;

import org.tweedie.plan.Plan;

/**
 * The reverse-time SDE with the score frozen over the step and the rest exact:
 * x_s = (alpha_s/alpha_t) x + alpha_s (integral of g^2/alpha from s to t) score + alpha_s sqrt(n_t^2 - n_s^2) z, n = sigma/alpha.
 *
 * <p>For a variance-preserving process the integral is 2 (1/alpha_t - 1/alpha_s). Chen et al., ICLR 2023, arXiv 2209.11215;
 * De Bortoli, 2022, arXiv 2208.05314. Order 1. Immutable.
 */
public record ExponentialIntegrator() implements OneStep {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        return process instanceof CldSde sde ? pairs(sde, grid) : OneStep.super.plan(process, grid);
    }

    @Override
    public Update update(Sde sde, double t, double s) {
        double as = sde.alpha(s);
        double nt = sde.noiseToSignal(t);
        double ns = sde.noiseToSignal(s);
        double integral = sde instanceof VariancePreserving
                ? 2 * (1 / sde.alpha(t) - 1 / as)
                : GaussLegendre.integral(r -> sde.diffusion(r) * sde.diffusion(r) / sde.alpha(r), s, t);
        return new Update(as / sde.alpha(t), as * integral, as * StrictMath.sqrt((nt - ns) * (nt + ns)));
    }

    /** The same of position and velocity: u_s = e^(A h) u + 2 Gamma beta (integral of e^(A r) (0, 1)) score + noise of their covariance. */
    private Plan pairs(CldSde sde, TimeGrid grid) {
        PairTrajectory trajectory = PairTrajectory.start(this, sde, grid, true);
        int first = trajectory.register("noise.x");
        int second = trajectory.register("noise.v");
        CriticalBlock block = sde.backward();
        for (int i = 0; i < grid.steps(); ++i) {
            double h = grid.t(i) - grid.s(i);
            trajectory.plan.step(grid.t(i), grid.s(i));
            trajectory.evaluate(grid.t(i), trajectory.x, trajectory.v);
            double[] push = block.push(h);
            trajectory.move(block.flow(h), CriticalBlock.cholesky(block.covariance(h)), first, second);
            trajectory.plan.combine(
                    new int[] {trajectory.x, trajectory.v},
                    new double[][] {{1, 0, block.q() * push[0]}, {0, 1, block.q() * push[1]}},
                    trajectory.x,
                    trajectory.v,
                    trajectory.score);
        }
        return trajectory.plan();
    }

    @Override
    public boolean stochastic() {
        return true;
    }

    @Override
    public String spec() {
        return "ei";
    }
}
