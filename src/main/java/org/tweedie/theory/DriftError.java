package org.tweedie.theory;

import org.tweedie.plan.RowField;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.sde.Sde;

/**
 * How the error of a score grows towards data: {@code I(t) = g^2 E|learned - exact|^2} at rows of p_t. Where its integral down to 0
 * converges, Girsanov's theorem says that samples lie where data lie, whatever their weights; a score that is bounded beside data on
 * a manifold has I of order 1/t, and loses the manifold (Pidstrigach, NeurIPS 2022, arXiv 2206.01018). Immutable but for its arrays, which
 * nobody may change while threads share them.
 *
 * @param times rising
 * @param intensity I at the times
 * @param exponent p of I ~ t^-p, fitted over the lower half of the times
 */
public record DriftError(double[] times, double[] intensity, double exponent) {
    /**
     * The error at times spread evenly on a logarithmic scale.
     *
     * @param rows of data, [row][coordinate]
     * @param first the smallest time, above 0
     * @param count of times, at least 4
     */
    public static DriftError of(
            RowField learned, RowField exact, Sde sde, double[][] rows, double first, int count, long seed) {
        if (rows.length == 0 || count < 4 || !(first > 0 && first < sde.horizon())) {
            throw new IllegalArgumentException("an error over time needs rows, at least 4 times, and the first in (0, "
                    + sde.horizon() + "), got " + rows.length + " rows, " + count + " times and " + first);
        }
        double[] times = new double[count];
        double[] intensity = new double[count];
        int width = rows[0].length;
        double[][] x = new double[1][width];
        double[][] a = new double[1][width];
        double[][] b = new double[1][width];
        for (int k = 0; k < count; k++) {
            double t = first * StrictMath.pow(sde.horizon() / first, k / (count - 1.0));
            double sum = 0;
            for (int i = 0; i < rows.length; i++) {
                Words words = Philox.words(seed, i, Purpose.NOISE, k);
                for (int d = 0; d < width; d++) {
                    x[0][d] = sde.alpha(t) * rows[i][d] + sde.sigma(t) * words.normal(d);
                }
                learned.evaluate(x, t, a);
                exact.evaluate(x, t, b);
                for (int d = 0; d < width; d++) {
                    sum += (a[0][d] - b[0][d]) * (a[0][d] - b[0][d]);
                }
            }
            times[k] = t;
            intensity[k] = sde.diffusion(t) * sde.diffusion(t) * sum / rows.length;
        }
        return new DriftError(times, intensity, exponent(times, intensity));
    }

    private static double exponent(double[] times, double[] intensity) {
        int half = times.length / 2;
        double meanX = 0;
        double meanY = 0;
        for (int k = 0; k < half; k++) {
            meanX += StrictMath.log(times[k]) / half;
            meanY += StrictMath.log(intensity[k]) / half;
        }
        double cross = 0;
        double square = 0;
        for (int k = 0; k < half; k++) {
            double gap = StrictMath.log(times[k]) - meanX;
            cross += gap * (StrictMath.log(intensity[k]) - meanY);
            square += gap * gap;
        }
        return -cross / square;
    }

    /** Whether the integral of I down to t = 0 converges, by the exponent: below 1, with a twentieth to spare. */
    public boolean converges() {
        return exponent < 0.95;
    }

    /** The integral of I over the times, by the trapezoid rule in the logarithm of time. */
    public double integral() {
        double sum = 0;
        for (int k = 1; k < times.length; k++) {
            sum += 0.5
                    * (times[k] * intensity[k] + times[k - 1] * intensity[k - 1])
                    * StrictMath.log(times[k] / times[k - 1]);
        }
        return sum;
    }
}
