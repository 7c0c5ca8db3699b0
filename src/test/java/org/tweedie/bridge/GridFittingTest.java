package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tweedie.bridge.GaussianFitting.Noise;
import org.tweedie.sde.GaussianMixture;

/** Fitting on a grid against fitting of normal laws, and against the bridge that Sinkhorn's iterations find. */
class GridFittingTest {
    private static final GaussianMixture TWO = GridBridgeTest.TWO;
    private static final GaussianMixture ONE = GridBridgeTest.ONE;

    private static GridLaw on(GaussianMixture law, int count) {
        return GridLaw.of(law, -7, 7, count);
    }

    private static GridFitting two(StepSizes sizes, Noise noise, int count) {
        return new GridFitting(on(TWO, count), on(ONE, count), Reference.brownian(), sizes, noise);
    }

    /** Between normal laws it is fitting of affine chains: ends, couplings, means of the steps, of every half bridge. */
    @ParameterizedTest
    @CsvSource({"EXACT, brownian, 0.1-0.3", "EXACT, 'ou:1,0.2', 0.2", "STEP, brownian, 0.1-0.3", "STEP, 'ou:2', 0.2"})
    void ofNormalLawsItIsAffineFitting(Noise noise, String spec, String size) {
        StepSizes sizes = StepSizes.parse("4x" + size);
        Reference reference = Reference.parse(spec);
        GridFitting grid = new GridFitting(
                GridLaw.of(GaussianMixture.gaussian(new double[] {-0.4}, new double[][] {{0.3}}), -14, 14, 280),
                GridLaw.of(GaussianMixture.gaussian(new double[] {0.5}, new double[][] {{0.8}}), -14, 14, 280),
                reference,
                sizes,
                noise);
        GaussianFitting affine =
                new GaussianFitting(Gaussian.of(0.3, -0.4), Gaussian.of(0.8, 0.5), reference, sizes, noise);
        for (int half = 0; half < 7; half++) {
            assertEquals(affine.halves(), grid.halves());
            assertEquals(affine.end().mean()[0], grid.end().mean(), 1e-8, "half bridge " + half);
            assertEquals(affine.end().covariance()[0][0], grid.end().variance(), 1e-8, "half bridge " + half);
            assertEquals(affine.coupling()[0][0], grid.covariance(), 1e-8, "half bridge " + half);
            assertEquals(affine.gap(), grid.gap(), 1e-8, "half bridge " + half);
            GaussianFitting.Drift drift = affine.drift(1);
            double gamma = sizes.gamma(half % 2 == 0 ? 1 : 2);
            int middle = 145;
            double x = grid.law(0).points()[middle];
            assertEquals(
                    x + gamma * (drift.matrix()[0][0] * x + drift.offset()[0]),
                    grid.means(1)[middle],
                    1e-8,
                    "half bridge " + half);
            affine.next();
            grid.next();
        }
    }

    /** Two modes to one: KL never rises, and the limit is the coupling, and the laws on the way, that Sinkhorn's iterations find without time. */
    @Test
    void exactFittingEndsAtTheBridgeOfTheGrid() {
        StepSizes sizes = StepSizes.constant(4, 0.06);
        int count = 150;
        GridFitting fitting = two(sizes, Noise.EXACT, count);
        GridBridge bridge = GridBridge.brownian(on(TWO, count), on(ONE, count), 2 * sizes.horizon());
        double before = Double.POSITIVE_INFINITY;
        for (int half = 0; half < 80; half++) {
            double gap = fitting.gap();
            assertTrue(gap <= before + 1e-13, "KL rises from " + before + " to " + gap + " at half bridge " + half);
            assertTrue(half != 0 || gap > 0.1);
            before = gap;
            fitting.next();
        }
        assertEquals(0, fitting.gap(), 1e-12);
        assertEquals(bridge.covariance(), fitting.covariance(), 1e-8);
        double step = 14.0 / (count - 1);
        for (int k = 1; k < 4; k++) {
            GridLaw law = fitting.law(k);
            for (int i = 40; i < 110; i += 7) {
                double density = Math.exp(bridge.logDensity(k / 4.0, law.points()[i]));
                assertEquals(density, law.masses()[i] / step, 1e-7, "step " + k);
            }
        }
    }

