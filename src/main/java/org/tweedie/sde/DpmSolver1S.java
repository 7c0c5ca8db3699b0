package org.tweedie.sde;

/**
 * DPM-Solver++(1S): x_s = (sigma_s/sigma_t) x - alpha_s (e^{-h} - 1) D, D = (x + sigma_t^2 score)/alpha_t, h the gain of ln(alpha/sigma).
 * The same numbers as {@code ddim:0}. Order 1; goes both ways.
 *
 * <p>Lu et al., 2022, arXiv 2211.01095. Immutable.
 */
public record DpmSolver1S() implements OneStep {
    @Override
    public Update update(Sde sde, double t, double s) {
        double own = share(sde, t, s) / sde.alpha(t);
        return new Update(sde.sigma(s) / sde.sigma(t) + own, own * sde.sigma(t) * sde.sigma(t), 0);
    }

    /** -alpha_s (e^{-h} - 1) = alpha_s (1 - n_s/n_t), the weight of the denoised row. */
    static double share(Sde sde, double t, double s) {
        return sde.alpha(s) * (1 - sde.noiseToSignal(s) / sde.noiseToSignal(t));
    }

    @Override
    public boolean stochastic() {
        return false;
    }

    @Override
    public String spec() {
        return "dpm1s";
    }

    @Override
    public GridShape shape() {
        return GridShape.LOGSNR;
    }
}
