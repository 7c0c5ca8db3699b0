package org.tweedie.sde;

import org.tweedie.plan.Space;

/**
 * The variance-exploding SDE: dX = g dW on [0, 1], g^2 = 2 ln(most/least) level^2, level(t) = least (most/least)^t.
 *
 * <p>The kernel's variance is level^2 - least^2. Song et al. (ICLR 2021, arXiv 2011.13456) and their code use level^2, which takes the
 * data as blurred by {@code least} already; that is the default here, {@code exact} the other. Immutable.
 *
 * @param least smallest noise level, above 0
 * @param most largest noise level; should be about the largest distance between two rows of data
 * @param exact whether sigma(0) = 0
 * @param cutoff smallest time used, in (0, 1)
 */
public record VeSde(double least, double most, boolean exact, double cutoff, Space space) implements Sde {
    static final double CUTOFF = 1e-5;

    public VeSde {
        if (!(least > 0 && most > least && Double.isFinite(most))) {
            throw new IllegalArgumentException("noise levels must satisfy 0 < least < most, got " + least + " and "
                    + most + "; the usual ones are 0.01 and 50");
        }
        Cutoff.check(cutoff, 1);
    }

    /** The usual levels, 0.01 to 50. */
    public VeSde() {
        this(0.01, 50);
    }

    public VeSde(double least, double most) {
        this(least, most, false);
    }

    public VeSde(double least, double most, boolean exact) {
        this(least, most, exact, CUTOFF, Space.euclidean(1));
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double alpha(double t) {
        return 1;
    }

    @Override
    public double sigma(double t) {
        return exact ? least * StrictMath.sqrt(StrictMath.expm1(2 * t * range())) : level(t);
    }

    @Override
    public double drift(double t) {
        return 0;
    }

    @Override
    public double diffusion(double t) {
        return level(t) * StrictMath.sqrt(2 * range());
    }

    @Override
    public double priorDeviation() {
        return sigma(1);
    }

    @Override
    public double timeOfLogSnr(double logSnr) {
        double ratio = StrictMath.exp(-0.5 * logSnr) / least;
        return (exact ? 0.5 * StrictMath.log1p(ratio * ratio) : StrictMath.log(ratio)) / range();
    }

    @Override
    public VeSde on(Space space) {
        return new VeSde(least, most, exact, cutoff, space);
    }

    @Override
    public String spec() {
        return ProcessSpec.print(exact ? "ve-exact" : "ve", cutoff, CUTOFF, least, most);
    }

    private double level(double t) {
        return least * StrictMath.exp(t * range());
    }

    private double range() {
        return StrictMath.log(most / least);
    }
}
