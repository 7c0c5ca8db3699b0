package org.tweedie.metric;

import java.util.Comparator;
import java.util.stream.IntStream;

/** A sample on a line: values in ascending order, and the row each came from. */
record SortedSample(double[] values, int[] order) {
    /** The projections on a direction. */
    static SortedSample of(Points points, double[] direction) {
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
        return new SortedSample(IntStream.of(order).mapToDouble(i -> raw[i]).toArray(), order);
    }

    /**
     * The p-th power of the p-Wasserstein distance between two weighted samples: both quantile functions are walked at once.
     *
     * @param u how often each row of this sample counts, as many in all as rows
     * @param power 1 or 2
     */
    double cost(int[] u, SortedSample y, int[] v, int power) {
        double sum = 0;
        int i = 0;
        int j = 0;
        double leftX = u[order[0]] / (double) u.length;
        double leftY = v[y.order[0]] / (double) v.length;
        while (true) {
            double mass = Math.min(leftX, leftY);
            double gap = Math.abs(values[i] - y.values[j]);
            sum += mass * (power == 1 ? gap : gap * gap);
            leftX -= mass;
            leftY -= mass;
            if (leftX <= leftY) {
                if (++i == u.length) {
                    return sum;
                }
                leftX += u[order[i]] / (double) u.length;
            } else {
                if (++j == v.length) {
                    return sum;
                }
                leftY += v[y.order[j]] / (double) v.length;
            }
        }
    }

    static int[] ones(int n) {
        int[] ones = new int[n];
        java.util.Arrays.fill(ones, 1);
        return ones;
    }
}
