package org.tweedie.train;

import org.tweedie.plan.RowFunction;
import org.tweedie.sde.Noising;

/** t of a row's rank in (0, 1), even from the cutoff to T; kernel {@code time_sample_f32}. */
record UniformTime(Noising process) implements RowFunction {
    @Override
    public String name() {
        return "time_sample";
    }

    @Override
    public void apply(double[][] from, double[][] into) {
        into[0][0] = process.cutoff() + from[0][0] * (process.horizon() - process.cutoff());
    }
}
