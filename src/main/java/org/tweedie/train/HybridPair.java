package org.tweedie.train;

import org.tweedie.plan.RowFunction;
import org.tweedie.sde.HybridParametrisation;
import org.tweedie.sde.Weighting;

/** (x0, z_x, z_v, t) to (position, velocity as the network gets it, target, weight, network's time); kernel {@code perturb_f32}, twice. */
record HybridPair(HybridParametrisation parametrisation, Weighting weighting) implements RowFunction {
    @Override
    public String name() {
        return "perturb_pair";
    }

    @Override
    public void apply(double[][] from, double[][] into) {
        double t = from[3][0];
        double[] mean = parametrisation.sde().mean(t);
        double[] l = parametrisation.cholesky(t);
        double scale = parametrisation.velocityScale(t);
        double ofVelocity = parametrisation.targetVelocity(t);
        for (int d = 0; d < from[0].length; d++) {
            double v = mean[1] * from[0][d] + l[1] * from[1][d] + l[2] * from[2][d];
            into[0][d] = mean[0] * from[0][d] + l[0] * from[1][d];
            into[1][d] = scale * v;
            into[2][d] = from[2][d] + ofVelocity * v;
        }
        into[3][0] = parametrisation.weight(weighting, t);
        into[4][0] = parametrisation.networkTime(t);
    }
}
