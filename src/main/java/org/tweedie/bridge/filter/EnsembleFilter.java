package org.tweedie.bridge.filter;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.rng.Philox;

/** A way to let a population see an observation. Immutable; any thread. */
public interface EnsembleFilter {
    /**
     * Rows of p(x_t | y_1, ..., y_t), given rows of p(x_t | y_1, ..., y_(t-1)).
     *
     * @param seen y_t
     */
    Population analysed(StateSpaceModel model, int t, Population forecast, double[] seen, long seed);

    /**
     * Filters: the population after each observation, y_1 first.
     *
     * @param observations [time][condition]
     * @param rows of the population
     */
    default List<Population> run(StateSpaceModel model, double[][] observations, int rows, long seed) {
        List<Population> all = new ArrayList<>();
        Population now = Population.start(model, rows, seed);
        for (int t = 1; t <= observations.length; t++) {
            now = analysed(model, t, now.moved(model, t, seed), observations[t - 1], Philox.part(seed, t));
            all.add(now);
        }
        return all;
    }
}
