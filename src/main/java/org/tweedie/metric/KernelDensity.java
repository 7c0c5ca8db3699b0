package org.tweedie.metric;

/**
 * The kernel density estimate of a sample: p(y) = mean over rows x_i of N(y; x_i, bandwidth^2 I) (Rosenblatt 1956; Parzen 1962).
 * Of samples of a model, the mean log-density of held-out rows is a likelihood of the model that needs no likelihood; above
 * few dimensions it says more of the bandwidth than of the model (Theis et al. 2016). Immutable but for its arrays, which nobody
 * may change while threads share them.
 *
 * @param sample rows that the estimate is made of
 * @param bandwidth standard deviation of the kernel, in the units of the rows
 */
public record KernelDensity(Points sample, double bandwidth) {
    private static final int MOST_FOR_BANDWIDTH = 1024;

    public KernelDensity {
        if (!(bandwidth > 0 && bandwidth < 1e100)) {
            throw new IllegalArgumentException("a bandwidth must be positive and finite, got " + bandwidth);
        }
        if (sample.rows() < 1) {
            throw new IllegalArgumentException("a density estimate needs at least one row, got none");
        }
    }

    /**
     * The estimate whose bandwidth makes the rows likeliest, each under the others (leave-one-out, of the first 1024 rows), among
     * 2^(k/4), k = -20 .. 4, times Scott's {@code rows^(-1/(width + 4))} times the root of the columns' mean variance.
     *
     * @throws IllegalArgumentException if all rows are equal, or there are fewer than 2
     */
    public static KernelDensity of(Points sample) {
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
        for (int k = 4; k >= -20; k--) {
            double bandwidth = scott * StrictMath.pow(2, k / 4.0);
            double likelihood = Estimate.ofMean(new KernelDensity(some, bandwidth).logDensity(some, true))
                    .value();
            if (likelihood > most) {
                most = likelihood;
                best = bandwidth;
            }
        }
        double grow = StrictMath.pow((double) some.rows() / sample.rows(), 1.0 / (some.width() + 4));
        return new KernelDensity(sample, best * grow);
    }

    /** ln of the density at each row, in nats. */
    public double[] logDensity(Points rows) {
        return logDensity(rows, false);
    }

    /** The mean of ln of the density over rows, in nats; the interval is that of the choice of rows, for this sample. */
    public Estimate logLikelihood(Points heldOut) {
        return Estimate.ofMean(logDensity(heldOut));
    }

    private double[] logDensity(Points rows, boolean leaveOneOut) {
        if (rows.width() != sample.width()) {
            throw new IllegalArgumentException(
                    "samples of different widths: " + rows.width() + " and " + sample.width());
        }
        double factor = -0.5 / (bandwidth * bandwidth);
        double[] most = new double[rows.rows()];
        double[] sums = new double[rows.rows()];
        java.util.Arrays.fill(most, Double.NEGATIVE_INFINITY);
        Pairs.each(rows, sample, (i, from, squares, count) -> {
            if (leaveOneOut && i >= from && i < from + count) {
                squares[i - from] = Double.POSITIVE_INFINITY;
            }
            double top = most[i];
            for (int j = 0; j < count; j++) {
                squares[j] *= factor;
                top = Math.max(top, squares[j]);
            }
            if (top > Double.NEGATIVE_INFINITY) {
                double sum = sums[i] == 0 ? 0 : sums[i] * Exponential.of(most[i] - top);
                for (int j = 0; j < count; j++) {
                    sum += Exponential.of(squares[j] - top);
                }
                sums[i] = sum;
                most[i] = top;
            }
        });
        double others = sample.rows() - (leaveOneOut ? 1 : 0);
        double constant =
                -StrictMath.log(others) - 0.5 * sample.width() * StrictMath.log(2 * Math.PI * bandwidth * bandwidth);
        double[] density = new double[rows.rows()];
        for (int i = 0; i < density.length; i++) {
            density[i] = most[i] + StrictMath.log(sums[i]) + constant;
        }
        return density;
    }
}
