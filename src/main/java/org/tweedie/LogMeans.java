package org.tweedie;

import java.util.Arrays;

/**
 * The means of draws of a logarithm, row by row, with their standard errors: of the logarithms, or the logarithm of the mean of what they are the
 * logarithms of. Each row is for one thread.
 */
final class LogMeans {
    private final boolean exponential;
    private final double[] sums;
    private final double[] squares;
    /** The greatest draw of each row so far: sums of exponentials are in its units, and do not overflow. */
    private final double[] greatest;

    LogMeans(int rows, boolean exponential) {
        this.exponential = exponential;
        sums = new double[rows];
        squares = new double[rows];
        greatest = new double[exponential ? rows : 0];
        Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
    }

    void take(int row, double draw) {
        double value = draw;
        if (exponential) {
            if (draw > greatest[row]) {
                double scale = StrictMath.exp(greatest[row] - draw);
                sums[row] *= scale;
                squares[row] *= scale * scale;
                greatest[row] = draw;
            }
            value = StrictMath.exp(draw - greatest[row]);
        }
        sums[row] += value;
        squares[row] += value * value;
    }

    double mean(int row, int draws) {
        double mean = sums[row] / draws;
        return exponential ? greatest[row] + StrictMath.log(mean) : mean;
    }

    /** The standard error of {@link #mean}, that of a logarithm to first order; NaN for one draw. */
    double error(int row, int draws) {
        if (draws == 1) {
            return Double.NaN;
        }
        double mean = sums[row] / draws;
        double error = Math.sqrt(Math.max(0, squares[row] / draws - mean * mean) / (draws - 1));
        return exponential ? error / mean : error;
    }
}
