package org.tweedie.theory;

import org.tweedie.plan.RowField;
import org.tweedie.sde.Sde;

/**
 * The score of the training rows themselves, p_t = mean of N(alpha x_i, sigma^2 I): {@code sum_i r_i (alpha x_i - x)/sigma^2}, r the softmax
 * of {@code -|x - alpha x_i|^2/(2 sigma^2)}. What a network that has learned its rows by heart comes to; sampling with it gives the
 * rows back (Pidstrigach, NeurIPS 2022, arXiv 2206.01018). In double, O(rows) an evaluation. Immutable, safe for use by many threads.
 */
public final class EmpiricalScore implements RowField {
    private final double[][] rows;
    private final Sde sde;

    private EmpiricalScore(double[][] rows, Sde sde) {
        this.rows = rows;
        this.sde = sde;
    }

    /** @param rows [row][coordinate], at least one */
    public static EmpiricalScore of(double[][] rows, Sde sde) {
        if (rows.length == 0) {
            throw new IllegalArgumentException("the score of rows needs at least one row, got none");
        }
        double[][] copy = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            copy[i] = rows[i].clone();
            if (rows[i].length != rows[0].length) {
                throw new IllegalArgumentException(
                        "row " + i + " has " + rows[i].length + " numbers, the first " + rows[0].length);
            }
        }
        return new EmpiricalScore(copy, sde);
    }

    @Override
    public void evaluate(double[][] from, double t, double[][] into) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        double[] mean = denoised(from[0], t);
        for (int d = 0; d < mean.length; d++) {
            into[0][d] = (alpha * mean[d] - from[0][d]) / (sigma * sigma);
        }
    }

    /** The best denoiser, {@code sum_i r_i x_i}. */
    public double[] denoised(double[] x, double t) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        double[] logs = new double[rows.length];
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < rows.length; i++) {
            double square = 0;
            for (int d = 0; d < x.length; d++) {
                double gap = x[d] - alpha * rows[i][d];
                square += gap * gap;
            }
            logs[i] = -square / (2 * sigma * sigma);
            most = StrictMath.max(most, logs[i]);
        }
        double[] mean = new double[x.length];
        double total = 0;
        for (int i = 0; i < rows.length; i++) {
            double share = StrictMath.exp(logs[i] - most);
            total += share;
            for (int d = 0; d < x.length; d++) {
                mean[d] += share * rows[i][d];
            }
        }
        for (int d = 0; d < x.length; d++) {
            mean[d] /= total;
        }
        return mean;
    }
}
