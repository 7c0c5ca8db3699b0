package org.tweedie.metric;

import org.tweedie.device.Device;

/**
 * The kernel density estimate of a sample: p(y) = mean over rows x_i of N(y; x_i, bandwidth^2 I) (Rosenblatt 1956; Parzen 1962).
 * Of samples of a model, the mean log-density of held-out rows is a likelihood of the model that needs no likelihood; above
 * few dimensions it says more of the bandwidth than of the model (Theis et al. 2016). Exponents are f32, off by (width + 4) 2^-24 of
 * themselves, sums double; the same bits on every device. Immutable but for its arrays, which nobody
 * may change while threads share them.
 *
 * @param sample rows that the estimate is made of
 * @param bandwidth standard deviation of the kernel, in the units of the rows
 */
public record KernelDensity(Points sample, double bandwidth) {
    private static final int MOST_FOR_BANDWIDTH = 1024;

    public KernelDensity {
        if (!(bandwidth >= 1e-15 && bandwidth <= 1e15)) {
            throw new IllegalArgumentException("a bandwidth must be between 1e-15 and 1e15, got " + bandwidth);
        }
        if (sample.rows() < 1) {
            throw new IllegalArgumentException("a density estimate needs at least one row, got none");
        }
    }

    /**
     * {@link #of(Points, Device)} on the cores of the host.
     *
     * @throws IllegalArgumentException if all rows are equal, or there are fewer than 2
     */
    public static KernelDensity of(Points sample) {
        return DevicePairs.onHost(host -> of(sample, host));
    }

    /**
     * The estimate whose bandwidth makes the rows likeliest, each under the others (leave-one-out, of the first 1024 rows), among
     * 2^(k/4), k = -20 .. 4, times Scott's {@code rows^(-1/(width + 4))} times the root of the columns' mean variance.
     *
     * @throws IllegalArgumentException if all rows are equal, or there are fewer than 2
     */
    public static KernelDensity of(Points sample, Device device) {
        Points some = sample.first(MOST_FOR_BANDWIDTH);
        Points.requireComparable(some, some);
        double variance = 0;
        for (double deviation : Moments.of(some).deviation()) {
            variance += deviation * deviation / some.width();
        }
        if (variance == 0) {
            throw new IllegalArgumentException(
                    "all rows that a bandwidth is chosen by are equal; give KernelDensity a bandwidth");
        }
        double scott = Math.sqrt(variance) * StrictMath.pow(some.rows(), -1.0 / (some.width() + 4));
        double best = scott;
        double most = Double.NEGATIVE_INFINITY;
        try (DevicePairs on = new DevicePairs(device)) {
            DevicePairs.Placed rows = on.place(some);
            for (int k = 4; k >= -20; k--) {
                double bandwidth = scott * StrictMath.pow(2, k / 4.0);
                double likelihood = Estimate.ofMean(new KernelDensity(some, bandwidth).logDensity(on, rows, rows, true))
                        .value();
                if (likelihood > most) {
                    most = likelihood;
                    best = bandwidth;
                }
            }
        }
        double grow = StrictMath.pow((double) some.rows() / sample.rows(), 1.0 / (some.width() + 4));
        return new KernelDensity(sample, best * grow);
    }

    /** ln of the density at each row, in nats, on the cores of the host. */
    public double[] logDensity(Points rows) {
        return DevicePairs.onHost(host -> logDensity(rows, host));
    }

    /** ln of the density at each row, in nats. */
    public double[] logDensity(Points rows, Device device) {
        if (rows.width() != sample.width()) {
            throw new IllegalArgumentException(
                    "samples of different widths: " + rows.width() + " and " + sample.width());
        }
        try (DevicePairs on = new DevicePairs(device)) {
            return logDensity(on, on.place(rows), on.place(sample), false);
        }
    }

    /** The mean of ln of the density over rows, in nats; the interval is that of the choice of rows, for this sample. */
    public Estimate logLikelihood(Points heldOut) {
        return Estimate.ofMean(logDensity(heldOut));
    }

    /** {@link #logLikelihood(Points)} on a device. */
    public Estimate logLikelihood(Points heldOut, Device device) {
        return Estimate.ofMean(logDensity(heldOut, device));
    }

    private double[] logDensity(
            DevicePairs on, DevicePairs.Placed rows, DevicePairs.Placed placed, boolean leaveOneOut) {
        double others = sample.rows() - (leaveOneOut ? 1 : 0);
        double constant = -0.5 * sample.width() * StrictMath.log(2 * Math.PI * bandwidth * bandwidth);
        float[] logs = on.logSums(rows, placed, leaveOneOut, 0.5 / (bandwidth * bandwidth), 1 / others);
        double[] density = new double[logs.length];
        for (int i = 0; i < density.length; i++) {
            density[i] = logs[i] + constant;
        }
        return density;
    }
}
