package org.tweedie.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tweedie.device.Device;

/** The 1- or 2-Wasserstein distance of each column, exact, by sorting, with bootstrap intervals. Stateless. */
public final class MarginalWasserstein {
    private MarginalWasserstein() {}

    /** {@link #estimate(Points, Points, int, long, Device)} on the cores of the host. */
    public static List<Estimate> estimate(Points x, Points y, int power, long seed) {
        return DevicePairs.onHost(host -> estimate(x, y, power, seed, host));
    }

    /**
     * One distance a column.
     *
     * @param power 1 or 2
     * @param seed of the bootstrap
     * @param device where rows are sorted and drawn again; the answer has the same bits on all
     */
    public static List<Estimate> estimate(Points x, Points y, int power, long seed, Device device) {
        Points.requireComparable(x, y);
        if (power != 1 && power != 2) {
            throw new IllegalArgumentException("the power of a transport cost must be 1 or 2 here, got " + power);
        }
        double[][] columns = new double[x.width()][x.width()];
        for (int d = 0; d < columns.length; d++) {
            columns[d][d] = 1;
        }
        try (DeviceLines on = new DeviceLines(device)) {
            DeviceLines.Costs costs = on.costs(x, y, columns, power, Bootstrap.REPLICATES, seed);
            List<Estimate> all = new ArrayList<>();
            for (int d = 0; d < columns.length; d++) {
                int column = d;
                double[] replicates = Arrays.stream(costs.replicates())
                        .mapToDouble(of -> distance(of[column], power))
                        .toArray();
                all.add(Bootstrap.interval(distance(costs.whole()[column], power), 0, replicates));
            }
            return all;
        }
    }

    private static double distance(double cost, int power) {
        return power == 1 ? cost : Math.sqrt(cost);
    }
}
