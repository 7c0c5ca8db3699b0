package org.tweedie.sde;

import java.util.Locale;

/** How times are spread between T and the end of sampling. Immutable. */
public enum GridShape {
    /** Equal steps of time. */
    UNIFORM,
    /** Equal steps of log-SNR. */
    LOGSNR,
    /**
     * EDM's: equal steps of (sigma/alpha)^(1/7), the last step to 0. A process with noise left at t = 0, and a grid of one step, end at
     * the cutoff.
     */
    KARRAS;

    public TimeGrid grid(Sde sde, int steps) {
        return switch (this) {
            case UNIFORM -> TimeGrid.uniform(sde, steps);
            case LOGSNR -> TimeGrid.uniformLogSnr(sde, steps);
            case KARRAS ->
                steps > 1 && sde.sigma(0) == 0 ? TimeGrid.karras(sde, steps - 1).toZero() : TimeGrid.karras(sde, steps);
        };
    }

    /** The word in a spec. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }
}
