package org.tweedie.bridge.filter;

import org.tweedie.rng.Words;

/** A hidden chain and what is seen of it: x_0 ~ p, x_t ~ p(. | x_(t-1)), y_t ~ p(. | x_t) for t = 1, 2, ... Immutable; any thread. */
public interface StateSpaceModel {
    /** Numbers of x. */
    int states();

    /** Fills x_0. */
    void start(Words words, double[] x);

    /** Fills x_t, given x_(t-1). */
    void move(int t, double[] x, Words words, double[] into);

    /** y_t, given x_t. */
    double[] observe(int t, double[] x, Words words);

    /**
     * ln p(y_t | x_t) but for a constant; {@link BootstrapParticle} alone asks.
     *
     * @throws UnsupportedOperationException where it is not known
     */
    default double logDensity(int t, double[] x, double[] y) {
        throw new UnsupportedOperationException(
                "this model knows no density of observations, only how to draw them; filter by ensemble Kalman or by bridges");
    }
}
