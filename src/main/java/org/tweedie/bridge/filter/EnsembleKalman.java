package org.tweedie.bridge.filter;

import org.tweedie.bridge.Features;
import org.tweedie.bridge.Ridge;

/**
 * The ensemble Kalman filter with observations drawn for each row (Burgers, van Leeuwen and Evensen, Monthly Weather Review 126, 1998): x_i moves by K (y - y_i), where
 * K is the regression of x on y over the rows. Exact for linear models with normal noise in the limit of many rows. Immutable.
 */
public record EnsembleKalman() implements EnsembleFilter {
    @Override
    public Population analysed(StateSpaceModel model, int t, Population forecast, double[] seen, long seed) {
        double[][] observed = forecast.observed(model, t, seed);
        Ridge ridge = Ridge.fit(Features.affine(), observed, forecast.rows(), 0);
        double[] wanted = ridge.at(seen);
        double[][] rows = new double[observed.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = forecast.rows()[i].clone();
            double[] own = ridge.at(observed[i]);
            for (int d = 0; d < own.length; d++) {
                rows[i][d] += wanted[d] - own[d];
            }
        }
        return new Population(rows);
    }
}
