package org.tweedie.sde;

/**
 * DDIM: x_s = alpha_s D + sqrt(sigma_s^2 - v) eps + sqrt(v) z, with D = (x + sigma_t^2 score)/alpha_t, eps = -sigma_t score,
 * v = eta^2 (sigma_s^2/sigma_t^2)(sigma_t^2 - (alpha_t/alpha_s)^2 sigma_s^2).
 *
 * <p>Song, Meng, Ermon, ICLR 2021, arXiv 2010.02502. Order 1. eta = 1 is the DDPM posterior. Immutable.
 *
 * @param eta 0, deterministic and both ways, to 1
 */
public record Ddim(double eta) implements OneStep {
    public Ddim {
        if (!(eta >= 0 && eta <= 1)) {
            throw new IllegalArgumentException("eta must lie between 0 and 1, got " + eta);
        }
    }

    @Override
    public Update update(Sde sde, double t, double s) {
        double at = sde.alpha(t);
        double as = sde.alpha(s);
        double st = sde.sigma(t);
        double ss = sde.sigma(s);
        double fresh = st * st - (at / as) * (at / as) * ss * ss;
        double v = eta == 0 ? 0 : eta * eta * (ss * ss / (st * st)) * fresh;
        double kept = StrictMath.sqrt(ss * ss - v);
        return new Update(as / at, as * st * st / at - kept * st, StrictMath.sqrt(v));
    }

    @Override
    public boolean stochastic() {
        return eta > 0;
    }

    @Override
    public String spec() {
        return "ddim:" + Spelling.number(eta);
    }
}
