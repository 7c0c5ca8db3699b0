package org.tweedie.metric;

/** A number with its 95 % interval; what makes it says how. An interval that cannot be known is infinite. Immutable. */
public record Estimate(double value, double low, double high) {
    private static final double NORMAL = 1.959963984540054; // the standard normal law's quantile of 0.975

    /** A value of known standard error: 1.96 of them to both sides. */
    public static Estimate ofError(double value, double standardError) {
        return new Estimate(value, value - NORMAL * standardError, value + NORMAL * standardError);
    }

    /** The mean of independent numbers, by their spread. */
    public static Estimate ofMean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return values.length < 2
                ? ofError(mean, Double.POSITIVE_INFINITY)
                : ofError(mean, Math.sqrt(squares / (values.length - 1) / values.length));
    }

    /** A share of independent trials, with Wilson's interval (1927), which stays inside [0, 1] and holds at its ends. */
    public static Estimate ofShare(long hits, long trials) {
        if (trials < 1 || hits < 0 || hits > trials) {
            throw new IllegalArgumentException("a share needs 0 <= hits <= trials, got " + hits + " of " + trials);
        }
        double share = (double) hits / trials;
        double square = NORMAL * NORMAL / trials;
        double middle = (share + square / 2) / (1 + square);
        double half = Math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square);
        return new Estimate(share, hits == 0 ? 0 : middle - half, hits == trials ? 1 : middle + half);
    }

    @Override
    public String toString() {
        return String.format(java.util.Locale.ROOT, "%.5f [%.5f, %.5f]", value, low, high);
    }
}
