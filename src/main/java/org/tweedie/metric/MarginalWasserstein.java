package org.tweedie.metric;

import java.util.ArrayList;
import java.util.List;

/** The 1- or 2-Wasserstein distance of each column, exact, by sorting, with bootstrap intervals. Stateless. */
public final class MarginalWasserstein {
    private MarginalWasserstein() {}

    /**
     * One distance a column.
     *
     * @param power 1 or 2
     * @param seed of the bootstrap
     */
    public static List<Estimate> estimate(Points x, Points y, int power, long seed) {
        Points.requireComparable(x, y);
        if (power != 1 && power != 2) {
            throw new IllegalArgumentException("the power of a transport cost must be 1 or 2 here, got " + power);
        }
        List<Estimate> all = new ArrayList<>();
        for (int d = 0; d < x.width(); d++) {
            double[] along = new double[x.width()];
            along[d] = 1;
            SortedSample a = SortedSample.of(x, along);
            SortedSample b = SortedSample.of(y, along);
            all.add(Bootstrap.interval(
                    distance(a, SortedSample.ones(x.rows()), b, SortedSample.ones(y.rows()), power),
                    0,
                    x.rows(),
                    y.rows(),
                    seed,
                    (u, v) -> distance(a, u, b, v, power)));
        }
        return all;
    }

    private static double distance(SortedSample x, int[] u, SortedSample y, int[] v, int power) {
        double cost = x.cost(u, y, v, power);
        return power == 1 ? cost : Math.sqrt(cost);
    }
}
