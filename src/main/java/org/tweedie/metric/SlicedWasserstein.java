package org.tweedie.metric;

import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * The sliced 2-Wasserstein distance: the root of the mean, over directions, of the squared 2-Wasserstein distance between the
 * projected samples, each solved exactly by sorting (Rabin et al. 2011; Bonneel et al. 2015). Stateless.
 */
public final class SlicedWasserstein {
    private static final int DIRECTIONS = 64;

    private SlicedWasserstein() {}

    /** The distance over 64 directions of the sphere, drawn by the seed (in one dimension: exact). */
    public static Estimate estimate(Points x, Points y, long seed) {
        Points.requireComparable(x, y);
        int directions = x.width() == 1 ? 1 : DIRECTIONS;
        SortedSample[] px = new SortedSample[directions];
        SortedSample[] py = new SortedSample[directions];
        for (int k = 0; k < directions; k++) {
            double[] direction = direction(x.width(), seed, k);
            px[k] = SortedSample.of(x, direction);
            py[k] = SortedSample.of(y, direction);
        }
        int[] onesX = SortedSample.ones(x.rows());
        int[] onesY = SortedSample.ones(y.rows());
        return Bootstrap.interval(
                mean(px, py, onesX, onesY), 0, x.rows(), y.rows(), seed, (u, v) -> mean(px, py, u, v));
    }

    private static double mean(SortedSample[] px, SortedSample[] py, int[] u, int[] v) {
        double sum = 0;
        for (int k = 0; k < px.length; k++) {
            sum += px[k].cost(u, py[k], v, 2);
        }
        return Math.sqrt(sum / px.length);
    }

    private static double[] direction(int width, long seed, int k) {
        if (width == 1) {
            return new double[] {1};
        }
        double[] direction = new double[width];
        double norm = 0;
        Words words = Philox.words(seed, k, Purpose.PROBE, 0);
        for (int d = 0; d < width; d++) {
            direction[d] = words.normal(d);
            norm += direction[d] * direction[d];
        }
        for (int d = 0; d < width; d++) {
            direction[d] /= Math.sqrt(norm);
        }
        return direction;
    }
}
