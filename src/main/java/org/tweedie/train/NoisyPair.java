package org.tweedie.train;

import org.tweedie.plan.RowFunction;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;

/** (x0, eps, t) to (network's input, target, weight, network's time); kernel {@code perturb_f32}. */
record NoisyPair(Parametrisation parametrisation, Weighting weighting, TimeSampling sampling) implements RowFunction {
    @Override
    public String name() {
        return "perturb";
    }

    @Override
    public void apply(double[][] from, double[][] into) {
        Sde sde = parametrisation.sde();
        double t = from[2][0];
        double scale = parametrisation.inputScale(t);
        for (int d = 0; d < from[0].length; d++) {
            double x0 = from[0][d];
            double eps = from[1][d];
            into[0][d] = scale * (sde.alpha(t) * x0 + sde.sigma(t) * eps);
            into[1][d] = parametrisation.targetX0(t) * x0 + parametrisation.targetEps(t) * eps;
        }
        into[2][0] = parametrisation.weight(weighting, t) * sampling.correction(sde, t);
        into[3][0] = parametrisation.networkTime(t);
    }
}
