package org.tweedie.sde;

/**
 * The forward step undone by its own discretisation: where noising makes x_t = a x_s + sqrt(q) z, sampling makes
 * x_s = (2 - a) x + q score + sqrt(q) z.
 *
 * <p>A variance-preserving process takes DDPM's a^2 = 1 - beta_i, q = beta_i, with beta_i of
 * {@link VariancePreserving#rate}; any other its exact law
 * a = alpha_t/alpha_s, q = sigma_t^2 - a^2 sigma_s^2. Song et al., ICLR 2021, arXiv 2011.13456, appendix E. Immutable.
 */
public record ReverseDiffusion() implements OneStep {
    @Override
    public Update update(Sde sde, double t, double s) {
        if (sde instanceof VariancePreserving vp) {
            double beta = vp.rate(t, s);
            return new Update(2 - StrictMath.sqrt(1 - beta), beta, StrictMath.sqrt(beta));
        }
        double a = sde.alpha(t) / sde.alpha(s);
        double q = sde.sigma(t) * sde.sigma(t) - a * a * sde.sigma(s) * sde.sigma(s);
        return new Update(2 - a, q, StrictMath.sqrt(q));
    }

    @Override
    public boolean stochastic() {
        return true;
    }

    @Override
    public String spec() {
        return "rd";
    }
}
