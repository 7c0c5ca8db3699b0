package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.sde.EvidenceBound;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SubVpSde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;

/** Bounds of log-densities against the closed form of every term for Gaussian rows, and against the density itself. */
class VariationalBoundTest {
    private static final double[] MEAN = {0.4, -0.7};
    private static final double[] VARIANCE = {0.5, 1.7};
    private static final GaussianMixture GAUSSIAN = new GaussianMixture(
            new double[] {1}, new double[][] {MEAN}, new double[][][] {{{VARIANCE[0], 0}, {0, VARIANCE[1]}}});
    private static final double[] ROW = {1.1, 0.3};
    private static final int COPIES = 256;

    private static float[] copies() {
        float[] rows = new float[2 * COPIES];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) ROW[i % 2];
        }
        return rows;
    }

    private static Sde in2d(Sde sde) {
        return sde.on(Space.euclidean(2));
    }

    /** E |eps + sigma score(alpha x + sigma eps)|^2 over eps, at the row. */
    private static double error(Sde sde, double t) {
        double a = sde.alpha(t);
        double s = sde.sigma(t);
        double sum = 0;
        for (int i = 0; i < 2; i++) {
            double x = (float) ROW[i];
            double v = a * a * VARIANCE[i] + s * s;
            double noise = a * a * VARIANCE[i] / v;
            double shift = s * a * (x - MEAN[i]) / v;
            sum += noise * noise + shift * shift;
        }
        return sum;
    }

    private static double prior(Sde sde) {
        double ratio = Math.pow(sde.sigma(sde.horizon()) / sde.priorDeviation(), 2);
        double sum = 0;
        for (double x : ROW) {
            sum += 0.5
                    * (ratio - 1 - Math.log(ratio) + Math.pow(sde.alpha(sde.horizon()) * x / sde.priorDeviation(), 2));
        }
        return sum;
    }

    private static double reconstruction(Sde sde, double t) {
        return Math.log(2 * Math.PI) + 2 * Math.log(sde.noiseToSignal(t)) + 0.5 * error(sde, t);
    }

    private static double discrete(Sde sde, TimeGrid grid) {
        double sum = 0;
        for (int i = 0; i < grid.steps(); i++) {
            sum += 0.5 * Math.expm1(sde.logSnr(grid.t(i)) - sde.logSnr(grid.s(i))) * error(sde, grid.s(i));
        }
        return sum;
    }

    /** By Simpson's rule in log-SNR. */
    private static double continuous(Sde sde) {
        double from = -sde.logSnr(sde.cutoff());
        double way = -sde.logSnr(sde.horizon()) - from;
        int n = 4000;
        double sum = 0;
        for (int i = 0; i <= n; i++) {
            double t = Math.min(sde.horizon(), Math.max(sde.cutoff(), sde.timeOfLogSnr(-(from + way * i / n))));
            sum += (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * error(sde, t);
        }
        return 0.5 * sum * way / n / 3;
    }

    private static void assertWithin(double expected, LogDensities got, String what) {
        assertEquals(expected, got.mean(), 4.5 * got.standardError(), what);
        assertTrue(got.standardError() < 0.1 * Math.abs(expected), what + ": standard error " + got.standardError());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyTermHasItsClosedForm(Device device) {
        for (Sde sde : new Sde[] {new VpSde(), new SubVpSde(), new VeSde(0.01, 20), VpSde.cosine()}) {
            Sde process = in2d(sde);
            VariationalBound bound = VariationalBound.of(device, process, new GaussianMixtureScore(GAUSSIAN, process));
            for (int steps : new int[] {4, 32}) {
                TimeGrid grid = TimeGrid.uniformLogSnr(process, steps).reversed();
                VariationalBound.Bounds bounds = bound.discrete(steps).of(copies(), 7);
                String what = process.spec() + " in " + steps;
                assertWithin(
                        -prior(process) - discrete(process, grid) - reconstruction(process, grid.t(0)), bounds, what);
                assertEquals(prior(process), bounds.prior(), 1e-5 * (1 + prior(process)), what);
                assertEquals(-bounds.mean(), bounds.prior() + bounds.diffusion() + bounds.reconstruction(), 1e-9, what);
                assertEquals(steps + 1, bounds.nfe());
            }
            VariationalBound.Bounds bounds = bound.continuous(64).of(copies(), 8);
            assertWithin(
                    -prior(process) - continuous(process) - reconstruction(process, process.cutoff()),
                    bounds,
                    process.spec() + " in continuous time");
        }
    }

    /** More steps of a chain only tighten; in continuous time the exact score's bound is the density, but for prior and cutoff. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theBoundTightens(Device device) {
        Sde process = in2d(new VpSde());
        double exact = GAUSSIAN.logDensity(new double[] {(float) ROW[0], (float) ROW[1]});
        double last = Double.NEGATIVE_INFINITY;
        for (int steps : new int[] {4, 16, 64, 256}) {
            TimeGrid grid = TimeGrid.uniformLogSnr(process, steps).reversed();
            double now = -prior(process) - discrete(process, grid) - reconstruction(process, grid.t(0));
            assertTrue(now > last && now < exact, steps + " steps: " + now);
            last = now;
        }
        VariationalBound bound = VariationalBound.of(device, process, new GaussianMixtureScore(GAUSSIAN, process));
        VariationalBound.Bounds tight = bound.continuous(256).of(copies(), 3);
        assertEquals(exact, tight.mean(), 4.5 * tight.standardError() + 2e-3);
        Sde other = process;
        VariationalBound wrong = VariationalBound.of(
                device,
                other,
                new GaussianMixtureScore(
                        new GaussianMixture(new double[] {1}, new double[][] {{-1, 1}}, new double[][][] {
                            {{1, 0}, {0, 1}}
                        }),
                        other));
        assertTrue(wrong.continuous(64).of(copies(), 3).mean() < exact - 0.5);
    }

    /** What the steps cost depends on a process by the ends of its log-SNR alone (Kingma et al., equation 18). */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void schedulesWithTheSameEndsCostTheSame(Device device) {
        Sde vp = in2d(new VpSde());
        Sde ve = in2d(new VeSde(Math.exp(-0.5 * vp.logSnr(vp.cutoff())), Math.exp(-0.5 * vp.logSnr(vp.horizon()))));
        double ends = Math.abs(vp.logSnr(vp.cutoff()) - ve.logSnr(ve.cutoff()))
                + Math.abs(vp.logSnr(vp.horizon()) - ve.logSnr(ve.horizon()));
        assertTrue(ends < 0.2, "the ends differ by " + ends);
        VariationalBound.Bounds a = VariationalBound.of(device, vp, new GaussianMixtureScore(GAUSSIAN, vp))
                .continuous(64)
                .of(copies(), 1);
        VariationalBound.Bounds b = VariationalBound.of(device, ve, new GaussianMixtureScore(GAUSSIAN, ve))
                .continuous(64)
                .of(copies(), 2);
        double apart = 4.5 * Math.hypot(a.standardError(), b.standardError()) + ends * 1.5;
        assertEquals(a.diffusion(), b.diffusion(), apart);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void drawsTellTheirError(Device device) {
        Sde process = in2d(new VpSde());
        VariationalBound bound = VariationalBound.of(device, process, new GaussianMixtureScore(GAUSSIAN, process))
                .discrete(8);
        VariationalBound.Bounds eight = bound.draws(8).of(copies(), 5);
        double spread = 0;
        double said = 0;
        for (int r = 0; r < COPIES; r++) {
            spread += Math.pow(eight.log()[r] - eight.mean(), 2) / (COPIES - 1);
            said += eight.errors()[r] * eight.errors()[r] / COPIES;
        }
        // each an estimate of one variance from 255 and 8 times 256 numbers, whose law has heavier tails than the
        // normal
        assertEquals(1, said / spread, 0.5);
        assertEquals(72, eight.nfe());
        VariationalBound.Bounds one = bound.of(copies(), 5);
        assertTrue(Arrays.stream(one.errors()).allMatch(Double::isNaN));
        assertArrayEquals(one.log(), bound.execution("stepwise").of(copies(), 5).log(), "the executions' bits");
    }

    @Test
    void badSettingsAreRefused() {
        try (Device device = Device.open("cpu")) {
            Sde process = in2d(new VpSde());
            VariationalBound bound = VariationalBound.of(device, process, new GaussianMixtureScore(GAUSSIAN, process));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> bound.draws(0))
                    .getMessage()
                    .contains("draws must be positive, got 0"));
            assertTrue(assertThrows(
                            IllegalArgumentException.class, () -> bound.discrete(TimeGrid.uniformLogSnr(process, 4)))
                    .getMessage()
                    .contains("rises"));
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> new EvidenceBound(new double[3])
                                    .plan(
                                            process,
                                            TimeGrid.uniformLogSnr(process, 4).reversed()))
                    .getMessage()
                    .contains("got 3 for 4"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> bound.of(new float[3], 0))
                    .getMessage()
                    .contains("3 numbers are no rows of 2"));
        }
    }
}
