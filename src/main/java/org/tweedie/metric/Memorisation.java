package org.tweedie.metric;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.tweedie.device.Device;

/**
 * Whether samples repeat rows that were learned by heart. Of data that are not, samples are as far from the nearest training row as
 * held-out rows are. Immutable.
 *
 * @param nearest median distance of a sample to its nearest training row
 * @param nearestOfHeldOut the same of held-out rows
 * @param ratio the first over the second, with a bootstrap interval; far below 1 where rows are repeated
 * @param copies share of samples that are nearer to one training row than a third of the distance to the next (Yoon et al. 2023)
 * @param copiesOfHeldOut the same of held-out rows: what chance makes
 */
public record Memorisation(
        double nearest, double nearestOfHeldOut, Estimate ratio, Estimate copies, Estimate copiesOfHeldOut) {
    private static final double COPY = 1.0 / 9; // of squared distances

    /** {@link #of(Points, Points, Points, long, Device)} on the cores of the host. */
    public static Memorisation of(Points samples, Points training, Points heldOut, long seed) {
        return DevicePairs.onHost(host -> of(samples, training, heldOut, seed, host));
    }

    /**
     * The report.
     *
     * @param samples at least 2
     * @param training the rows that were learned from, at least 2
     * @param heldOut rows of the same law that were not, at least 2
     * @throws IllegalArgumentException if more than half of the held-out rows are training rows, so that there is no distance to compare with
     */
    public static Memorisation of(Points samples, Points training, Points heldOut, long seed, Device device) {
        Points.requireComparable(samples, training);
        Points.requireComparable(heldOut, training);
        float[][] ours;
        float[][] theirs;
        try (DevicePairs on = new DevicePairs(device)) {
            DevicePairs.Placed learned = on.place(training);
            ours = on.nearest(on.place(samples), learned, false, 2);
            theirs = on.nearest(on.place(heldOut), learned, false, 2);
        }
        double[] mine = first(ours);
        double[] real = first(theirs);
        double nearest = median(mine);
        double nearestOfHeldOut = median(real);
        if (nearestOfHeldOut == 0) {
            throw new IllegalArgumentException(
                    "more than half of the held-out rows are training rows too: there is no distance to compare with");
        }
        Estimate ratio = Bootstrap.interval(
                nearest / nearestOfHeldOut,
                0,
                mine.length,
                real.length,
                seed,
                (u, v) -> median(drawn(mine, u)) / Math.max(Double.MIN_NORMAL, median(drawn(real, v))));
        return new Memorisation(nearest, nearestOfHeldOut, ratio, copies(ours), copies(theirs));
    }

    private static double[] first(float[][] squares) {
        return IntStream.range(0, squares[0].length)
                .mapToDouble(i -> Math.sqrt(squares[0][i]))
                .toArray();
    }

    private static Estimate copies(float[][] squares) {
        long copies = IntStream.range(0, squares[0].length)
                .filter(i -> squares[0][i] < COPY * squares[1][i])
                .count();
        return Estimate.ofShare(copies, squares[0].length);
    }

    /** Each value as often as it counts. */
    private static double[] drawn(double[] values, int[] counts) {
        double[] drawn = new double[values.length];
        int at = 0;
        for (int i = 0; i < values.length; i++) {
            for (int k = 0; k < counts[i]; k++) {
                drawn[at++] = values[i];
            }
        }
        return drawn;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
