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
    KARRAS,
    /** Equal steps of the square root of the time above the cutoff: small ones where the data are near. */
    QUADRATIC;

    /**
     * The grid of so many steps.
     *
     * @throws IllegalArgumentException if it is one of noise levels, and the process has none
     */
    public TimeGrid grid(Noising process, int steps) {
        return switch (this) {
            case UNIFORM -> TimeGrid.uniform(process, steps);
            case QUADRATIC -> TimeGrid.quadratic(process, steps);
            default -> {
                if (process instanceof Sde sde) {
                    yield grid(sde, steps);
                }
                throw new IllegalArgumentException("grid " + spec() + " goes by noise levels sigma/alpha, and "
                        + process.spec() + " has none; take uniform or quadratic");
            }
        };
    }

    private TimeGrid grid(Sde sde, int steps) {
        return switch (this) {
            case UNIFORM, QUADRATIC -> throw new IllegalStateException("grids of time are of any process");
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
