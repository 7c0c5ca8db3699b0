package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.plan.GivenStart;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Flows and densities of fitted bridges: bits on every device, the density against the flow's own volumes, a trained one against the law of its rows. */
class BridgeFlowsTest {
    private static final Dataset MOONS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 200), "x", "y");
    private static final Dataset CIRCLES = Dataset.of(BuiltInSet.CIRCLES.rows(2, 0, 200), "u", "v");

    private static BridgeSpec tiny(Matching matching) {
        return BridgeSpec.of(StepSizes.symmetric(4, 0.1, 0.3))
                .withIterations(1)
                .withMatching(matching)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(TrainSpec.steps(40)
                        .withBatch(32)
                        .withRate(5e-3)
                        .withAverage(0.9)
                        .withSeed(11))
                .withCache(32, 20);
    }

    private static SchrodingerBridge toNormal(Matching matching, Device device) {
        return SchrodingerBridge.fitToNormal(MOONS, Reference.ornsteinUhlenbeck(1), tiny(matching), device);
    }

    /** Every execution gives the same bits, rows of any numbers too; a traced flow keeps every row on its way. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void flowsAreOrdinarySamples(Device device) {
        try (SchrodingerBridge bridge = toNormal(Matching.DRIFT, device)) {
            for (Direction direction : Direction.values()) {
                Sampler sampler = bridge.flow(direction);
                float[] rows = sampler.sample(40, 3).rows();
                for (String execution : device.kind() == DeviceKind.HOST
                        ? List.of("fused", "graph", "stepwise")
                        : List.of("graph", "stepwise")) {
                    assertArrayEquals(
                            rows, sampler.execution(execution).sample(40, 3).rows(), execution);
                }
                assertArrayEquals(
                        Arrays.copyOfRange(rows, 2 * 15, 2 * 40),
                        sampler.sample(15, 25, 3).rows());
                float[] chosen = sampler.sample(new long[] {30, 2}, 3).rows();
                assertArrayEquals(Arrays.copyOfRange(rows, 60, 62), Arrays.copyOfRange(chosen, 0, 2));
                assertArrayEquals(Arrays.copyOfRange(rows, 4, 6), Arrays.copyOfRange(chosen, 2, 4));
                Samples traced = sampler.traced().sample(40, 3);
                assertArrayEquals(rows, traced.rows());
                assertEquals(16, traced.run().nfe());
                assertEquals(
                        "flow:" + direction.spec() + "@4", sampler.explain().method());
            }
        }
    }

    /** Nothing is drawn on the way: from given rows every seed ends at the same; and back, by finer steps, where they began. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void goesThereAndBack(Device device) {
        float[] rows = scaled(BuiltInSet.MOONS.rows(5, 0, 50));
        Dataset wide = Dataset.of(scaled(MOONS.values()), "x", "y");
        try (SchrodingerBridge bridge = SchrodingerBridge.fitToNormal(
                wide, Reference.ornsteinUhlenbeck(1), tiny(Matching.DRIFT).asTheyAre(), device)) {
            double[] apart = new double[2];
            for (int i = 0; i < 2; i++) {
                int steps = 4 << i;
                Sampler forward = bridge.flow(Direction.FORWARD).steps(steps).given("start", rows, 2);
                float[] there = forward.sample(50, 1).rows();
                assertArrayEquals(there, forward.sample(50, 2).rows());
                float[] back = bridge.flow(Direction.BACKWARD)
                        .steps(steps)
                        .steer(new GivenStart())
                        .given("start", there, 2)
                        .sample(50, 1)
                        .rows();
                double moved = 0;
                for (int k = 0; k < rows.length; k++) {
                    moved = Math.max(moved, Math.abs(there[k] - rows[k]));
                    apart[i] = Math.max(apart[i], Math.abs(back[k] - rows[k]));
                }
                assertTrue(moved > 0.1, "they went somewhere: " + moved);
            }
            assertTrue(apart[0] < 1e-3 && apart[1] < 1e-4, apart[0] + ", " + apart[1]);
        }
    }

    private static float[] scaled(float[] rows) {
        float[] scaled = rows.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= 4;
        }
        return scaled;
    }

    /** The density is that of the flow itself: the normal law's where a row ends, and the determinant of differences of where its neighbours end. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theDensityIsTheVolumeOfTheFlow(Device device) {
        float[] rows = BuiltInSet.MOONS.rows(6, 0, 20);
        for (Matching matching : Matching.values()) {
            try (SchrodingerBridge bridge = toNormal(matching, device)) {
                Likelihood likelihood = bridge.likelihood().steps(128);
                Likelihood.Densities densities = likelihood.of(rows, 0);
                Sampler flow = bridge.flow(Direction.FORWARD).steps(128);
                float h = 1 / 64f;
                double[][] ends = new double[4][];
                for (int side = 0; side < 4; side++) {
                    float[] moved = rows.clone();
                    for (int r = 0; r < 20; r++) {
                        moved[2 * r + side / 2] += side % 2 == 0 ? h : -h;
                    }
                    float[] there = flow.given("start", moved, 2).sample(20, 0).rows();
                    ends[side] = new double[40];
                    for (int k = 0; k < 40; k++) {
                        ends[side][k] = there[k];
                    }
                }
                for (int r = 0; r < 20; r++) {
                    double[] j = new double[4]; // [input][output]
                    for (int input = 0; input < 2; input++) {
                        for (int output = 0; output < 2; output++) {
                            int at = 2 * r + output;
                            j[2 * input + output] = (ends[2 * input][at] - ends[2 * input + 1][at]) / (2 * h);
                        }
                    }
                    double z0 = densities.latents()[2 * r];
                    double z1 = densities.latents()[2 * r + 1];
                    // rows and ends of rows are both in the units of the data, latent rows in those of the chains
                    double[] scales = bridge.encoding().scales();
                    double log = -0.5 * (z0 * z0 + z1 * z1)
                            - Math.log(2 * Math.PI)
                            - Math.log(scales[0] * scales[1])
                            + Math.log(Math.abs(j[0] * j[3] - j[1] * j[2]));
                    assertEquals(log, densities.log()[r], 5e-3, matching + ", row " + r);
                }
                assertArrayEquals(
                        densities.log(),
                        likelihood.execution("stepwise").of(rows, 0).log(),
                        "the executions' bits");
                assertEquals(0, densities.errors()[0]);
            }
        }
    }

    /** Probes are unbiased: the mean difference from the exact divergence is 0 within 4 standard errors, for the drift and the mean. */
    @ParameterizedTest
    @EnumSource(Matching.class)
    void probesAreRightOnAverage(Matching matching) {
        int count = 400;
        float[] rows = BuiltInSet.MOONS.rows(7, 0, count);
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = toNormal(matching, device)) {
            double[] exact = bridge.likelihood().of(rows, 1).log();
            for (Law law : new Law[] {Law.NORMAL, Law.RADEMACHER}) {
                Likelihood.Densities probed =
                        bridge.likelihood().hutchinson(4, law).of(rows, 1);
                double sum = 0;
                double squares = 0;
                double errors = 0;
                for (int r = 0; r < count; r++) {
                    double apart = probed.log()[r] - exact[r];
                    sum += apart;
                    squares += apart * apart;
                    errors += probed.errors()[r] * probed.errors()[r];
                }
                assertTrue(squares > 0, "probes scatter");
                assertEquals(0, sum, 4 * Math.sqrt(squares), law + ": mean difference");
                assertEquals(1, errors / squares, 0.5, law + ": standard errors");
                assertEquals(16 * 4, probed.nfe());
            }
        }
    }

    /** Rows of N(mean, C) in two dimensions, C of deviations 2 and 1/2 and correlation 0.6. */
    private static Dataset normal(int count, long seed) {
        float[] rows = new float[2 * count];
        for (int r = 0; r < count; r++) {
            double z = Philox.words(seed, r, Purpose.DATA, 0).normal(0);
            double w = Philox.words(seed, r, Purpose.DATA, 0).normal(1);
            rows[2 * r] = (float) (3 + 2 * z);
            rows[2 * r + 1] = (float) (-1 + 0.5 * (0.6 * z + 0.8 * w));
        }
        return Dataset.of(rows, "a", "b");
    }

    /** The example of docs/bridges.md. A trained bridge knows the density of rows it never saw, and its flow makes them normal. */
    @Test
    void aTrainedBridgeKnowsTheDensityOfItsRows() {
        Dataset data = normal(4000, 1);
        float[] held = normal(1000, 2).values();
        BridgeSpec spec = BridgeSpec.of(StepSizes.constant(20, 0.05))
                .withIterations(1)
                .withNetwork(Mlp.of(32, 2))
                .withTraining(TrainSpec.steps(400)
                        .withBatch(256)
                        .withRate(5e-3)
                        .withAverage(0.98)
                        .withSeed(3));
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge =
                        SchrodingerBridge.fitToNormal(data, Reference.ornsteinUhlenbeck(1), spec, device)) {
            // snippet: flow
            float[] latent = bridge.flow(Direction.FORWARD)
                    .given("start", held, 2)
                    .sample(1000, 0)
                    .rows(); // near the normal law; the same for every seed
            float[] again = bridge.flow(Direction.BACKWARD)
                    .steer(new GivenStart())
                    .given("start", latent, 2)
                    .sample(1000, 0)
                    .rows(); // the held rows
            double nats = bridge.likelihood().of(held, 0).mean(); // mean log-density, in the units of the data
            // end
            double entropy = 1 + Math.log(2 * Math.PI) + Math.log(2 * 0.5 * 0.8);
            double exact = 0;
            for (int r = 0; r < 1000; r++) {
                double z = (held[2 * r] - 3) / 2;
                double w = ((held[2 * r + 1] + 1) / 0.5 - 0.6 * z) / 0.8;
                exact += (-0.5 * (z * z + w * w) - Math.log(2 * Math.PI) - Math.log(2 * 0.5 * 0.8)) / 1000;
            }
            assertEquals(-entropy, exact, 0.1, "of so many rows");
            assertEquals(exact, nats, 0.05, "the density of rows never seen");
            double[][] moments =
                    moments(bridge.encoding().means(), bridge.encoding().scales(), latent);
            assertArrayEquals(new double[] {0, 0}, moments[0], 0.12, "means");
            assertArrayEquals(new double[] {1, 1, 0}, moments[1], 0.15, "variances and covariance");
            double[][] made = moments(
                    new double[] {3, -1},
                    new double[] {2, 0.5},
                    bridge.flow(Direction.BACKWARD).sample(1000, 4).rows());
            assertArrayEquals(new double[] {0, 0}, made[0], 0.12);
            assertArrayEquals(new double[] {1, 1, 0.6}, made[1], 0.25);
            double apart = 0;
            for (int k = 0; k < held.length; k++) {
                apart = Math.max(apart, Math.abs(again[k] - held[k]));
            }
            assertTrue(apart < 0.1, "there and back: " + apart);
        }
    }

    /** Means; then variances and the covariance. */
    private static double[][] moments(double[] shift, double[] scale, float[] rows) {
        int count = rows.length / 2;
        double[] mean = new double[2];
        double[] square = new double[3];
        for (int r = 0; r < count; r++) {
            double a = (rows[2 * r] - shift[0]) / scale[0];
            double b = (rows[2 * r + 1] - shift[1]) / scale[1];
            mean[0] += a / count;
            mean[1] += b / count;
            square[0] += a * a / count;
            square[1] += b * b / count;
            square[2] += a * b / count;
        }
        return new double[][] {
            mean, {square[0] - mean[0] * mean[0], square[1] - mean[1] * mean[1], square[2] - mean[0] * mean[1]}
        };
    }

    @Test
    void refusesWhatHasNoDensity() {
        try (Device device = Device.open("cpu");
                SchrodingerBridge joined =
                        SchrodingerBridge.fit(MOONS, CIRCLES, Reference.brownian(), tiny(Matching.DRIFT), device);
                SchrodingerBridge normal = toNormal(Matching.DRIFT, device)) {
            String message = assertThrows(IllegalStateException.class, joined::likelihood)
                    .getMessage();
            assertTrue(message.contains("fit the rows to the normal law, by fitToNormal or --to normal"), message);
            assertEquals(
                    List.of("u", "v"),
                    joined.flow(Direction.FORWARD).sample(3, 1).columns());
            assertEquals(
                    List.of("x", "y"),
                    joined.flow(Direction.BACKWARD).sample(3, 1).columns());
            assertThrows(
                    IllegalArgumentException.class, () -> normal.likelihood().of(new float[3], 0));
            assertThrows(
                    IllegalArgumentException.class, () -> normal.likelihood().steps(0));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> normal.likelihood()
                            .grid(normal.process().sizes().grid().reversed()));
            assertEquals(8 * 4, normal.likelihood().steps(8).of(new float[2], 0).nfe() - 2 * 6, "joined between");
        }
    }
}
