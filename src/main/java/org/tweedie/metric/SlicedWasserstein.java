package org.tweedie.metric;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
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
        Projected[] px = new Projected[directions];
        Projected[] py = new Projected[directions];
        for (int k = 0; k < directions; k++) {
            double[] direction = direction(x.width(), seed, k);
            px[k] = Projected.of(x, direction);
            py[k] = Projected.of(y, direction);
        }
        int[] onesX = ones(x.rows());
        int[] onesY = ones(y.rows());
        return Bootstrap.interval(
                mean(px, py, onesX, onesY), 0, x.rows(), y.rows(), seed, (u, v) -> mean(px, py, u, v));
    }

    private static double mean(Projected[] px, Projected[] py, int[] u, int[] v) {
        double sum = 0;
        for (int k = 0; k < px.length; k++) {
            sum += squared(px[k], u, py[k], v);
        }
        return Math.sqrt(sum / px.length);
    }

    /** Squared W2 between two weighted samples on the line: walk both quantile functions at once. */
    private static double squared(Projected x, int[] u, Projected y, int[] v) {
        double sum = 0;
        int i = 0;
        int j = 0;
        double leftX = u[x.order[0]] / (double) u.length;
        double leftY = v[y.order[0]] / (double) v.length;
        while (true) {
            double mass = Math.min(leftX, leftY);
            double gap = x.values[i] - y.values[j];
            sum += mass * gap * gap;
            leftX -= mass;
            leftY -= mass;
            if (leftX <= leftY) {
                if (++i == u.length) {
                    return sum;
                }
                leftX += u[x.order[i]] / (double) u.length;
            } else {
                if (++j == v.length) {
                    return sum;
                }
                leftY += v[y.order[j]] / (double) v.length;
            }
        }
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

    private static int[] ones(int n) {
        int[] ones = new int[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Projections in ascending order, and the row each came from. */
    private record Projected(double[] values, int[] order) {
        static Projected of(Points points, double[] direction) {
            double[] raw = new double[points.rows()];
            for (int i = 0; i < raw.length; i++) {
                for (int d = 0; d < direction.length; d++) {
                    raw[i] += direction[d] * points.values()[i * direction.length + d];
                }
            }
            int[] order = IntStream.range(0, raw.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> raw[i]))
                    .mapToInt(i -> i)
                    .toArray();
            return new Projected(IntStream.of(order).mapToDouble(i -> raw[i]).toArray(), order);
        }
    }
}
