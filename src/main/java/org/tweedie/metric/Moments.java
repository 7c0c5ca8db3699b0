package org.tweedie.metric;

/**
 * Mean and standard deviation of each column, with standard errors.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param mean of the column
 * @param meanError standard error of the mean
 * @param deviation standard deviation (n - 1)
 * @param deviationError its standard error, from the fourth moment
 */
public record Moments(double[] mean, double[] meanError, double[] deviation, double[] deviationError) {
    public static Moments of(Points points) {
        int rows = points.rows();
        int width = points.width();
        if (rows < 2) {
            throw new IllegalArgumentException("moments with errors need at least 2 rows, got " + rows);
        }
        Moments moments = new Moments(new double[width], new double[width], new double[width], new double[width]);
        for (int d = 0; d < width; d++) {
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                sum += points.values()[i * width + d];
            }
            double mean = sum / rows;
            double second = 0;
            double fourth = 0;
            for (int i = 0; i < rows; i++) {
                double square = Math.pow(points.values()[i * width + d] - mean, 2);
                second += square;
                fourth += square * square;
            }
            double variance = second / (rows - 1);
            double varianceError = Math.sqrt(Math.max(0, fourth / rows - variance * variance) / rows);
            moments.mean[d] = mean;
            moments.meanError[d] = Math.sqrt(variance / rows);
            moments.deviation[d] = Math.sqrt(variance);
            moments.deviationError[d] = variance == 0 ? 0 : varianceError / (2 * Math.sqrt(variance));
        }
        return moments;
    }
}