    /** The first half bridge is score-based modelling: its step has the mean y + 2 gamma score(y) of the law that the noise made, exactly. */
    @ParameterizedTest
    @EnumSource(Noise.class)
    void theFirstHalfBridgeIsTheScore(Noise noise) {
        StepSizes sizes = StepSizes.symmetric(4, 0.05, 0.15);
        GridFitting fitting = two(sizes, noise, 200);
        fitting.next();
        double time = sizes.horizon();
        for (int k = 0; k < 4; k++) {
            GaussianMixture noisy =
                    new GaussianMixture(new double[] {0.4, 0.6}, new double[][] {{-1.5}, {1}}, new double[][][] {
                        {{0.16 + 2 * time}}, {{0.09 + 2 * time}}
                    });
            double gamma = sizes.gamma(3 - k);
            for (int i = 60; i < 140; i += 9) {
                double y = fitting.law(0).points()[i];
                double score =
                        (noisy.logDensity(new double[] {y + 1e-4}) - noisy.logDensity(new double[] {y - 1e-4})) / 2e-4;
                assertEquals(y + 2 * gamma * score, fitting.means(k)[i], 1e-7, "step " + k + " at " + y);
            }
            time -= gamma;
        }
    }

    /** What networks learn keeps the steps' noise: off by an error of order gamma, between laws of any kind. */
    @Test
    void theSchemeOfNetworksIsOfOrderOne() {
        double[] coarse = ends(8);
        double[] fine = ends(16);
        double[] finer = ends(32);
        for (int i = 0; i < coarse.length; i++) {
            assertEquals(2, (coarse[i] - fine[i]) / (fine[i] - finer[i]), 0.5, "number " + i);
        }
        GridFitting exact = two(StepSizes.constant(8, 1.0 / 8), Noise.EXACT, 180);
        for (int half = 0; half < 4; half++) {
            exact.next();
        }
        assertEquals(exact.end().variance(), 2 * finer[1] - fine[1], 0.01);
        assertEquals(exact.covariance(), 2 * finer[2] - fine[2], 0.01);
    }

    private static double[] ends(int steps) {
        GridFitting fitting = two(StepSizes.constant(steps, 1.0 / steps), Noise.STEP, 180);
        for (int half = 0; half < 4; half++) {
            fitting.next();
        }
        return new double[] {fitting.end().mean(), fitting.end().variance(), fitting.covariance()};
    }

    /** A fitted bridge that is run back and there again is itself. */
    @Test
    void goingBackReturnsToTheStart() {
        GridFitting fitting = two(StepSizes.constant(3, 0.2), Noise.EXACT, 150);
        for (int half = 0; half < 61; half++) {
            fitting.next();
        }
        assertArrayEquals(on(TWO, 150).masses(), fitting.end().masses(), 1e-12);
        double covariance = fitting.covariance();
        double[] onTheWay = fitting.law(1).masses();
        fitting.next();
        assertArrayEquals(onTheWay, fitting.law(2).masses(), 1e-10);
        assertEquals(covariance, fitting.covariance(), 1e-10);
    }

    @Test
    void refusesWhatItCannotFit() {
        StepSizes sizes = StepSizes.constant(2, 0.1);
        Reference brownian = Reference.brownian();
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> new GridFitting(on(TWO, 50), on(ONE, 60), brownian, sizes, Noise.STEP))
                .getMessage()
                .contains("got 50 from -7.0 and 60 from -7.0"));
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> new GridFitting(
                                on(TWO, 4000), on(ONE, 4000), brownian, StepSizes.constant(5, 0.1), Noise.STEP))
                .getMessage()
                .contains("take fewer points or steps"));
        GridFitting far = new GridFitting(
                GridLaw.of(x -> -x * x, -9, 60, 300),
                GridLaw.of(x -> -x * x, -9, 60, 300),
                brownian,
                sizes,
                Noise.EXACT);
        assertTrue(assertThrows(IllegalStateException.class, far::next)
                .getMessage()
                .contains("a narrower grid"));
    }
}
