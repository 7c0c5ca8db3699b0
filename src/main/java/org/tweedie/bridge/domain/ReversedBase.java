package org.tweedie.bridge.domain;

import org.tweedie.sde.Sde;

/**
 * A noising process run backward as the base of bridges: with time t = T - s, h = -f and sigma = g, so that m = 1/alpha and v = (sigma/alpha)^2 of time s. The bridge
 * to x is the noising of x reversed, N(alpha x, sigma^2 I) at time s, and a model of bridges is score-based generative modelling (SMLD for VE, DDPM for VP).
 * Immutable.
 */
public record ReversedBase(Sde sde) implements BridgeBase {
    @Override
    public double horizon() {
        return sde.horizon();
    }

    private double noising(double t) {
        return sde.horizon() - t;
    }

    @Override
    public double drift(double t) {
        return -sde.drift(noising(t));
    }

    @Override
    public double rate(double t) {
        double g = sde.diffusion(noising(t));
        return g * g;
    }

    @Override
    public double carry(double t) {
        return 1 / sde.alpha(noising(t));
    }

    @Override
    public double left(double t) {
        double ratio = sde.noiseToSignal(noising(t));
        return ratio * ratio;
    }

    @Override
    public double toward() {
        return sde.alpha(sde.horizon());
    }

    @Override
    public double spread() {
        return sde.sigma(sde.horizon());
    }

    @Override
    public double priorDeviation() {
        return sde.priorDeviation();
    }

    /** {@code reversed vp:0.1,20}. */
    @Override
    public String spec() {
        return "reversed " + sde.spec();
    }
}
