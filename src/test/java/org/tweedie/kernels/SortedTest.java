package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

@Tag("kernels")
class SortedTest {
    private static final double U = 0x1p-53;

    private static final int[][] SHAPES = { // rows of x, of y, dim, lines, replicates
        {0, 3, 1, 2, 1},
        {1, 1, 1, 1, 1},
        {1, 5, 2, 3, 2},
        {2, 3, 4, 1, 9},
        {31, 33, 1, 2, 3},
        {257, 64, 2, 3, 2},
        {1021, 1021, 3, 2, 2},
        {1024, 1023, 1, 1, 3},
        {1025, 1024, 1, 2, 1},
        {2049, 700, 2, 1, 2},
        {90, 5003, 1, 2, 2}
    };

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everythingIsAsDefinedAndItsBitsThoseOfOneThread(Device device) {
        for (int[] shape : SHAPES) {
            String what = Arrays.toString(shape) + " on " + device.name();
            SortedLaunches.Answers got;
            try (Lab lab = new Lab(device)) {
                got = run(lab, shape);
            }
            try (Device one = Device.open("cpu:1");
                    Lab lab = new Lab(one)) {
                Lab.assertBits(run(lab, shape).bits(), got.bits(), what);
            }
            try (Lab lab = new Lab(device, FewBlocks::of)) {
                Lab.assertBits(got.bits(), run(lab, shape).bits(), what + ", few blocks");
            }
            check(got.x(), 1, shape[0], shape, 0, what + ", x");
            check(got.y(), 2, shape[1], shape, 1, what + ", y");
            costs(got, shape, what);
        }
    }

    private static SortedLaunches.Answers run(Lab lab, int[] shape) {
        View x = lab.rows(SortedLaunches.sample(1, shape[0], shape[2]), shape[2]);
        View y = lab.rows(SortedLaunches.sample(2, shape[1], shape[2]), shape[2]);
        return SortedLaunches.run(lab, x, shape[0], y, shape[1], shape[3], shape[4]);
    }

    private static void check(SortedLaunches.Placed got, long seed, int n, int[] shape, int ordinal, String what) {
        assertTrue(SortedLaunches.guarded(got.keys()) && SortedLaunches.guarded(got.sorted()), what);
        assertTrue(SortedLaunches.guarded(got.rows()) && SortedLaunches.guarded(got.counts()), what);
        assertTrue(SortedLaunches.guarded(got.slots()), what);
        for (int line = 0; line < shape[3]; line++) {
            projected(got, SortedLaunches.sample(seed, n, shape[2]), n, line, shape, what);
            ordered(got, n, line, what);
        }
        for (int r = 0; n > 0 && r < shape[4]; r++) {
            int[] counts = Arrays.copyOfRange(got.counts(), r * n, (r + 1) * n);
            assertArrayEquals(counts(n, ordinal + 2 * r), counts, what + ", counts of " + r);
            for (int line = 0; line < shape[3]; line++) {
                int[] ranks = Arrays.copyOfRange(got.rows(), line * n, (line + 1) * n);
                int[] expected = IntStream.range(0, n)
                        .flatMap(rank -> IntStream.generate(() -> rank).limit(counts[ranks[rank]]))
                        .toArray();
                int from = (r * shape[3] + line) * n;
                assertArrayEquals(expected, Arrays.copyOfRange(got.slots(), from, from + n), what + ", slots");
            }
        }
    }

    /** A sum of dim products of a difference: dim + 2 roundings. */
    private static void projected(SortedLaunches.Placed got, float[] x, int n, int line, int[] shape, String what) {
        int dim = shape[2];
        double[] directions = SortedLaunches.directions(shape[3], dim);
        for (int i = 0; i < n; i++) {
            double sum = 0;
            double size = 0;
            for (int d = dim - 1; d >= 0; d--) {
                double term = directions[line * dim + d] * (x[i * dim + d] - 0.375);
                sum += term;
                size += Math.abs(term);
            }
            assertEquals(sum, got.keys()[line * n + i], 2 * (dim + 2) * U * size, what + ", key " + i);
        }
    }

