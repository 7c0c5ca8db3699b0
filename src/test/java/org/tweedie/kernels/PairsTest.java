package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;

@Tag("kernels")
class PairsTest {
    /** f32 is off by this of itself a rounding. */
    private static final double U = 0x1p-24;

    private static final int[][] SHAPES = { // rows, columns, dim
        {0, 5, 2},
        {1, 1, 1},
        {3, 31, 3},
        {33, 65, 2},
        {65, 257, 5},
        {31, 1021, 16},
        {5, 8257, 1},
        {66, 130, 17},
        {4, 70, 64}
    };

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void sumsAreThoseInDoubleAndTheirBitsThoseOfOneThread(Device device) {
        for (int[] shape : SHAPES) {
            for (boolean same : new boolean[] {false, true}) {
                int n = shape[0];
                int m = same ? n : shape[1];
                int dim = shape[2];
                String what = n + " x " + m + " x " + dim + (same ? " same" : "");
                PairLaunches.Answers got;
                try (Lab lab = new Lab(device)) {
                    got = run(lab, n, m, dim, same);
                }
                try (Device one = Device.open("cpu:1");
                        Lab lab = new Lab(one)) {
                    Lab.assertBits(run(lab, n, m, dim, same).bits(), got.bits(), what + " on " + device.name());
                }
                if (m > 0) {
                    checkAll(got, n, m, dim, same, what);
                }
            }
        }
    }

    private static PairLaunches.Answers run(Lab lab, int n, int m, int dim, boolean same) {
        View x = lab.rows(PairLaunches.sample(1, n, dim), dim);
        View y = same ? x : lab.rows(PairLaunches.sample(2, m, dim), dim);
        View bound = lab.rows(bounds(m, dim), 1);
        View old = lab.rows(PairLaunches.sample(4, n, 1), 1);
        return PairLaunches.run(lab, lab.rows(1, 0, n), x, y, n, m, same, bound, old);
    }

    /** Around a mean square, which is 8/3 a coordinate. */
    private static float[] bounds(int m, int dim) {
        float[] bounds = PairLaunches.sample(3, m, 1);
        for (int j = 0; j < m; j++) {
            bounds[j] = bounds[j] + 2.5f * dim;
        }
        return bounds;
    }

    private static void checkAll(PairLaunches.Answers got, int n, int m, int dim, boolean same, String what) {
        float[] x = PairLaunches.sample(1, n, dim);
        float[] y = same ? x : PairLaunches.sample(2, m, dim);
        float[] bound = bounds(m, dim);
        float[] old = PairLaunches.sample(4, n, 1);
        for (int i = 0; i < n; i++) {
            int row = i;
            double[] square = IntStream.range(0, m)
                    .mapToDouble(j -> same && j == row ? Double.NaN : square(x, row, y, j, dim))
                    .toArray();
            sums(got, i, square, bound, dim, what + ": row " + i);
            soft(got, i, square, bound, old, dim, what + ": soft of row " + i);
            nearest(got, i, square, dim, what + ": nearest of row " + i);
        }
    }

    /** A square is off by dim + 2 roundings; functions add at most 4, f32 sums of four 2. */
    private static void sums(PairLaunches.Answers got, int i, double[] square, float[] bound, int dim, String what) {
        double[] sum = new double[4];
        double[] off = new double[4];
        double least = 0;
        double most = 0;
        for (int j = 0; j < square.length; j++) {
            double s = square[j];
            if (!Double.isNaN(s)) {
                double power = s == 0 ? 0 : Math.pow(s, 0.75);
                sum[0] += Math.exp((double) -0.3f * s);
                off[0] += Math.exp((double) -0.3f * s) * ((dim + 3) * 0.3 * s + 4) * U;
                sum[1] += Math.sqrt(s);
                off[1] += Math.sqrt(s) * ((dim + 2) / 2.0 + 3) * U;
                sum[2] += power;
                off[2] += power * ((dim + 2) + 6 + 2 * Math.abs(Math.log(Math.max(1e-30, s)))) * U;
                least += s * (1 + (dim + 2) * U) <= bound[j] ? 1 : 0;
                most += s * (1 - (dim + 2) * U) <= bound[j] ? 1 : 0;
            }
        }
        for (int k = 0; k < 3; k++) {
            assertEquals(sum[k], got.sums()[k][i], off[k], what + ", " + Pairs.Function.values()[k]);
        }
        assertEquals((least + most) / 2, got.sums()[3][i], (most - least) / 2, what + ", within");
    }

    /** An exponent of size e is off by (dim + 4) roundings of itself, and so, absolutely, is the logarithm of the sum. */
    private static void soft(
            PairLaunches.Answers got, int i, double[] square, float[] bound, float[] old, int dim, String what) {
        double inverse = PairLaunches.INVERSE;
        double with = 0;
        double without = 0;
        double size = 4;
        for (int j = 0; j < square.length; j++) {
            if (!Double.isNaN(square[j])) {
                with += Math.exp(inverse * (bound[j] - square[j])) / square.length;
                without += Math.exp(-inverse * square[j]) / square.length;
                size = Math.max(size, inverse * (square[j] + bound[j]));
            }
        }
        if (with > 0) {
            double off = (dim + 8) * U * size;
            assertEquals(-Math.log(with) / inverse, got.soft()[2 * i], off, what);
            assertEquals((old[i] - Math.log(without) / inverse) / 2, got.mean()[i], off, what + ", mean");
        }
    }

    private static void nearest(PairLaunches.Answers got, int i, double[] square, int dim, String what) {
        double[] sorted =
                Arrays.stream(square).filter(s -> !Double.isNaN(s)).sorted().toArray();
        boolean[] taken = new boolean[square.length];
        for (int rank = 0; rank < PairLaunches.RANKS; rank++) {
            int at = (int) got.columns()[rank][i];
            if (rank < sorted.length) {
                assertEquals(sorted[rank], got.nearest()[rank][i], sorted[rank] * (dim + 2) * U, what);
                assertEquals(square[at], got.nearest()[rank][i], square[at] * (dim + 2) * U, what + ", its column");
                assertEquals(false, taken[at], what + ": a column twice");
                taken[at] = true;
            } else {
                assertEquals(Float.POSITIVE_INFINITY, got.nearest()[rank][i], what);
                assertEquals(-1, at, what);
            }
        }
    }

    private static double square(float[] x, int i, float[] y, int j, int dim) {
        double square = 0;
        for (int d = 0; d < dim; d++) {
            double apart = (double) x[i * dim + d] - y[j * dim + d];
            square += apart * apart;
        }
        return square;
    }

    @Test
    void badOperandsAreNamed() {
        try (Device host = Device.open("cpu:1");
                Lab lab = new Lab(host);
                PairParts parts = new PairParts(host, 1, 1)) {
            View two = lab.rows(new float[4], 2);
            assertThrows(
                    IllegalArgumentException.class, () -> new Pairs.Sides(two, lab.rows(new float[3], 3), 1, false));
            assertThrows(IllegalArgumentException.class, () -> new Pairs.Sides(two, two, 3, false));
            Pairs.Sides sides = new Pairs.Sides(two, two, 2, false);
            RowSet rows = lab.rows(0, 0, 2);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Pairs.sum(
                            lab.stream(), rows, sides, Pairs.Function.WITHIN, 0, null, parts, lab.doubles(0, 0)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Pairs.sum(lab.stream(), rows, sides, Pairs.Function.ROOT, 0, null, parts, lab.doubles(0, 0)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Pairs.sum(lab.stream(), rows, sides, Pairs.Function.ROOT, 0, null, parts, lab.floats(0)));
        }
    }
}
