package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Gaussian;
import org.tweedie.bridge.GaussianBridge;
import org.tweedie.bridge.GaussianFitting;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.io.Table;
import org.tweedie.metric.CoupledRows;
import org.tweedie.metric.EntropicTransport;
import org.tweedie.metric.Points;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.testing.Depth;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * The ends of a bridge of Brownian motion are coupled as entropic optimal transport couples them: Brownian motion of horizon T goes from x to y with the
 * density exp(-|x - y|^2/(4 T)), so that the bridge has the least sum P |x - y|^2 + 4 T KL(P | X x Y), which Sinkhorn's iterations
 * solve without networks, steps or time.
 */
class BridgeTransportTest {
    private static final int ROWS = 2000;

    private static double meanSquare(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (double) (x[i] - y[i]) * (x[i] - y[i]) * 2 / x.length;
        }
        return sum;
    }

    @Test
    void moonsGoAsFarAsSinkhornSendsThem() {
        float[] moons = BuiltInSet.MOONS.rows(1, 0, ROWS);
        float[] circles = BuiltInSet.CIRCLES.rows(2, 0, ROWS);
        StepSizes sizes = StepSizes.constant(20, 0.01);
        double epsilon = 4 * sizes.horizon();
        BridgeSpec spec = BridgeSpec.of(sizes)
                .withIterations(3)
                .withNetwork(Mlp.of(32, 2))
                .withTraining(TrainSpec.steps(500).withBatch(256).withRate(5e-3).withAverage(0.98))
                .asTheyAre();
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = SchrodingerBridge.fit(
                        Dataset.of(moons, "x", "y"),
                        Dataset.of(circles, "x", "y"),
                        Reference.brownian(),
                        spec,
                        device)) {
            double there = meanSquare(
                    moons,
                    bridge.forward().given("start", moons, 2).sample(ROWS, 3).rows());
            double back = meanSquare(
                    circles,
                    bridge.backward().given("start", circles, 2).sample(ROWS, 3).rows());
            Points x = new Points(moons, 2);
            Points y = new Points(circles, 2);
            CoupledRows plan = CoupledRows.of(EntropicTransport.solve(x, y, epsilon, device), 0);
            double exact = plan.meanSquare();
            double half = CoupledRows.of(EntropicTransport.solve(x, y, epsilon / 2, device), 0)
                    .meanSquare();
            double twice = CoupledRows.of(EntropicTransport.solve(x, y, 2 * epsilon, device), 0)
                    .meanSquare();
            assertEquals(exact, there, 0.1 * exact, "forward");
            assertEquals(exact, back, 0.15 * exact, "backward");
            assertTrue(
                    half < 0.8 * exact && twice > 1.25 * exact, "a wrong factor would be seen: " + half + ", " + twice);
            double off = apart(moons, bridge, plan);
            assertTrue(off < 0.015, "the mean of where a row goes is off by a mean square of " + off);
        }
    }

    /** The mean square of the distance of a row's mean over walks from the plan's, less what eight walks leave of their own noise. */
    private static double apart(float[] x, SchrodingerBridge bridge, CoupledRows plan) {
        int walks = 8;
        double[] mean = new double[x.length];
        double[] square = new double[x.length];
        for (int walk = 0; walk < walks; walk++) {
            float[] y = bridge.forward()
                    .given("start", x, 2)
                    .sample(ROWS, 100 + walk)
                    .rows();
            for (int i = 0; i < x.length; i++) {
                mean[i] += y[i] / (double) walks;
                square[i] += y[i] * (double) y[i] / walks;
            }
        }
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            double noise = (square[i] - mean[i] * mean[i]) / (walks - 1);
            sum += (Math.pow(mean[i] - plan.means().values()[i], 2) - noise) / ROWS;
        }
        return sum;
    }

    private static Dataset normals(int width, double mean, long seed) {
        float[] rows = new float[20000 * width];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) (mean + Philox.words(seed, i, Purpose.DATA, 0).normal(0));
        }
        return Dataset.of(Table.of(rows, width));
    }

    /** Over all coordinates: mean and variance of y, covariance of x and y. */
    private static double[] moments(float[] x, float[] y) {
        double meanOfX = 0;
        double mean = 0;
        for (int i = 0; i < x.length; i++) {
            meanOfX += (double) x[i] / x.length;
            mean += (double) y[i] / x.length;
        }
        double variance = 0;
        double covariance = 0;
        for (int i = 0; i < x.length; i++) {
            variance += (y[i] - mean) * (y[i] - mean) / x.length;
            covariance += (x[i] - meanOfX) * (y[i] - mean) / x.length;
        }
        return new double[] {mean, variance, covariance};
    }

    /**
     * From N(-0.1, I) to N(0.1, I), T = 1/2, as De Bortoli et al. (appendix) do: each coordinate's covariance of the ends is (5^(1/2) - 1)/2 in closed form;
     * what fitting with as many steps and half bridges comes to is near to it, and the networks near to that. 10^5 numbers or more have standard
     * errors below 0.005; wider networks learn of more coordinates from the same rows, and are off by more.
     */
    @ParameterizedTest
    @MethodSource("widths")
    void normalLawsAreCoupledAsInClosedForm(int width) {
        StepSizes sizes = StepSizes.constant(20, 0.025);
        Gaussian from = Gaussian.of(1, -0.1);
        Gaussian to = Gaussian.of(1, 0.1);
        double closed = GaussianBridge.brownian(from, to, 2 * sizes.horizon()).coupling()[0][0];
        assertEquals((Math.sqrt(5) - 1) / 2, closed, 1e-12);
        GaussianFitting exact = new GaussianFitting(from, to, Reference.brownian(), sizes, GaussianFitting.Noise.STEP);
        BridgeSpec spec = BridgeSpec.of(sizes)
                .withIterations(2)
                .withNetwork(Mlp.of(width < 20 ? 64 : 128, 2))
                .withTraining(TrainSpec.steps(width < 20 ? 400 : 1200)
                        .withBatch(512)
                        .withRate(3e-3)
                        .withAverage(width < 20 ? 0.98 : 0.998))
                .withCache(2048, 50)
                .asTheyAre();
        for (int half = 0; half < 2 * spec.iterations(); half++) {
            exact.next();
        }
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = SchrodingerBridge.fit(
                        normals(width, -0.1, 1), normals(width, 0.1, 2), Reference.brownian(), spec, device)) {
            float[] x = normals(width, -0.1, 3).values();
            float[] y =
                    bridge.forward().given("start", x, width).sample(20000, 4).rows();
            double[] made = moments(x, y);
            assertEquals(exact.end().mean()[0], made[0], 0.03, "mean");
            assertEquals(exact.end().covariance()[0][0], made[1], 0.03 + 0.0025 * width, "variance");
            assertEquals(closed, made[2], 0.02 + 0.0012 * width, "covariance of the ends");
        }
    }

    /** The larger ones take minutes of two cores. */
    private static IntStream widths() {
        return Depth.now() == Depth.PLAIN ? IntStream.of(5) : IntStream.of(5, 20, 50);
    }
}
