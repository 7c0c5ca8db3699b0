package org.tweedie.metric;

import org.tweedie.device.Device;

/**
 * The squared maximum mean discrepancy {@code E k(X, X') + E k(Y, Y') - 2 E k(X, Y)} (Gretton et al., JMLR 2012), zero exactly
 * where the laws are equal. Estimated without bias (pairs of different rows), so that equal laws give values around 0, some of
 * them negative. The interval is the jackknife's, over rows of both samples: from sums along rows, so that no pair is stored; its
 * variance is on average too large rather than too small (Efron and Stein 1981), by a factor up to 2 where the laws are equal.
 * Costs (n + m)^2 distances, in f32, whose kernels are summed in double: off by at most 4e-7 of their mean, and as much of the mean distance
 * for the Riesz kernel (1e-6 where its power is not 1). Immutable.
 */
public record MeanDiscrepancy(PairKernel kernel) {
    /** The squared discrepancy with its interval, on the cores of the host. */
    public Estimate estimate(Points x, Points y) {
        return DevicePairs.onHost(host -> estimate(x, y, host));
    }

    /** The squared discrepancy with its interval; the same bits on every device. */
    public Estimate estimate(Points x, Points y, Device device) {
        Points.requireComparable(x, y);
        double[] ownX;
        double[] ownY;
        double[] crossX;
        double[] crossY;
        try (DevicePairs on = new DevicePairs(device)) {
            DevicePairs.Placed a = on.place(x);
            DevicePairs.Placed b = on.place(y);
            ownX = on.sums(a, a, true, kernel);
            ownY = on.sums(b, b, true, kernel);
            crossX = on.sums(a, b, false, kernel);
            crossY = on.sums(b, a, false, kernel);
        }
        double xx = sum(ownX);
        double yy = sum(ownY);
        double xy = sum(crossX);
        double n = x.rows();
        double m = y.rows();
        double value = xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m);
        if (n < 3 || m < 3) {
            return Estimate.ofError(value, Double.POSITIVE_INFINITY);
        }
        double variance = variance(xx, ownX, yy / (m * (m - 1)), xy, crossX, m)
                + variance(yy, ownY, xx / (n * (n - 1)), xy, crossY, n);
        return Estimate.ofError(value, Math.sqrt(variance));
    }

    /** The jackknife's part of the rows of one sample: the value without row i, over i. */
    private static double variance(
            double own, double[] ownSums, double other, double cross, double[] crossSums, double others) {
        int n = ownSums.length;
        double[] without = new double[n];
        for (int i = 0; i < n; i++) {
            without[i] = (own - 2 * ownSums[i]) / ((n - 1.0) * (n - 2.0))
                    + other
                    - 2 * (cross - crossSums[i]) / ((n - 1.0) * others);
        }
        double mean = sum(without) / n;
        double squares = 0;
        for (double value : without) {
            squares += (value - mean) * (value - mean);
        }
        return squares * (n - 1) / n;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
