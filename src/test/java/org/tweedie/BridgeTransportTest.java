package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.metric.CoupledRows;
import org.tweedie.metric.EntropicTransport;
import org.tweedie.metric.Points;
import org.tweedie.score.Mlp;
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
                .withTraining(
                        TrainSpec.steps(500).withBatch(256).withRate(5e-3).withAverage(0.98))
                .asTheyAre();
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = SchrodingerBridge.fit(
                        Dataset.of(moons, "x", "y"), Dataset.of(circles, "x", "y"), Reference.brownian(), spec, device)) {
            double there = meanSquare(
                    moons, bridge.forward().given("start", moons, 2).sample(ROWS, 3).rows());
            double back = meanSquare(
                    circles,
                    bridge.backward().given("start", circles, 2).sample(ROWS, 3).rows());
            Points x = new Points(moons, 2);
            Points y = new Points(circles, 2);
            double exact = CoupledRows.of(EntropicTransport.solve(x, y, epsilon, device), 0)
                    .meanSquare();
            double half = CoupledRows.of(EntropicTransport.solve(x, y, epsilon / 2, device), 0)
                    .meanSquare();
            double twice = CoupledRows.of(EntropicTransport.solve(x, y, 2 * epsilon, device), 0)
                    .meanSquare();
            assertEquals(exact, there, 0.1 * exact, "forward");
            assertEquals(exact, back, 0.15 * exact, "backward");
            assertTrue(half < 0.8 * exact && twice > 1.25 * exact, "a wrong factor would be seen: " + half + ", " + twice);
        }
    }
}
