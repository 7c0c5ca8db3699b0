package org.tweedie.kernels;

/**
 * How the quantile function of a law of times lies in device memory: values at equally spaced u from 0 to 1, each with its
 * slope times the spacing; cubic between. Slopes by Fritsch and Carlson (1980) keep it monotone, and straight lines straight.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param table [nodes][2]
 */
public record Quantile(float[] table) {
    public Quantile {
        if (table.length < 4 || table.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "a quantile table needs at least 2 nodes of 2 numbers, got " + table.length);
        }
    }

    /** Nodes of the table. */
    public int nodes() {
        return table.length / 2;
    }

    /** Times uniform on [from, to]. */
    public static Quantile uniform(double from, double to) {
        return monotone(from, to);
    }

    /**
     * The monotone cubic through values.
     *
     * @param values the quantiles at u = 0, 1/(n-1), ..., 1: at least two, not decreasing
     */
    public static Quantile monotone(double... values) {
        int n = values.length;
        if (n < 2) {
            throw new IllegalArgumentException("a quantile table needs at least 2 values, got " + n);
        }
        double[] step = new double[n - 1];
        for (int i = 0; i + 1 < n; i++) {
            step[i] = values[i + 1] - values[i];
            if (!(step[i] >= 0)) {
                throw new IllegalArgumentException(
                        "quantiles must not decrease, got " + values[i] + " then " + values[i + 1]);
            }
        }
        float[] table = new float[2 * n];
        for (int i = 0; i < n; i++) {
            double before = step[Math.max(0, i - 1)];
            double after = step[Math.min(n - 2, i)];
            table[2 * i] = (float) values[i];
            table[2 * i + 1] = before == 0 || after == 0 ? 0 : (float) (2 * before * after / (before + after));
        }
        return new Quantile(table);
    }
}
