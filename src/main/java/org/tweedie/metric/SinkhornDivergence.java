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

    /** With epsilon a twentieth of the median squared distance between rows of both samples (of the first 512 of each). */
    public static SinkhornDivergence standard(Points x, Points y) {
        double bandwidth = PairKernel.medianRbf(x, y).bandwidth();
        return new SinkhornDivergence(bandwidth * bandwidth / 20);
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
        EntropicTransport cross = EntropicTransport.solve(x, y, epsilon, device);
        float[] ownX = EntropicTransport.own(x, epsilon, device).f();
        float[] ownY = EntropicTransport.own(y, epsilon, device).f();
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
