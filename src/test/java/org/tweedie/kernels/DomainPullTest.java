package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;

class DomainPullTest {
    private static final float INFINITY = Float.POSITIVE_INFINITY;

    /** Free, three levels, an interval, one of four, half lines, three points of the plane: 11 coordinates. */
    private static final int[] TABLE = {
        DomainLayout.FREE, 0, 1, 0, 0, DomainLayout.POINTS, 1, 1, 3, 0, DomainLayout.INTERVAL, 2, 1, 0, 6,
        DomainLayout.ONE_HOT, 3, 4, 0, 8, DomainLayout.INTERVAL, 7, 1, 0, 12, DomainLayout.INTERVAL, 8, 1, 0, 14,
        DomainLayout.POINTS, 9, 2, 3, 16
    };

    private static final float[] NUMBERS = {
        0, -1, 0.5f, 0, -0.25f, 2, -0.5f, 0.75f, 0, 0.5f, -1, 0.25f, 0.25f, INFINITY, -INFINITY, 1, 0, 0, 0, 0.3f, 1,
        0.5f, -0.8f, -1, 2
    };

    private static final int WIDTH = 11;

    private static float[] run(Lab lab, float[] x, int n, float[] carry, float[] v) {
        View out = lab.out(0, n, WIDTH, WIDTH + 2);
        int one = v.length == 1 ? 0 : 1;
        DomainPull.run(
                lab.stream(),
                lab.rows(0, 0, n),
                lab.rows(x, WIDTH),
                new DomainPull.Domain(lab.ints(TABLE), lab.floats(NUMBERS), WIDTH),
                new View(lab.floats(carry), 0, 1, one),
                new View(lab.floats(v), 0, 1, one),
                out);
        return lab.read(out);
    }

    /** (E[end] - y)/v of finite ends. */
    private static double toPoints(double[] y, int d, double v, double[][] points, double[] logs) {
        double most = Double.NEGATIVE_INFINITY;
        double[] at = new double[points.length];
        for (int e = 0; e < points.length; e++) {
            at[e] = logs[e];
            for (int i = 0; i < y.length; i++) {
                at[e] -= (y[i] - points[e][i]) * (y[i] - points[e][i]) / (2 * v);
            }
            most = Math.max(most, at[e]);
        }
        double sum = 0;
        double first = 0;
        for (int e = 0; e < points.length; e++) {
            double share = Math.exp(at[e] - most);
            sum += share;
            first += share * (points[e][d] - y[d]);
        }
        return first / sum / v;
    }

    /** The same of an interval, by Simpson's rule where the end can be. */
    static double toInterval(double y, double v, double from, double to) {
        double root = Math.sqrt(v);
        double near = Math.min(Math.max(y, from), to);
        double slope = Math.abs(near - y) / v;
        double reach = Math.min(9 * root, slope > 0 ? 30 / slope : Double.POSITIVE_INFINITY);
        double low = Math.max(from, near - reach);
        double high = Math.min(to, near + reach);
        int n = 2000;
        double sum = 0;
        double first = 0;
        for (int i = 0; i <= n; i++) {
            double x = low + (high - low) * i / n;
            double weight = (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2)
                    * Math.exp(((near - y) * (near - y) - (x - y) * (x - y)) / (2 * v));
            sum += weight;
            first += weight * (x - y);
        }
        return first / sum / v;
    }

