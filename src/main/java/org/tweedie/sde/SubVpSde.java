package org.tweedie.sde;

import org.tweedie.plan.Space;

/**
 * The sub-variance-preserving SDE: dX = -1/2 beta X dt + sqrt(beta (1 - exp(-2B))) dW, beta linear on [0, 1], B its integral.
 *
 * <p>alpha = exp(-B/2), sigma = 1 - exp(-B). Song et al., ICLR 2021, arXiv 2011.13456. Immutable.
 *
 * @param first beta(0), above 0
 * @param last beta(1), at least first
 * @param cutoff smallest time used, in (0, 1)
 */
public record SubVpSde(double first, double last, double cutoff, Space space) implements Sde {
    public SubVpSde {
        new LinearRate(first, last);
        Cutoff.check(cutoff, 1);
    }

    /** The usual rates, 0.1 to 20. */
    public SubVpSde() {
        this(0.1, 20);
    }

    public SubVpSde(double first, double last) {
        this(first, last, VpSde.CUTOFF, Space.euclidean(1));
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double alpha(double t) {
        return StrictMath.exp(-0.5 * rate().integral(t));
    }

    @Override
    public double sigma(double t) {
        return -StrictMath.expm1(-rate().integral(t));
    }

    @Override
    public double drift(double t) {
        return -0.5 * rate().rate(t);
    }

    @Override
    public double diffusion(double t) {
        return StrictMath.sqrt(-rate().rate(t) * StrictMath.expm1(-2 * rate().integral(t)));
    }

    @Override
    public double priorDeviation() {
        return 1;
    }

    /** sigma/alpha = 2 sinh(B/2). */
    @Override
    public double timeOfLogSnr(double logSnr) {
        double half = 0.5 * StrictMath.exp(-0.5 * logSnr);
        double arsinh = StrictMath.log1p(half + half * half / (1 + StrictMath.sqrt(1 + half * half)));
        return rate().time(2 * arsinh);
    }

    @Override
    public SubVpSde on(Space space) {
        return new SubVpSde(first, last, cutoff, space);
    }

    @Override
    public String spec() {
        return ProcessSpec.print("subvp", cutoff, VpSde.CUTOFF, first, last);
    }

    private LinearRate rate() {
        return new LinearRate(first, last);
    }
}
