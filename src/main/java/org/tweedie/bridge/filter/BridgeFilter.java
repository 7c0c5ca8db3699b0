package org.tweedie.bridge.filter;

import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.Features;
import org.tweedie.bridge.RegressionBridge;
import org.tweedie.rng.Philox;

/**
 * A filter by conditional bridges (Shi et al., UAI 2022, arXiv 2202.13460): at each time a {@link RegressionBridge} is fitted to the rows and observations drawn for
 * them, starting from the normal law that the ensemble Kalman filter would take (CDSB-C), and every row walks forward with its own observation and back with the
 * one that was seen. It needs no density of observations, and with {@link Features.Basis#radial} takes laws that are not normal. Immutable.
 */
public record BridgeFilter(RegressionBridge.Spec spec) implements EnsembleFilter {
    @Override
    public Population analysed(StateSpaceModel model, int t, Population forecast, double[] seen, long seed) {
        double[][] observed = forecast.observed(model, t, seed);
        ConditionalLaw law = ConditionalLaw.regression(forecast.rows(), observed, Features.Basis.affine(), 0);
        RegressionBridge bridge = RegressionBridge.fit(forecast.rows(), observed, law, spec, Philox.part(seed, 1));
        return new Population(bridge.posteriorForwardBackward(seen, Philox.part(seed, 2)));
    }
}
