package org.tweedie.bridge.filter;

import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/**
 * The bootstrap particle filter (Gordon, Salmond and Smith, IEE Proceedings F 140, 1993): rows are kept in proportion to p(y_t | x_t), by systematic
 * resampling. Exact in the limit of many rows; in many dimensions few rows survive. Immutable.
 */
public record BootstrapParticle() implements EnsembleFilter {
    @Override
    public Population analysed(StateSpaceModel model, int t, Population forecast, double[] seen, long seed) {
        double[][] rows = forecast.rows();
        int n = rows.length;
        double[] weights = new double[n];
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            weights[i] = model.logDensity(t, rows[i], seen);
            most = StrictMath.max(most, weights[i]);
        }
        if (!Double.isFinite(most)) {
            throw new IllegalStateException("no row of " + n + " could have been seen at time " + t
                    + ": the largest log-density is " + most + "; take more rows, or another filter");
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            weights[i] = StrictMath.exp(weights[i] - most);
            sum += weights[i];
        }
        double first = Philox.words(seed, 0, Purpose.KEEP, 0).uniform(0);
        double[][] kept = new double[n][];
        double passed = weights[0];
        int row = 0;
        for (int i = 0; i < n; i++) {
            while (row < n - 1 && passed < (i + first) / n * sum) {
                passed += weights[++row];
            }
            kept[i] = rows[row].clone();
        }
        return new Population(kept);
    }
}
