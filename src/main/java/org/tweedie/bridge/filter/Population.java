package org.tweedie.bridge.filter;

import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/**
 * Rows that meet: an ensemble of states. Row i of each draw is a function of seed, time and i. Immutable but for its arrays, which nobody may change while
 * threads share them.
 *
 * @param rows [row][coordinate]
 */
public record Population(double[][] rows) {
    /** @throws IllegalArgumentException if there are fewer than two rows */
    public Population {
        if (rows.length < 2) {
            throw new IllegalArgumentException("a population has two rows or more, got " + rows.length);
        }
    }

    /** Rows of x_0. */
    public static Population start(StateSpaceModel model, int rows, long seed) {
        double[][] start = new double[rows][model.states()];
        for (int i = 0; i < rows; i++) {
            model.start(Philox.words(seed, i, Purpose.PRIOR, 0), start[i]);
        }
        return new Population(start);
    }

    /** Each row moved from t - 1 to t. */
    public Population moved(StateSpaceModel model, int t, long seed) {
        double[][] moved = new double[rows.length][model.states()];
        for (int i = 0; i < rows.length; i++) {
            model.move(t, rows[i], Philox.words(seed, i, Purpose.STEP, t), moved[i]);
        }
        return new Population(moved);
    }

    /** An observation of each row: [row][condition]. */
    public double[][] observed(StateSpaceModel model, int t, long seed) {
        double[][] observed = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            observed[i] = model.observe(t, rows[i], Philox.words(seed, i, Purpose.NOISE, t));
        }
        return observed;
    }

    /** The mean of the rows. */
    public double[] mean() {
        double[] mean = new double[rows[0].length];
        for (double[] row : rows) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += row[d] / rows.length;
            }
        }
        return mean;
    }

    /** The covariance of the rows, divided by their number less 1. */
    public double[][] covariance() {
        double[] mean = mean();
        double[][] covariance = new double[mean.length][mean.length];
        for (double[] row : rows) {
            for (int d = 0; d < mean.length; d++) {
                for (int e = 0; e < mean.length; e++) {
                    covariance[d][e] += (row[d] - mean[d]) * (row[e] - mean[e]) / (rows.length - 1);
                }
            }
        }
        return covariance;
    }
}
