package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Distances by sorting, held to quantile functions walked in double on rows drawn by {@link Bootstrap#counts}. */
@Tag("kernels")
class WassersteinTest {
    private static final long SEED = 11;

    private static final int[][] SIZES = {{2, 2}, {2, 7}, {64, 64}, {190, 57}, {40, 1030}, {1024, 1025}};

    /** The estimate of columns, and the whole interval: what rows are drawn, and what each replicate makes of them. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void marginalsAndTheirIntervalsAreThoseOfQuantileFunctions(Device device) {
        for (int[] size : SIZES) {
            Points x = ties(Gaussians.of(1, size[0], 2, 0, 1));
            Points y = ties(Gaussians.of(2, size[1], 2, 0.5, 2));
            for (int power = 1; power <= 2; power++) {
                List<Estimate> got = MarginalWasserstein.estimate(x, y, power, SEED, device);
                for (int d = 0; d < 2; d++) {
                    double[][] along = {{1 - d, d}};
                    same(oracle(x, y, along, power), got.get(d), Arrays.toString(size) + ", power " + power);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void slicedDistancesAndTheirIntervalsAreThoseOfQuantileFunctions(Device device) {
        for (int[] size : new int[][] {{2, 3}, {33, 60}, {70, 31}}) {
            Points x = ties(Gaussians.of(3, size[0], 3, 0, 1));
            Points y = ties(Gaussians.of(4, size[1], 3, 0.5, 2));
            double[][] directions = new double[64][];
            for (int k = 0; k < 64; k++) {
                Words words = Philox.words(SEED, k, Purpose.PROBE, 0);
                double[] normal =
                        IntStream.range(0, 3).mapToDouble(words::normal).toArray();
                double norm = Math.hypot(normal[0], Math.hypot(normal[1], normal[2]));
                directions[k] = Arrays.stream(normal).map(v -> v / norm).toArray();
            }
            Estimate got = SlicedWasserstein.estimate(x, y, SEED, device);
            same(oracle(x, y, directions, 2), got, Arrays.toString(size));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theBitsAreThoseOfOneThread(Device device) {
        Points x = Gaussians.of(5, 1100, 2, 0, 1);
        Points y = Gaussians.of(6, 900, 2, 0.5, 1);
        double[][] directions = {{1, 0}, {0.6, 0.8}, {-0.8, 0.6}};
        try (Device one = Device.open("cpu:1");
                DeviceLines there = new DeviceLines(one);
                DeviceLines here = new DeviceLines(device);
                DeviceLines batches = new DeviceLines(device, 4000, 16_000);
                DeviceLines least = new DeviceLines(device, 1, 1)) {
            DeviceLines.Costs expected = there.costs(x, y, directions, 2, 21, SEED);
            for (DeviceLines lines : new DeviceLines[] {here, batches, least}) {
                DeviceLines.Costs got = lines.costs(x, y, directions, 2, 21, SEED);
                assertArrayEquals(expected.whole(), got.whole());
                assertArrayEquals(expected.replicates(), got.replicates());
            }
        }
    }

    /** Eighths, whose sums with 2^20 are f32 numbers. */
    @Test
    void aFarMeanCostsNoDigit() {
        Points x = eighths(Gaussians.of(7, 300, 2, 0, 1), 0);
        Points y = eighths(Gaussians.of(8, 200, 2, 0.5, 1), 0);
        Points farX = eighths(x, 1 << 20);
        Points farY = eighths(y, 1 << 20);
        close(SlicedWasserstein.estimate(x, y, 1), SlicedWasserstein.estimate(farX, farY, 1), 1e-14, "sliced");
        close(
                MarginalWasserstein.estimate(x, y, 1, 1).get(1),
                MarginalWasserstein.estimate(farX, farY, 1, 1).get(1),
                1e-14,
                "column 1");
    }

    @Test
    void noSquareOverflows() {
        Points x = new Points(new float[] {-3e38f, 1e38f, 3e38f}, 1);
        Points y = new Points(new float[] {3e38f, 3e38f, 3e38f}, 1);
        double expected = Math.sqrt((4 * (double) 3e38f * 3e38f + Math.pow((double) 3e38f - 1e38f, 2)) / 3);
        assertEquals(expected, SlicedWasserstein.estimate(x, y, 1).value(), 1e-12 * expected);
    }

    private static Points eighths(Points points, int by) {
        float[] values = points.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.round(values[i] * 8) / 8f + by;
        }
        return new Points(values, points.width());
    }

    /** Every second number in halves, so that many are equal. */
    private static Points ties(Points points) {
        float[] values = points.values().clone();
        for (int i = 0; i < values.length; i += 2) {
            values[i] = Math.round(values[i] * 2) / 2f;
        }
        return new Points(values, points.width());
    }

    /** Value and 1.96 deviations of 200 replicates to both sides. */
    private static Estimate oracle(Points x, Points y, double[][] directions, int power) {
        double[] of = new double[201];
        for (int r = 0; r <= 200; r++) {
            int[] u = r == 200 ? ones(x.rows()) : Bootstrap.counts(x.rows(), SEED, 2 * r);
            int[] v = r == 200 ? ones(y.rows()) : Bootstrap.counts(y.rows(), SEED, 2 * r + 1);
            double sum = 0;
            for (double[] direction : directions) {
                sum += cost(drawn(x, direction, u), drawn(y, direction, v), power);
            }
            of[r] = Math.pow(sum / directions.length, 1.0 / power);
        }
        double mean = Arrays.stream(of, 0, 200).sum() / 200;
        double squares =
                Arrays.stream(of, 0, 200).map(w -> (w - mean) * (w - mean)).sum();
        double half = 1.96 * Math.sqrt(squares / 199);
        return new Estimate(of[200], Math.max(0, of[200] - half), of[200] + half);
    }

    private static int[] ones(int rows) {
        return IntStream.generate(() -> 1).limit(rows).toArray();
    }

    private static double[] drawn(Points points, double[] direction, int[] counts) {
        return IntStream.range(0, counts.length)
                .flatMap(i -> IntStream.generate(() -> i).limit(counts[i]))
                .mapToDouble(i -> IntStream.range(0, direction.length)
                        .mapToDouble(d -> direction[d] * points.values()[i * direction.length + d])
                        .sum())
                .sorted()
                .toArray();
    }

    /** Between each two steps of either quantile function. */
    private static double cost(double[] x, double[] y, int power) {
        long all = (long) x.length * y.length;
        double sum = 0;
        long from = 0;
        while (from < all) {
            long i = from / y.length;
            long j = from / x.length;
            long to = Math.min((i + 1) * y.length, (j + 1) * x.length);
            sum += (double) (to - from) / all * Math.pow(Math.abs(x[(int) i] - y[(int) j]), power);
            from = to;
        }
        return sum;
    }

    private static void same(Estimate expected, Estimate got, String what) {
        close(expected, got, 1e-11, what);
    }

    private static void close(Estimate expected, Estimate got, double most, String what) {
        assertEquals(expected.value(), got.value(), most * expected.high(), what);
        assertEquals(expected.low(), got.low(), most * expected.high(), what);
        assertEquals(expected.high(), got.high(), most * expected.high(), what);
    }
}