    private static void ordered(SortedLaunches.Placed got, int n, int line, String what) {
        double[] keys = Arrays.copyOfRange(got.keys(), line * n, (line + 1) * n);
        int[] order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> keys[i] + 0.0).thenComparingInt(i -> i))
                .mapToInt(i -> i)
                .toArray();
        assertArrayEquals(order, Arrays.copyOfRange(got.rows(), line * n, (line + 1) * n), what + ", rows");
        double[] sorted = IntStream.of(order).mapToDouble(i -> keys[i]).toArray();
        assertArrayEquals(sorted, Arrays.copyOfRange(got.sorted(), line * n, (line + 1) * n), what + ", keys");
    }

    static int[] counts(int rows, int ordinal) {
        int[] counts = new int[rows];
        Words words = Philox.words(SortedLaunches.SEED, 0, Purpose.BOOTSTRAP, ordinal);
        for (int i = 0; i < rows; i++) {
            counts[(int) Math.floor((words.word(i, 0) & 0xffffffffL) * 0x1p-32 * rows)]++;
        }
        return counts;
    }

    private static void costs(SortedLaunches.Answers got, int[] shape, String what) {
        int n = shape[0];
        int m = shape[1];
        for (int power = 1; n > 0 && power <= 2; power++) {
            assertTrue(SortedLaunches.guarded(got.whole()[power - 1]), what);
            assertTrue(SortedLaunches.guarded(got.drawn()[power - 1]), what);
            for (int line = 0; line < shape[3]; line++) {
                double[] x = Arrays.copyOfRange(got.x().keys(), line * n, (line + 1) * n);
                double[] y = Arrays.copyOfRange(got.y().keys(), line * m, (line + 1) * m);
                same(cost(x, y, power), got.whole()[power - 1][line], what + ", power " + power + ", line " + line);
                for (int r = 0; r < shape[4]; r++) {
                    same(
                            cost(drawn(x, counts(n, 2 * r)), drawn(y, counts(m, 2 * r + 1)), power),
                            got.drawn()[power - 1][r * shape[3] + line],
                            what + ", power " + power + ", line " + line + ", replicate " + r);
                }
            }
        }
    }

    private static double[] drawn(double[] values, int[] counts) {
        return IntStream.range(0, values.length)
                .flatMap(i -> IntStream.generate(() -> i).limit(counts[i]))
                .mapToDouble(i -> values[i])
                .toArray();
    }

    /** Each value of x as often as y has rows and the other way about, so that both are as many: then the order pairs them. */
    private static double cost(double[] x, double[] y, int power) {
        double[] a = x.clone();
        double[] b = y.clone();
        Arrays.sort(a);
        Arrays.sort(b);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < y.length; j++) {
                long place = (long) i * y.length + j;
                sum += Math.pow(Math.abs(a[i] - b[(int) (place / x.length)]), power);
            }
        }
        return sum / x.length / y.length;
    }

    /** Sums of up to 2^23 terms, none below 0. */
    private static void same(double expected, double got, String what) {
        assertEquals(expected, got, expected * 1e-9, what);
    }

    @Test
    void badOperandsAreNamed() {
        try (Device host = Device.open("cpu:1");
                Lab lab = new Lab(host)) {
            DeviceBuffer two = lab.doubles(0, 0);
            DeviceBuffer ints = lab.ints(0, 0);
            Sorted.Side side = new Sorted.Side(two, null, 2);
            String power = assertThrows(
                            IllegalArgumentException.class,
                            () -> Sorted.cost(lab.stream(), side, side, 1, 1, 3, two, two))
                    .getMessage();
            assertEquals("the power of a transport cost must be 1 or 2 here, got 3", power);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Sorted.cost(lab.stream(), new Sorted.Side(two, null, 3), side, 1, 1, 2, two, two));
            Sorted.Keys keys = new Sorted.Keys(two, ints);
            assertThrows(IllegalArgumentException.class, () -> Sorted.sort(lab.stream(), keys, keys, 3, 1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Sorted.draw(lab.stream(), ints, 0, 1, 1, Purpose.BOOTSTRAP, 0, 2));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Sorted.project(lab.stream(), lab.rows(new float[4], 2), 3, lab.floats(0, 0), two, 1, two));
            assertThrows(
                    IllegalArgumentException.class, () -> Sorted.spread(lab.stream(), ints, two, 2, 1, 1, ints, ints));
        }
    }
}
