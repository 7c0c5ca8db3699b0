package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

class PerturbTest {
    private static final long SEED = 99;
    private static final int NODES = 512;
    private static final double LOG_FIRST = Math.log(1e-5);
    private static final double U = 0x1p-24;
    private static final double SPACING = -LOG_FIRST / (NODES - 1);

    /** Six columns with their slopes by ln t, of the VP process of Song et al. and of a training table made from it. */
    private static double[][] columns(double t) {
        double b = 0.1 * t + 0.5 * 19.9 * t * t;
        double slope = t * (0.1 + 19.9 * t);
        double alpha = Math.exp(-0.5 * b);
        double sigma = Math.sqrt(-Math.expm1(-b));
        double alphaSlope = -0.5 * slope * alpha;
        double sigmaSlope = 0.5 * slope * alpha * alpha / sigma;
        return new double[][] {
            {alpha, sigma, -sigma, alpha, sigma * sigma, Math.log(t)},
            {alphaSlope, sigmaSlope, -sigmaSlope, alphaSlope, slope * alpha * alpha, 1},
        };
    }

    /**
     * How far a cubic between two nodes is from a column: h^4 c/384 with c the fourth derivative; the fourth differences of the nodes
     * stand for h^4 c, twice over since c is larger somewhere between.
     */
    private static double[] ofTheCubic() {
        double[] most = new double[6];
        for (int i = 2; i < NODES - 2; i++) {
            double[][] at = new double[5][];
            for (int k = 0; k < 5; k++) {
                at[k] = columns(Math.exp(LOG_FIRST + (i + k - 2) * SPACING))[0];
            }
            for (int c = 0; c < 6; c++) {
                double fourth = at[0][c] - 4 * at[1][c] + 6 * at[2][c] - 4 * at[3][c] + at[4][c];
                most[c] = Math.max(most[c], 2 * Math.abs(fourth) / 384);
            }
        }
        return most;
    }

    private static final double[] CUBIC = ofTheCubic();

    /**
     * Bounds of the six columns at t: ln t in f32 is off by 3 x 2^-20 at most (|ln t| < 16: the logarithm, the first node and their
     * difference), which moves a column by its slope; the cubic is off; its four numbers are rounded, as are its sums.
     */
    private static double[] bounds(double[][] columns) {
        double[] off = new double[6];
        Arrays.setAll(
                off,
                i -> Math.abs(columns[1][i]) * 3 * 0x1p-20
                        + CUBIC[i]
                        + 8 * U * (Math.abs(columns[0][i]) + 3 * SPACING * Math.abs(columns[1][i])));
        return off;
    }

    private static PerturbLayout layout() {
        double[][] values = new double[NODES][];
        double[][] slopes = new double[NODES][];
        for (int i = 0; i < NODES; i++) {
            double[][] both = columns(Math.exp(LOG_FIRST + i * SPACING));
            values[i] = both[0];
            slopes[i] = both[1];
        }
        return PerturbLayout.of(LOG_FIRST, SPACING, values, slopes);
    }

    private static float[] times(int n) {
        float[] t = new float[n];
        Random random = new Random(3);
        for (int i = 0; i < n; i++) {
            t[i] = (float) Math.exp(LOG_FIRST * random.nextDouble());
        }
        return t;
    }

    private static float[] data(int count) {
        float[] x = new float[count];
        Random random = new Random(4);
        for (int i = 0; i < count; i++) {
            x[i] = (float) (3 * random.nextGaussian());
        }
        return x;
    }