    private static double wanted(double[] y, int d, double v) {
        return switch (d) {
            case 0 -> 0;
            case 1 ->
                toPoints(new double[] {y[1]}, 0, v, new double[][] {{-1}, {0}, {2}}, new double[] {0, 0.5, -0.25});
            case 2 -> toInterval(y[2], v, -0.5, 0.75);
            case 7 -> toInterval(y[7], v, 0.25, INFINITY);
            case 8 -> toInterval(y[8], v, -INFINITY, 1);
            case 9, 10 ->
                toPoints(
                        new double[] {y[9], y[10]}, d - 9, v, new double[][] {{0, 0}, {1, 0.5}, {-1, 2}}, new double[] {
                            0, 0.3f, -0.8f
                        });
            default ->
                toPoints(
                        new double[] {y[3], y[4], y[5], y[6]},
                        d - 3,
                        v,
                        new double[][] {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}},
                        new double[] {0, 0.5, -1, 0.25});
        };
    }

    /**
     * Bounds: rounding of y moves the pull by 2^-24 |y| times its slope, at most 1/v and, where ends compete, the square of their distance over v^2; the functions add some
     * 2^-21 of a pull that is at least of the size 1/sqrt(v).
     */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void pullsToTheMeanOfTheEnds(Device device) {
        for (int n : Lab.SIZES) {
            Random random = new Random(n);
            float[] x = new float[n * WIDTH];
            float[] carry = new float[n == 31 ? 1 : n];
            float[] v = new float[carry.length];
            for (int r = 0; r < v.length; r++) {
                carry[r] = 0.25f + random.nextFloat();
                v[r] = (float) Math.exp(-6 + 8 * random.nextDouble());
            }
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) ((i % 3 == 0 ? 12 : 1.5) * random.nextGaussian());
            }
            float[] got = Lab.sameOnOneThread(device, n + " rows", lab -> run(lab, x, n, carry, v));
            for (int r = 0; r < n; r++) {
                double left = v[v.length == 1 ? 0 : r];
                double[] y = new double[WIDTH];
                double size = 0;
                for (int d = 0; d < WIDTH; d++) {
                    y[d] = (double) carry[v.length == 1 ? 0 : r] * x[r * WIDTH + d];
                    size = Math.max(size, Math.abs(y[d]));
                }
                for (int d = 0; d < WIDTH; d++) {
                    double want = wanted(y, d, left);
                    double across = d == 2 || d == 7 || d == 8 ? 0 : 10 * (size + 1) / left;
                    double off = 0x1p-24 * (size + 1) * 2 / left * (1 + across)
                            + 0x1p-20 * (Math.abs(want) + 1 / Math.sqrt(left));
                    assertEquals(want, got[r * (WIDTH + 2) + d], off, "row " + r + ", " + d + ", v " + left);
                }
                assertEquals(Lab.UNTOUCHED, got[r * (WIDTH + 2) + WIDTH]);
            }
        }
    }

    /** Narrow beside sqrt(v), wide, and a million away: never NaN, and right to a part in a hundred thousand. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void survivesWhereDensitiesUnderflowAndDifferencesCancel(Device device) {
        for (float v : new float[] {1e-6f, 1e-2f, 1, 100, 1e6f}) {
            float[] ys = {-1e6f, -100, -10, -1, -0.51f, -0.5f, -0.1f, 0.125f, 0.3f, 0.75f, 1, 3, 20, 1e6f};
            float[] x = new float[ys.length * WIDTH];
            for (int i = 0; i < x.length; i++) {
                x[i] = ys[i / WIDTH];
            }
            float[] got = Lab.on(device, lab -> run(lab, x, ys.length, new float[] {1}, new float[] {v}));
            double root = Math.sqrt(v);
            for (int r = 0; r < ys.length; r++) {
                for (int d = 0; d < WIDTH; d++) {
                    assertTrue(Float.isFinite(got[r * (WIDTH + 2) + d]), "at " + ys[r] + ", v " + v + ", " + d);
                }
                for (int d : new int[] {2, 7, 8}) {
                    double want = wanted(new double[] {0, 0, ys[r], 0, 0, 0, 0, ys[r], ys[r], 0, 0}, d, v);
                    double off = 1e-5 * (Math.abs(want) + Math.min(1 / root, Math.abs(ys[r]) / v + 1 / root) * 0.1);
                    assertEquals(want, got[r * (WIDTH + 2) + d], off, "at " + ys[r] + ", v " + v + ", " + d);
                }
            }
        }
    }

    @Test
    void refusesTablesThatAreNone() {
        try (Device device = Device.open("cpu");
                Lab lab = new Lab(device)) {
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> new DomainPull.Domain(lab.ints(1, 2), lab.floats(1), 1))
                    .getMessage()
                    .contains("5 whole numbers a part, got 2"));
        }
    }
}
