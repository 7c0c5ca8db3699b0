package org.tweedie.sde;

import org.tweedie.plan.Plan;

/**
 * The probability-flow ODE by Euler: x_s = x - (f x - g^2 score/2) h, h = t - s, all at t. Order 1; goes both ways.
 *
 * <p>Song et al., ICLR 2021, arXiv 2011.13456. Immutable.
 */
public record ProbabilityFlowEuler() implements OneStep {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        return process instanceof CldSde sde ? PairEuler.flow(this, sde, grid) : OneStep.super.plan(process, grid);
    }

    @Override
    public Update update(Sde sde, double t, double s) {
        double h = t - s;
        double g = sde.diffusion(t);
        return new Update(1 - sde.drift(t) * h, 0.5 * g * g * h, 0);
    }

    @Override
    public boolean stochastic() {
        return false;
    }

    @Override
    public String spec() {
        return "pf";
    }
}
