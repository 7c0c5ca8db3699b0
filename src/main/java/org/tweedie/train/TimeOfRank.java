package org.tweedie.train;

import org.tweedie.plan.RowFunction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;

/** t = quantile(u): a row's time of its rank in (0, 1); kernel {@code time_sample_f32}. */
record TimeOfRank(Sde sde, TimeSampling sampling) implements RowFunction {
    @Override
    public String name() {
        return "time_sample";
    }

    @Override
    public void apply(double[][] from, double[][] into) {
        into[0][0] = sampling.quantile(sde, from[0][0]);
    }
}
