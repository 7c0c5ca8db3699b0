package org.tweedie.metric;

/** A number with its 95 % interval, from the spread of bootstrap replicates. Immutable. */
public record Estimate(double value, double low, double high) {
    @Override
    public String toString() {
        return String.format(java.util.Locale.ROOT, "%.5f [%.5f, %.5f]", value, low, high);
    }
}
