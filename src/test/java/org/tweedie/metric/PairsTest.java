package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;

/** What every metric of pairs owes: the same bits on every device and any number of threads. */
@Tag("kernels")
class PairsTest {
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyMetricHasTheBitsOfOneHostThread(Device device) {
        try (Device one = Device.open("cpu:1")) {
            assertEquals(all(one), all(device));
        }
    }

    private static String all(Device device) {
        Points x = Gaussians.of(4, 133, 3, 0, 1);
        Points y = Gaussians.of(5, 110, 3, 0.5, 1);
        StringBuilder said = new StringBuilder();
        Evaluation evaluation =
                Evaluation.of(x, y, y, x, List.of("a", "b", "c"), EnumSet.allOf(Metric.class), 3, 300, device);
        evaluation
                .figures()
                .forEach(figure -> said.append(exact(figure.samples())).append(exact(figure.halves())));
        said.append(exact(EnergyDistance.estimate(x, y, 300, device)));
        said.append(exact(Memorisation.of(x, y, x, 3, device).ratio()));
        assertEquals(List.of(), evaluation.notes());
        return said.toString();
    }

    private static String exact(Estimate estimate) {
        return Double.toHexString(estimate.value()) + " " + Double.toHexString(estimate.low()) + " ";
    }

    @Test
    void nearestAreTheFirstOfAllSorted() {
        Points x = Gaussians.of(3, 40, 2, 0, 1);
        float[][] nearest = nearest(x, 3);
        for (int i = 0; i < 40; i++) {
            int row = i;
            double[] sorted = IntStream.range(0, 40)
                    .filter(j -> j != row)
                    .mapToDouble(j -> Gaussians.square(x, row, x, j))
                    .sorted()
                    .toArray();
            for (int rank = 0; rank < 3; rank++) {
                assertEquals(sorted[rank], nearest[rank][i], 4e-7 * sorted[rank]);
            }
        }
        assertEquals(Float.POSITIVE_INFINITY, nearest(x.first(2), 3)[1][0]);
        float[][] equal = nearest(new Points(new float[] {1, 1, 1, 5}, 1), 3); // equal rows count each
        assertEquals(0, equal[1][0]);
        assertEquals(16, equal[2][0]);
    }

    private static float[][] nearest(Points x, int ranks) {
        try (Device host = Device.open("cpu:1");
                DevicePairs on = new DevicePairs(host)) {
            DevicePairs.Placed placed = on.place(x);
            return on.nearest(placed, placed, true, ranks);
        }
    }

    /** A shift of a million takes digits of the rows, not of what their differences leave. */
    @Test
    void aFarMeanCostsNothing() {
        Points farX = shifted(Gaussians.of(6, 100, 2, 0, 1), 1 << 20);
        Points farY = shifted(Gaussians.of(7, 100, 2, 0.5, 1), 1 << 20);
        double near = EnergyDistance.squared(shifted(farX, -(1 << 20)), shifted(farY, -(1 << 20)));
        assertEquals(near, EnergyDistance.squared(farX, farY), 1e-12);
    }

    private static Points shifted(Points points, float by) {
        float[] values = points.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] += by;
        }
        return new Points(values, points.width());
    }

    @Test
    void valuesBeyondTheRangeAreNamed() {
        Points x = new Points(new float[] {1, 2, 1e16f}, 1);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> EnergyDistance.squared(x, x))
                .getMessage()
                .startsWith("row 2, column 0 is " + x.values()[2] + "; squared distances"));
    }

    /** Marginals of the coupling by its own definition, and the bound that is given back. */
    @Test
    void theCouplingHasTheMarginalsThatItSays() {
        Points x = Gaussians.of(8, 30, 2, 0, 1);
        Points y = Gaussians.of(9, 20, 2, 0.5, 1);
        EntropicTransport plan = EntropicTransport.solve(x, y, 0.3);
        double off = 0;
        for (int i = 0; i < 30; i++) {
            int row = i;
            double mass =
                    IntStream.range(0, 20).mapToDouble(j -> plan.mass(row, j)).sum();
            off += Math.abs(mass - 1.0 / 30);
        }
        assertTrue(off <= EntropicTransport.TOLERANCE && plan.misplaced() <= EntropicTransport.TOLERANCE, "" + off);
        for (int j = 0; j < 20; j++) {
            int column = j;
            double mass = IntStream.range(0, 30)
                    .mapToDouble(i -> plan.mass(i, column))
                    .sum();
            assertEquals(1.0 / 20, mass, EntropicTransport.TOLERANCE);
        }
    }
}
