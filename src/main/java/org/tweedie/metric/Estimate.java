package org.tweedie.metric;

/** A number with its 95 % bootstrap interval. */
public record Estimate(double value, double low, double high) {
    @Override
    public String toString() {
        return String.format(java.util.Locale.ROOT, "%.5f [%.5f, %.5f]", value, low, high);
    }
}
