package org.tweedie.sde;

import org.tweedie.plan.Space;

/**
 * The variance-preserving SDE with alpha(t) = cos u(t) / cos u(0), u(t) = (pi/2) (t + 0.008)/1.008, on [0, 0.9946].
 *
 * <p>Nichol, Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021, arXiv 2102.09672.
 *
 * @param cutoff smallest time used
 */
record CosineVpSde(double cutoff, Space space) implements VariancePreserving {
    static final double HORIZON = 0.9946;
    private static final double RATE = 0.5 * Math.PI / 1.008;
    private static final double START = 0.008 * RATE;
    private static final double COS_START = StrictMath.cos(START);
    private static final double SIN_START = StrictMath.sin(START);

    CosineVpSde {
        Cutoff.check(cutoff, HORIZON);
    }

    @Override
    public double horizon() {
        return HORIZON;
    }

    @Override
    public double beta(double t) {
        return 2 * RATE * StrictMath.tan(START + RATE * t);
    }

    @Override
    public double alpha(double t) {
        return StrictMath.cos(START + RATE * t) / COS_START;
    }

    /** sigma^2 = 1 - cos^2 u/cos^2 u0 = sin(u - u0) sin(u + u0)/cos^2 u0, which keeps its digits near t = 0. */
    @Override
    public double sigma(double t) {
        return StrictMath.sqrt(StrictMath.sin(RATE * t) * StrictMath.sin(2 * START + RATE * t)) / COS_START;
    }

    @Override
    public double timeOfLogSnr(double logSnr) {
        double noise = 1 / (1 + StrictMath.exp(logSnr)); // sigma^2
        double signal = 1 / (1 + StrictMath.exp(-logSnr)); // alpha^2
        double sine = StrictMath.sqrt(SIN_START * SIN_START + noise * COS_START * COS_START);
        double cosine = StrictMath.sqrt(signal) * COS_START;
        // sin(u - u0), with sin^2 u - sin^2 u0 = sigma^2 cos^2 u0: no digits are lost near u0
        double difference = noise * COS_START * COS_START / (sine * COS_START + cosine * SIN_START);
        return StrictMath.atan2(difference, cosine * COS_START + sine * SIN_START) / RATE;
    }

    @Override
    public CosineVpSde on(Space space) {
        return new CosineVpSde(cutoff, space);
    }

    @Override
    public String spec() {
        return ProcessSpec.print("vp-cosine", cutoff, VpSde.CUTOFF);
    }
}
