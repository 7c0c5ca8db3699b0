package org.tweedie.sde;

/**
 * The reverse-time SDE with the score frozen over the step and the rest exact:
 * x_s = (alpha_s/alpha_t) x + alpha_s (integral of g^2/alpha from s to t) score + alpha_s sqrt(n_t^2 - n_s^2) z, n = sigma/alpha.
 *
 * <p>For a variance-preserving process the integral is 2 (1/alpha_t - 1/alpha_s). Chen et al., ICLR 2023, arXiv 2209.11215;
 * De Bortoli, 2022, arXiv 2208.05314. Order 1. Immutable.
 */
public record ExponentialIntegrator() implements OneStep {
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

    @Override
    public boolean stochastic() {
        return true;
    }

    @Override
    public String spec() {
        return "ei";
    }
}
