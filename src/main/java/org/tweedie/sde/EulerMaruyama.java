package org.tweedie.sde;

import org.tweedie.plan.Plan;

/**
 * The reverse-time SDE by Euler and Maruyama: x_s = x - (f x - g^2 score) h + g sqrt(h) z, h = t - s, all at t.
 *
 * <p>Anderson 1982; Song et al., ICLR 2021, arXiv 2011.13456. Weak order 1. Immutable.
 */
public record EulerMaruyama() implements OneStep {
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        return process instanceof CldSde sde ? PairEuler.maruyama(this, sde, grid) : OneStep.super.plan(process, grid);
    }

    @Override
    public Update update(Sde sde, double t, double s) {
        double h = t - s;
        double g = sde.diffusion(t);
        return new Update(1 - sde.drift(t) * h, g * g * h, g * StrictMath.sqrt(h));
    }

    @Override
    public boolean stochastic() {
        return true;
    }

    @Override
    public String spec() {
        return "em";
    }
}
