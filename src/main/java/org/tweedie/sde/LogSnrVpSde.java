package org.tweedie.sde;

import org.tweedie.plan.Space;

/**
 * The variance-preserving SDE whose log-SNR falls along a straight line, from {@code most} at the cutoff to {@code least} at {@code end}:
 * alpha^2 = 1/(1 + exp(-logSnr)), sigma^2 = 1/(1 + exp(logSnr)), beta = -sigma^2 (logSnr)'.
 *
 * <p>The clock of a scale in non-uniform diffusion: Batzolis et al., arXiv 2207.09786. Some noise is left at t = 0. Immutable.
 *
 * @param most log-SNR at the cutoff; 10 is usual
 * @param least log-SNR at the end, below {@code most}; -10 is usual
 * @param end T, above the cutoff
 * @param cutoff smallest time used, above 0
 */
public record LogSnrVpSde(double most, double least, double end, double cutoff, Space space)
        implements VariancePreserving {
    static final double MOST = 10;
    static final double LEAST = -10;

    public LogSnrVpSde {
        if (!(end > 0 && end < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the end of a process must be positive, got " + end + "; 1 is usual");
        }
        Cutoff.check(cutoff, end);
        if (!(Math.abs(most) <= 60 && Math.abs(least) <= 60 && most > least)) {
            throw new IllegalArgumentException("log-SNRs must fall and lie between -60 and 60, got " + most + " to "
                    + least + "; 10 to -10 are usual");
        }
    }

    /** From 10 at 0.001 to -10 at {@code end}. */
    public LogSnrVpSde(double end) {
        this(MOST, LEAST, end, VpSde.CUTOFF, Space.euclidean(1));
    }

    @Override
    public double horizon() {
        return end;
    }

    @Override
    public double logSnr(double t) {
        return t == end ? least : most - rate() * (t - cutoff);
    }

    @Override
    public double timeOfLogSnr(double logSnr) {
        return cutoff + (most - logSnr) / rate();
    }

    @Override
    public double alpha(double t) {
        return StrictMath.sqrt(1 / (1 + StrictMath.exp(-logSnr(t))));
    }

    @Override
    public double sigma(double t) {
        return StrictMath.sqrt(1 / (1 + StrictMath.exp(logSnr(t))));
    }

    @Override
    public double noiseToSignal(double t) {
        return StrictMath.exp(-0.5 * logSnr(t));
    }

    @Override
    public double beta(double t) {
        return rate() / (1 + StrictMath.exp(logSnr(t)));
    }

    @Override
    public LogSnrVpSde on(Space space) {
        return new LogSnrVpSde(most, least, end, cutoff, space);
    }

    @Override
    public String spec() {
        return ProcessSpec.print("vp-logsnr", cutoff, VpSde.CUTOFF, most, least, end);
    }

    /** How fast the log-SNR falls. */
    private double rate() {
        return (most - least) / (end - cutoff);
    }
}