    /** A, B, eps, weight, level, one after the other. */
    private static float[] run(Lab lab, int n, int dim, boolean oneTime, int gap) {
        PerturbLayout layout = layout();
        Perturb.Table table = Perturb.Table.of(layout, lab.floats(layout.table()));
        View t = new View(lab.floats(oneTime ? new float[] {0.37f} : times(n)), 0, 1, oneTime ? 0 : 1);
        View x0 = new View(lab.floats(data(n * (dim + gap))), 0, dim, dim + gap);
        DeviceBuffer out = lab.untouched(3 * n * dim + 2 * n);
        View rows = View.rows(out, dim);
        Perturb.Into into = new Perturb.Into(
                rows,
                rows.from(n),
                rows.from(2L * n),
                new View(out, 3L * n * dim, 1, 1),
                new View(out, 3L * n * dim + n, 1, 1));
        Perturb.run(lab.stream(), lab.rows(SEED, 5, n), x0, t, table, Purpose.NOISE, 17, into);
        return lab.read(out);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void agreesWithDoubleAndWithOneHostThread(Device device) {
        for (int n : Lab.SIZES) {
            for (int dim : Lab.DIMS) {
                boolean oneTime = n % 2 == 0 || dim == 5;
                int gap = dim % 3;
                String what = n + " x " + dim;
                float[] got = Lab.sameOnOneThread(device, what, lab -> run(lab, n, dim, oneTime, gap));
                check(what, n, dim, oneTime ? null : times(n), data(n * (dim + gap)), dim + gap, got);
            }
        }
    }

    /**
     * Within the bounds of the columns; noise is within 4.5 roundings of its radius; a product and a sum add 3 of what they add up.
     */
    private static void check(String what, int n, int dim, float[] times, float[] x, int stride, float[] got) {
        for (int r = 0; r < n; r++) {
            double[][] c = columns(times == null ? 0.37f : times[r]);
            double[] off = bounds(c);
            Words words = Philox.words(SEED, 5 + r, Purpose.NOISE, 17);
            for (int d = 0; d < dim; d++) {
                double x0 = x[r * stride + d];
                double eps = words.normal(d);
                double inEps = 4.5 * U * Math.hypot(words.normal(d & ~1), words.normal(d | 1));
                int at = r * dim + d;
                assertEquals(
                        c[0][0] * x0 + c[0][1] * eps,
                        got[at],
                        off[0] * Math.abs(x0)
                                + off[1] * Math.abs(eps)
                                + Math.abs(c[0][1]) * inEps
                                + 3 * U * (Math.abs(c[0][0] * x0) + Math.abs(c[0][1] * eps)),
                        what + ": A " + r);
                assertEquals(
                        c[0][2] * x0 + c[0][3] * eps,
                        got[n * dim + at],
                        off[2] * Math.abs(x0)
                                + off[3] * Math.abs(eps)
                                + Math.abs(c[0][3]) * inEps
                                + 3 * U * (Math.abs(c[0][2] * x0) + Math.abs(c[0][3] * eps)),
                        what + ": B " + r);
                assertEquals(eps, got[2 * n * dim + at], inEps, what + ": eps " + r);
            }
            assertEquals(c[0][4], got[3 * n * dim + r], off[4], what + ": weight " + r);
            assertEquals(c[0][5], got[3 * n * dim + n + r], off[5], what + ": level " + r);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void staysInsideTheTable(Device device) {
        float[] got = Lab.on(device, lab -> {
            PerturbLayout layout = layout();
            Perturb.Table table = Perturb.Table.of(layout, lab.floats(layout.table()));
            View t = new View(lab.floats(0f, 1e-30f, 2f, 1f), 0, 1, 1);
            DeviceBuffer level = lab.untouched(4);
            Perturb.run(
                    lab.stream(),
                    lab.rows(SEED, 0, 4),
                    View.rows(lab.floats(new float[4]), 1),
                    t,
                    table,
                    Purpose.NOISE,
                    0,
                    new Perturb.Into(null, null, null, View.rows(level, 1), null));
            return lab.read(level);
        });
        assertEquals(got[0], got[1]);
        assertEquals(columns(1e-5)[0][4], got[0], bounds(columns(1e-5))[4]);
        assertEquals(got[2], got[3]);
        assertEquals(columns(1)[0][4], got[2], bounds(columns(1))[4]);
    }

    private static float[] sampled(Lab lab, int n, Quantile quantile, long group, long first) {
        DeviceBuffer t = lab.untouched(n);
        Perturb.times(
                lab.stream(),
                lab.rows(SEED, first, n),
                View.rows(t, 1),
                lab.floats(quantile.table()),
                quantile.nodes(),
                group,
                Purpose.TIME,
                0);
        return lab.read(t);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void samplesUniformTimes(Device device) {
        float[] t = Lab.sameOnOneThread(device, "times", lab -> sampled(lab, 1021, Quantile.uniform(0.001, 1), 0, 0));
        for (int r = 0; r < t.length; r++) {
            // the place in the table, its two numbers and their sum, of numbers up to 1
            assertEquals(0.001 + 0.999 * Philox.words(SEED, r, Purpose.TIME, 0).uniform(0), t[r], 4 * U);
        }
    }

    /** One time in each part of a step, one offset a step, and the same in chunks. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void coversTheIntervalEvenly(Device device) {
        int group = 257;
        Quantile quantile = Quantile.uniform(0, 1);
        float[] t = Lab.sameOnOneThread(device, "times", lab -> sampled(lab, 4 * group, quantile, group, 0));
        for (int step = 0; step < 4; step++) {
            double v = Philox.words(SEED, step, Purpose.TIME, 0).uniform(0);
            for (int i = 0; i < group; i++) {
                // as above, and the rank's sum and quotient
                assertEquals((i + v) / group, t[step * group + i], 6 * U, "step " + step + ", row " + i);
            }
        }
        assertNotEquals(t[0], t[group], 1e-6);
        float[] part = Lab.on(device, lab -> sampled(lab, 300, quantile, group, 200));
        Lab.assertBits(Arrays.copyOfRange(t, 200, 500), part, "chunk");
    }

    /** EDM's law, ln t ~ N(-1.2, 1.2^2), cut at 3.5 standard deviations; p above 1e-4 with a fixed seed. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void samplesByAnyQuantileFunction(Device device) {
        NormalDistribution law = NormalDistribution.of(-1.2, 1.2);
        double low = law.cumulativeProbability(-1.2 - 3.5 * 1.2);
        double[] values = new double[4097];
        Arrays.setAll(values, i -> Math.exp(law.inverseCumulativeProbability(low + (1 - 2 * low) * i / 4096.0)));
        float[] t = Lab.on(device, lab -> sampled(lab, 20_000, Quantile.monotone(values), 0, 0));
        double[] logs = new double[t.length];
        Arrays.setAll(logs, i -> Math.log(t[i]));
        double p = KolmogorovSmirnovTest.withDefaults()
                .test(logs, x -> Math.max(0, Math.min(1, (law.cumulativeProbability(x) - low) / (1 - 2 * low))))
                .getPValue();
        assertTrue(p > 1e-4, "p = " + p);
    }
}
