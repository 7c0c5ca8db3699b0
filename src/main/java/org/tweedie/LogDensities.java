package org.tweedie;

import java.util.Arrays;

/** A log-density, or a bound of one, for each of some rows. Immutable but for the array, which nobody may change while threads share it. */
public interface LogDensities {
    /** Natural logarithms, one a row, in the units of the data; not to be changed. */
    double[] log();

    /** Numbers a row. */
    int width();

    /** The mean, in nats a row. */
    default double mean() {
        return Arrays.stream(log()).average().orElseThrow();
    }

    /** The standard error of {@link #mean} over the rows; NaN for one row. */
    default double standardError() {
        double mean = mean();
        double squares = Arrays.stream(log()).map(l -> (l - mean) * (l - mean)).sum();
        return Math.sqrt(squares / (log().length - 1.0) / log().length);
    }

    /**
     * Bits per dimension of data in bins of this width, which were filled evenly before ({@link org.tweedie.train.Dataset#dequantised}): 1/256
     * for bytes scaled to [0, 1], 1 for whole numbers.
     */
    default double bitsPerDimension(double bin) {
        if (!(bin > 0 && Double.isFinite(bin))) {
            throw new IllegalArgumentException("the width of a bin must be positive, got " + bin);
        }
        return -mean() / (width() * StrictMath.log(2)) - StrictMath.log(bin) / StrictMath.log(2);
    }
}
