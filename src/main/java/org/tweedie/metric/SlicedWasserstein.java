package org.tweedie.metric;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.tweedie.device.Device;
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

    /** {@link #estimate(Points, Points, long, Device)} on the cores of the host. */
    public static Estimate estimate(Points x, Points y, long seed) {
        return DevicePairs.onHost(host -> estimate(x, y, seed, host));
    }

    /**
     * The distance over 64 directions of the sphere, drawn by the seed (in one dimension: exact), with a bootstrap interval.
     *
     * @param device where rows are projected, sorted and drawn again; the answer has the same bits on all
     */
    public static Estimate estimate(Points x, Points y, long seed, Device device) {
        Points.requireComparable(x, y);
        int width = x.width();
        double[][] directions = IntStream.range(0, width == 1 ? 1 : DIRECTIONS)
                .mapToObj(k -> direction(width, seed, k))
                .toArray(double[][]::new);
        try (DeviceLines on = new DeviceLines(device)) {
            DeviceLines.Costs costs = on.costs(x, y, directions, 2, Bootstrap.REPLICATES, seed);
            double[] replicates = Arrays.stream(costs.replicates())
                    .mapToDouble(SlicedWasserstein::rootMean)
                    .toArray();
            return Bootstrap.interval(rootMean(costs.whole()), 0, replicates);
        }
    }

    private static double rootMean(double[] costs) {
        double sum = 0;
        for (double cost : costs) {
            sum += cost;
        }
        return Math.sqrt(sum / costs.length);
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
