package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.GaussianFitting.Noise;
import org.tweedie.bridge.GridBridge;
import org.tweedie.bridge.GridFitting;
import org.tweedie.bridge.GridLaw;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.device.Device;
import org.tweedie.score.Mlp;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Networks between two modes and one, where nothing is normal: against exact fitting on a grid, and the bridge that needs no time. */
class BridgeOnALineTest {
    private static final int ROWS = 8000;
    private static final GaussianMixture TWO = new GaussianMixture(
            new double[] {0.4, 0.6}, new double[][] {{-1.5}, {1}}, new double[][][] {{{0.16}}, {{0.09}}});
    private static final GaussianMixture ONE = GaussianMixture.gaussian(new double[] {0.5}, new double[][] {{0.49}});

    private static float[] rows(GaussianMixture law, long seed) {
        float[] rows = new float[ROWS];
        for (int i = 0; i < ROWS; i++) {
            rows[i] = (float) law.sample(seed, i)[0];
        }
        return rows;
    }

    private static double mean(float[] x) {
        double sum = 0;
        for (float one : x) {
            sum += one / (double) x.length;
        }
        return sum;
    }

    private static double covariance(float[] x, float[] y) {
        double meanOfX = mean(x);
        double meanOfY = mean(y);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (x[i] - meanOfX) * (y[i] - meanOfY) / x.length;
        }
        return sum;
    }

    /** The share of the left mode, below -0.3, three deviations from it. */
    private static double left(float[] x) {
        int count = 0;
        for (float one : x) {
            count += one < -0.3 ? 1 : 0;
        }
        return count / (double) x.length;
    }

    private static double left(GridLaw law) {
        double sum = 0;
        for (int i = 0; law.points()[i] < -0.3; i++) {
            sum += law.masses()[i];
        }
        return sum;
    }

    /**
     * Means, variances, the weight of a mode and Cov(x0, xN). Standard errors of 8,000 rows are at most 0.02; the rest is what small networks err by and, beside the
     * bridge that needs no time, the noise of ten steps.
     */
    @Test
    void twoModesBecomeOneAndBack() {
        StepSizes sizes = StepSizes.constant(10, 0.05);
        BridgeSpec spec = BridgeSpec.of(sizes)
                .withIterations(2)
                .withNetwork(Mlp.of(48, 2))
                .withTraining(TrainSpec.steps(600)
                        .withBatch(256)
                        .withRate(5e-3)
                        .withAverage(0.98)
                        .withSeed(3))
                .withCache(2048, 50)
                .asTheyAre();
        GridLaw two = GridLaw.of(TWO, -8, 8, 201);
        GridLaw one = GridLaw.of(ONE, -8, 8, 201);
        GridFitting exact = new GridFitting(two, one, Reference.brownian(), sizes, Noise.STEP);
        GridBridge closed = GridBridge.brownian(two, one, 2 * sizes.horizon());
        for (int half = 0; half < 3; half++) {
            exact.next();
        }
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = SchrodingerBridge.fit(
                        Dataset.of(rows(TWO, 1), "a"),
                        Dataset.of(rows(ONE, 2), "a"),
                        Reference.brownian(),
                        spec,
                        device)) {
            float[] end = rows(ONE, 4);
            float[] back =
                    bridge.backward().given("start", end, 1).sample(ROWS, 5).rows();
            assertEquals(exact.end().mean(), mean(back), 0.06);
            assertEquals(exact.end().variance(), covariance(back, back), 0.08);
            assertEquals(left(exact.end()), left(back), 0.03);
            assertEquals(exact.covariance(), covariance(end, back), 0.04);
            exact.next();
            float[] start = rows(TWO, 6);
            float[] there =
                    bridge.forward().given("start", start, 1).sample(ROWS, 7).rows();
            assertEquals(exact.end().mean(), mean(there), 0.06);
            assertEquals(exact.end().variance(), covariance(there, there), 0.06);
            assertEquals(exact.covariance(), covariance(start, there), 0.04);
            assertEquals(0.5, mean(there), 0.12, "in continuous time");
            assertEquals(0.49, covariance(there, there), 0.15, "in continuous time");
            assertEquals(closed.covariance(), covariance(start, there), 0.09, "in continuous time");
        }
        for (double factor : new double[] {0.5, 2}) {
            double other =
                    GridBridge.brownian(two, one, factor * 2 * sizes.horizon()).covariance();
            assertTrue(Math.abs(other - closed.covariance()) > 0.12, "a wrong factor would be seen: " + other);
        }
    }
}
