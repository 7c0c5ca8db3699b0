package org.tweedie.metric;

import org.tweedie.device.Device;

/**
 * The Sinkhorn divergence {@code S = OT(X, Y) - OT(X, X)/2 - OT(Y, Y)/2}, where {@code OT(X, Y)} is the least, over couplings P, of
 * {@code sum P |x - y|^2 + epsilon KL(P | X x Y)}: not negative, 0 exactly where the laws are equal; the squared 2-Wasserstein
 * distance as epsilon falls, an MMD as it grows (Genevay et al. 2018; Feydy et al. 2019).
 *
 * <p>Solved by {@link EntropicTransport}. The interval is of the central limit theorem by the potentials
 * (del Barrio et al. 2023), for laws that differ; of equal laws S is a small positive number of order 1/rows. Immutable.
 *
 * @param epsilon in the units of squared distances
 */
public record SinkhornDivergence(double epsilon) {
    public SinkhornDivergence {
        EntropicTransport.require(epsilon);
    }

    /**
     * With epsilon a twentieth of the median squared distance between rows of both samples (of the first 512 of each).
     *
     * @throws IllegalArgumentException if the widths differ, or the median is no epsilon: 0 where most rows are equal
     */
    public static SinkhornDivergence standard(Points x, Points y) {
        Points.requireComparable(x, y);
        double square = PairKernel.medianSquare(Points.pooled(x.first(512), y.first(512)));
        if (!(square >= 1e-28 && square <= 1e30)) {
            throw new IllegalArgumentException(
                    "the median squared distance of the rows is " + square
                            + ", which gives no epsilon; choose one where most rows are equal, and divide columns of large numbers");
        }
        return new SinkhornDivergence(square / 20);
    }

    /**
     * The divergence with its interval, on the cores of the host.
     *
     * @throws IllegalStateException as {@link EntropicTransport#solve}
     */
    public Estimate estimate(Points x, Points y) {
        return DevicePairs.onHost(host -> estimate(x, y, host));
    }

    /**
     * The divergence with its interval; the same bits on every device.
     *
     * @throws IllegalStateException as {@link EntropicTransport#solve}
     */
    public Estimate estimate(Points x, Points y, Device device) {
        return estimate(EntropicTransport.solve(x, y, epsilon, device), device);
    }

    /**
     * The same from a plan that is solved.
     *
     * @param cross of x to y, with this epsilon
     * @throws IllegalArgumentException if its epsilon is another
     * @throws IllegalStateException as {@link EntropicTransport#solve}
     */
    public Estimate estimate(EntropicTransport cross, Device device) {
        if (cross.epsilon() != epsilon) {
            throw new IllegalArgumentException("a divergence of epsilon " + epsilon
                    + " is of plans with the same, got one of " + cross.epsilon() + "; solve it with " + epsilon);
        }
        float[] ownX = EntropicTransport.own(cross.x(), epsilon, device).f();
        float[] ownY = EntropicTransport.own(cross.y(), epsilon, device).f();
        Estimate left = Estimate.ofMean(difference(cross.f(), ownX));
        Estimate right = Estimate.ofMean(difference(cross.g(), ownY));
        double half = Math.sqrt(square(left) + square(right));
        double value = left.value() + right.value();
        return new Estimate(value, value - half, value + half);
    }

    private static double square(Estimate part) {
        return (part.high() - part.value()) * (part.high() - part.value());
    }

    private static double[] difference(float[] a, float[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = (double) a[i] - b[i];
        }
        return difference;
    }
}
