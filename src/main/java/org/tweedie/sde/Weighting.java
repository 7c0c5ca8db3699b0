package org.tweedie.sde;

/** lambda(t), the weight of the squared error of the score in training. Immutable. */
public enum Weighting {
    /** sigma^2: every noise level counts the same. */
    SIMPLE,
    /** g^2: the bound on the likelihood. Song, Durkan, Murray, Ermon, NeurIPS 2021, arXiv 2101.09258. */
    LIKELIHOOD,
    /** EDM's, with n = sigma/alpha and data of scale c: (n^2 + c^2)/(n c)^2 on the denoised row, sigma^2 (n^2 + c^2)/c^2 on the score. */
    EDM;

    /**
     * The weight of |score error|^2 at time t.
     *
     * @param dataScale standard deviation of the data; only {@link #EDM} reads it
     */
    public double ofScore(Sde sde, double t, double dataScale) {
        double sigma = sde.sigma(t);
        return switch (this) {
            case SIMPLE -> sigma * sigma;
            case LIKELIHOOD -> sde.diffusion(t) * sde.diffusion(t);
            case EDM -> {
                double ratio = sde.noiseToSignal(t) / dataScale;
                yield sigma * sigma * (1 + ratio * ratio);
            }
        };
    }
}
