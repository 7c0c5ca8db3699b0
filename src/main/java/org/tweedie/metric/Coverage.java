package org.tweedie.metric;

import org.tweedie.device.Device;

/**
 * How samples cover real rows, by balls around each row that reach to its k-th nearest of its own sample. Immutable.
 *
 * <p>Precision and recall after Kynkäänniemi et al. (NeurIPS 2019), density and coverage after Naeem et al. (ICML 2020). Of equal
 * laws the expected density is 1 and the expected coverage {@link #coverageOfEqualLaws}, whatever the law. Intervals are of the
 * share of rows, as if the balls were given.
 *
 * @param precision share of samples inside the ball of any real row
 * @param recall share of real rows inside the ball of any sample
 * @param density mean number of real balls that a sample is in, over k; above 1 where samples crowd
 * @param coverage share of real rows whose ball holds any sample
 */
public record Coverage(Estimate precision, Estimate recall, Estimate density, Estimate coverage) {
    /** The usual k. */
    public static final int NEIGHBOURS = 5;

    /**
     * Balls to the k-th nearest row, on the cores of the host.
     *
     * @param k at least 1, below the rows of either sample
     */
    public static Coverage of(Points samples, Points real, int k) {
        return DevicePairs.onHost(host -> of(samples, real, k, host));
    }

    /**
     * Balls to the k-th nearest row; the same bits on every device.
     *
     * @param k at least 1, below the rows of either sample
     */
    public static Coverage of(Points samples, Points real, int k, Device device) {
        Points.requireComparable(samples, real);
        if (k < 1 || k >= samples.rows() || k >= real.rows()) {
            throw new IllegalArgumentException("the k of k-nearest neighbours must be 1 to one fewer than the rows ("
                    + samples.rows() + " and " + real.rows() + "), got " + k);
        }
        try (DevicePairs on = new DevicePairs(device)) {
            DevicePairs.Placed ours = on.place(samples);
            DevicePairs.Placed theirs = on.place(real);
            float[] radius = on.nearest(theirs, theirs, true, k)[k - 1];
            float[] radiusOfSample = on.nearest(ours, ours, true, k)[k - 1];
            float[] nearest = on.nearest(theirs, ours, false, 1)[0];
            return of(on.within(ours, theirs, radius), on.within(theirs, ours, radiusOfSample), nearest, radius, k);
        }
    }

    /**
     * By numbers of balls and squares.
     *
     * @param inside of each sample: real balls that it is in
     * @param recalls of each real row: balls of samples that it is in
     * @param nearest of each real row, to any sample
     * @param radius of each real row
     */
    private static Coverage of(double[] inside, double[] recalls, float[] nearest, float[] radius, int k) {
        boolean[] recalled = new boolean[recalls.length];
        boolean[] covered = new boolean[recalls.length];
        for (int i = 0; i < recalled.length; i++) {
            recalled[i] = recalls[i] > 0;
            covered[i] = nearest[i] <= radius[i];
        }
        double[] density = new double[inside.length];
        boolean[] precise = new boolean[inside.length];
        for (int i = 0; i < density.length; i++) {
            density[i] = inside[i] / k;
            precise[i] = inside[i] > 0;
        }
        return new Coverage(share(precise), share(recalled), Estimate.ofMean(density), share(covered));
    }

    /** The expected coverage where samples and real rows have one law: {@code 1 - prod_l (real - l)/(real + samples - l)}, l = 1 .. k. */
    public static double coverageOfEqualLaws(int samples, int real, int k) {
        double none = 1;
        for (int l = 1; l <= k; l++) {
            none *= (real - l) / ((double) real + samples - l);
        }
        return 1 - none;
    }

    private static Estimate share(boolean[] hits) {
        int count = 0;
        for (boolean hit : hits) {
            count += hit ? 1 : 0;
        }
        return Estimate.ofShare(count, hits.length);
    }
}
