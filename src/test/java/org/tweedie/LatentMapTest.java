package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.AdaptiveFlow;
import org.tweedie.sde.DpmSolver2M;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Heun;
import org.tweedie.sde.RungeKutta;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;

/** Encoding and decoding against the flow of a Gaussian in closed form, and against each other. */
class LatentMapTest {
    private static final double[] MEAN = {0.4, -0.7};
    private static final double[] VARIANCE = {0.5, 1.7};
    private static final GaussianMixture GAUSSIAN = new GaussianMixture(
            new double[] {1}, new double[][] {MEAN}, new double[][][] {{{VARIANCE[0], 0}, {0, VARIANCE[1]}}});
    private static final float[] ROWS = {1.1f, 0.3f, -2, 2, 0.4f, -0.7f, 3, -3};

    private static Sde in2d(Sde sde) {
        return sde.on(Space.euclidean(2));
    }

    private static LatentMap map(Device device, Sde process) {
        return LatentMap.of(device, process, new GaussianMixtureScore(GAUSSIAN, process));
    }

    /** The flow of a Gaussian keeps standardised rows: (x - alpha m)/sqrt(alpha^2 v + sigma^2) is the same at all times. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theFlowOfAGaussianHasItsClosedForm(Device device) {
        for (Sde process : new Sde[] {in2d(new VpSde()), in2d(new VeSde(0.01, 20))}) {
            float[] latents = map(device, process).encode(ROWS);
            double t = process.cutoff();
            double end = process.horizon();
            for (int i = 0; i < ROWS.length; i++) {
                double m = MEAN[i % 2];
                double v = VARIANCE[i % 2];
                double standard = (ROWS[i] - process.alpha(t) * m)
                        / Math.sqrt(Math.pow(process.alpha(t), 2) * v + Math.pow(process.sigma(t), 2));
                double expected = process.alpha(end) * m
                        + standard * Math.sqrt(Math.pow(process.alpha(end), 2) * v + Math.pow(process.sigma(end), 2));
                assertEquals(expected / process.priorDeviation(), latents[i], 1e-3, process.spec() + " number " + i);
            }
        }
    }

    /** Two ways of order 2 leave an error of order 2: a quarter at twice the steps. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void decodingGoesBack(Device device) {
        Sde process = in2d(new VpSde());
        double coarse = apart(map(device, process).by(new Heun(), 25));
        double fine = apart(map(device, process).by(new Heun(), 50));
        assertTrue(fine < 0.35 * coarse && fine < 2e-3, coarse + " and " + fine);
        assertTrue(apart(map(device, process).by(new DpmSolver2M(), 100)) < 1e-4);
    }

    /** A row that ran out of steps lies somewhere on its way, which nothing in its numbers tells. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void rowsThatDoNotArriveAreNoLatentRows(Device device) {
        AdaptiveFlow flow = new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 1e-3);
        LatentMap map = map(device, in2d(new VpSde()));
        assertTrue(apart(map.by(flow, 200)) < 0.05);
        assertEquals(
                "4 of 4 rows ran out of steps before the end of " + flow.spec()
                        + "@3; allow more steps, or loosen the tolerance",
                assertThrows(ArithmeticException.class, () -> map.by(flow, 3).encode(ROWS))
                        .getMessage());
    }

    private static double apart(LatentMap map) {
        float[] back = map.decode(map.encode(ROWS));
        double most = 0;
        for (int i = 0; i < ROWS.length; i++) {
            most = Math.max(most, Math.abs(back[i] - ROWS[i]));
        }
        return most;
    }

    /** Decoding is sampling from given noise: the rows of a sampler that started there. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void waysFollowGreatCircles(Device device) {
        Sde process = in2d(new VpSde());
        LatentMap map = map(device, process);
        float[] from = {1.1f, 0.3f, -2, 2};
        float[] to = {-2, 2, 3, -3};
        float[] ways = map.between(from, to, 5);
        assertEquals(2 * 5 * 2, ways.length);
        float[] first = map.encode(from);
        float[] last = map.encode(to);
        float[] latents = new float[ways.length];
        for (int w = 0; w < 2; w++) {
            double[] a = {first[2 * w], first[2 * w + 1]};
            double[] b = {last[2 * w], last[2 * w + 1]};
            // in the plane: an angle that grows evenly, between lengths
            double whole = Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]);
            for (int p = 0; p < 5; p++) {
                double s = Math.sin(Math.abs(whole));
                double ofA = Math.sin((1 - p / 4.0) * Math.abs(whole)) / s;
                double ofB = Math.sin(p / 4.0 * Math.abs(whole)) / s;
                latents[(5 * w + p) * 2] = (float) (ofA * a[0] + ofB * b[0]);
                latents[(5 * w + p) * 2 + 1] = (float) (ofA * a[1] + ofB * b[1]);
            }
        }
        assertArrayEquals(map.decode(latents), ways, 1e-4f);
        for (int i = 0; i < 2; i++) {
            assertEquals(from[i], ways[i], 0.01, "a way begins at its row");
            assertEquals(to[i], ways[8 + i], 0.01, "and ends at the other");
        }
    }

    @Test
    void aGreatCircleKeepsLengths() {
        float[] x = {3, 0, 0, 2, 0, 0};
        float[] y = {0, 3, 0, -2, 0, 0};
        float[] into = new float[3];
        GreatCircle circle = new GreatCircle(x, y, 0, 3);
        for (double share : new double[] {0, 0.25, 0.5, 1}) {
            circle.at(share, into, 0);
            assertEquals(3, Math.hypot(into[0], into[1]), 1e-6);
            assertEquals(share * Math.PI / 2, Math.atan2(into[1], into[0]), 1e-6);
        }
        new GreatCircle(x, y, 3, 3).at(0.25, into, 0);
        assertArrayEquals(new float[] {1, 0, 0}, into, 1e-6f); // opposite rows: straight
    }

    /** A model's own units: an untrained network puts out 0, whose flow under VP leaves standard rows alone. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aModelEncodesInItsUnits(Device device) {
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 2), 2, 1, device)) {
            // snippet: latents
            LatentMap map = model.latentMap();
            float[] latents = map.encode(ROWS);
            float[] back = map.decode(latents);
            float[] way = map.between(new float[] {1, 0}, new float[] {0, 1}, 9);
            // end
            assertArrayEquals(ROWS, latents, 1e-3f);
            assertArrayEquals(ROWS, back, 1e-3f);
            assertEquals(Math.sqrt(0.5), way[8], 1e-3);
        }
    }

    @Test
    void badSettingsAreRefused() {
        try (Device device = Device.open("cpu")) {
            LatentMap map = map(device, in2d(new VpSde()));
            refused("draws noise", () -> map.by(new EulerMaruyama(), 10));
            refused("3 numbers are no rows of 2", () -> map.encode(new float[3]));
            refused("3 numbers are no latent rows of 2", () -> map.decode(new float[3]));
            refused("got 1 points", () -> map.between(ROWS, ROWS, 1));
            refused("4 rows and 2 numbers", () -> map.between(ROWS, new float[2], 3));
            refused(
                    "one condition for all",
                    () -> map.given("y", new float[2], 1).between(ROWS, ROWS, 3));
        }
    }

    private static void refused(String words, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(words), message);
    }
}
