package org.tweedie.metric;

import org.tweedie.device.Device;

/**
 * The squared energy distance {@code 2 E|X - Y| - E|X - X'| - E|Y - Y'|} (Székely and Rizzo 2013): the
 * {@link MeanDiscrepancy} of the kernel {@code -|x - y|}. Where nothing else is said, at most {@link #MOST_ROWS} rows a
 * sample are used, the first ones. Stateless.
 */
public final class EnergyDistance {
    /** Rows of a sample beyond these are left out. */
    public static final int MOST_ROWS = 2048;

    private static final MeanDiscrepancy DISCREPANCY = new MeanDiscrepancy(new PairKernel.Riesz(1));

    private EnergyDistance() {}

    /** The squared distance. */
    public static double squared(Points x, Points y) {
        return estimate(x, y).value();
    }

    /** The squared distance with its interval. */
    public static Estimate estimate(Points x, Points y) {
        return DevicePairs.onHost(host -> estimate(x, y, MOST_ROWS, host));
    }

    /** The squared distance with its interval, of at most so many rows a sample, the first ones. */
    public static Estimate estimate(Points x, Points y, int most, Device device) {
        return DISCREPANCY.estimate(x.first(most), y.first(most), device);
    }
}
