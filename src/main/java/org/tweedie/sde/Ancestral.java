package org.tweedie.sde;

/**
 * DDPM's ancestral sampling. A variance-preserving process: x_s = (x + beta_i score)/sqrt(1 - beta_i) + sqrt(beta_i) z with
 * beta_i of {@link VariancePreserving#rate}. Any other: the posterior of x_s given x_t and the denoised row, which for a variance-exploding
 * process is x_s = x + (sigma_t^2 - sigma_s^2) score + sqrt(sigma_s^2 (sigma_t^2 - sigma_s^2)/sigma_t^2) z, and which is {@code ddim:1}.
 *
 * <p>Ho, Jain, Abbeel, 2020, arXiv 2006.11239; Song et al., ICLR 2021, arXiv 2011.13456, appendix F. Immutable.
 */
public record Ancestral() implements OneStep {
    @Override
    public Update update(Sde sde, double t, double s) {
        if (sde instanceof VariancePreserving vp) {
            double beta = vp.rate(t, s);
            double a = StrictMath.sqrt(1 - beta);
            return new Update(1 / a, beta / a, StrictMath.sqrt(beta));
        }
        return new Ddim(1).update(sde, t, s);
    }

    @Override
    public boolean stochastic() {
        return true;
    }

    @Override
    public String spec() {
        return "ancestral";
    }
}
