package org.tweedie.sde;

import org.tweedie.plan.Space;

/**
 * The variance-preserving SDE: dX = -1/2 beta X dt + sqrt(beta) dW with beta(t) linear on [0, 1].
 *
 * <p>alpha = exp(-B/2), sigma = sqrt(1 - exp(-B)), B the integral of beta. Song et al., ICLR 2021, arXiv 2011.13456; Ho et al., 2020.
 * Immutable.
 *
 * @param first beta(0), above 0
 * @param last beta(1), at least first
 * @param cutoff smallest time used, in (0, 1)
 */
public record VpSde(double first, double last, double cutoff, Space space) implements VariancePreserving {
    static final double CUTOFF = 1e-3;

    public VpSde {
        new LinearRate(first, last);
        Cutoff.check(cutoff, 1);
    }

    /** The usual rates, 0.1 to 20. */
    public VpSde() {
        this(0.1, 20);
    }

    public VpSde(double first, double last) {
        this(first, last, CUTOFF, Space.euclidean(1));
    }

    /** The cosine schedule of Nichol and Dhariwal, arXiv 2102.09672. */
    public static VariancePreserving cosine() {
        return new CosineVpSde(CUTOFF, Space.euclidean(1));
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double beta(double t) {
        return line().rate(t);
    }

    /** h beta(t), as DDPM's beta_i = beta(t)/N. */
    @Override
    public double rate(double t, double s) {
        double rate = (t - s) * beta(t);
        if (rate >= 1) {
            throw new IllegalArgumentException(
                    "the step from " + t + " to " + s + " is too long for DDPM's discretisation: h beta(t) is " + rate
                            + " and must stay below 1; take more steps, or ddim:1");
        }
        return rate;
    }

    @Override
    public double alpha(double t) {
        return StrictMath.exp(-0.5 * line().integral(t));
    }

    @Override
    public double sigma(double t) {
        return StrictMath.sqrt(-StrictMath.expm1(-line().integral(t)));
    }

    @Override
    public double timeOfLogSnr(double logSnr) {
        return line().time(StrictMath.log1p(StrictMath.exp(-logSnr)));
    }

    @Override
    public VpSde on(Space space) {
        return new VpSde(first, last, cutoff, space);
    }

    @Override
    public String spec() {
        return ProcessSpec.print("vp", cutoff, CUTOFF, first, last);
    }

    private LinearRate line() {
        return new LinearRate(first, last);
    }
}
