package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.Gaussian;
import org.tweedie.bridge.GaussianFitting;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** Bridges with trained networks: their laws against exact fitting, bits across stops, executions, bad input. */
class SchrodingerBridgeTest {
    private static final int ROWS = 4000;

    @TempDir
    Path folder;

    /** Rows of N(mean, deviation^2 I) in two dimensions. */
    private static Dataset normal(double mean, double deviation, long seed) {
        float[] rows = new float[2 * ROWS];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float)
                    (mean + deviation * Philox.words(seed, i, Purpose.DATA, 0).normal(0));
        }
        return Dataset.of(rows, "a", "b");
    }

    /** Mean and variance over all numbers. */
    private static double[] moments(float[] rows) {
        double mean = 0;
        for (float x : rows) {
            mean += x / rows.length;
        }
        double variance = 0;
        for (float x : rows) {
            variance += (x - mean) * (x - mean) / rows.length;
        }
        return new double[] {mean, variance};
    }

    private static double crossed(float[] a, float[] b) {
        double[] first = moments(a);
        double[] second = moments(b);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - first[0]) * (b[i] - second[0]) / a.length;
        }
        return sum;
    }

    /** Small networks come near exact fitting after as many half bridges: laws at the ends, the coupling, and the way back. */
    @ParameterizedTest
    @EnumSource(Matching.class)
    void trainedNetworksComeNearExactFitting(Matching matching) {
        StepSizes sizes = StepSizes.constant(10, 0.04);
        BridgeSpec spec = BridgeSpec.of(sizes)
                .withIterations(2)
                .withMatching(matching)
                .withNetwork(Mlp.of(32, 2))
                .withTraining(TrainSpec.steps(500)
                        .withBatch(256)
                        .withRate(5e-3)
                        .withAverage(0.98)
                        .withSeed(3))
                .withCache(1024, 50)
                .asTheyAre();
        Reference reference = Reference.ornsteinUhlenbeck(1);
        GaussianFitting exact = new GaussianFitting(
                Gaussian.of(0.25, -0.5), Gaussian.of(1, 0.5), reference, sizes, GaussianFitting.Noise.STEP);
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge =
                        SchrodingerBridge.fit(normal(-0.5, 0.5, 1), normal(0.5, 1, 2), reference, spec, device)) {
            for (int half = 0; half < 3; half++) {
                exact.next();
            }
            double[] back = moments(bridge.backward().sample(ROWS, 5).rows());
            assertEquals(exact.end().mean()[0], back[0], 0.06);
            assertEquals(exact.end().covariance()[0][0], back[1], 0.05);
            exact.next();
            float[] start = normal(-0.5, 0.5, 9).values();
            float[] there =
                    bridge.forward().given("start", start, 2).sample(ROWS, 6).rows();
            double[] forth = moments(there);
            assertEquals(exact.end().mean()[0], forth[0], 0.08);
            assertEquals(exact.end().covariance()[0][0], forth[1], 0.12);
            assertEquals(exact.coupling()[0][0], crossed(start, there), 0.05);
            double[] again = moments(
                    bridge.backward().given("start", there, 2).sample(ROWS, 7).rows());
            assertEquals(-0.5, again[0], 0.12);
            assertEquals(0.25, again[1], 0.07);
            List<HalfBridge> halves = bridge.halves();
            assertEquals(4, halves.size());
            for (int half = 2; half < 4; half++) {
                assertTrue(halves.get(half).distance() < halves.get(half - 2).distance(), halves::toString);
            }
        }
    }

    /** The example of docs/bridges.md: circles of moons, and moons of circles. */
    @Test
    void theExampleJoinsMoonsAndCircles() {
        Dataset moons = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 2000), "x", "y");
        Dataset circles = Dataset.of(BuiltInSet.CIRCLES.rows(2, 0, 2000), "x", "y");
        float[] rows = {0, 1, 1, -0.5f};
        try (Device device = Device.open("cpu")) {
            // snippet: fit
            BridgeSpec spec = BridgeSpec.of(StepSizes.symmetric(10, 0.02, 0.1))
                    .withIterations(3)
                    .withNetwork(Mlp.of(32, 2))
                    .withTraining(
                            TrainSpec.steps(300).withBatch(256).withRate(5e-3).withAverage(0.98));
            try (SchrodingerBridge bridge = SchrodingerBridge.fit(moons, circles, Reference.brownian(), spec, device)) {
                float[] circle = bridge.forward().sample(500, 7).rows(); // from rows of the moons, drawn at random
                float[] moved =
                        bridge.forward().given("start", rows, 2).sample(2, 7).rows(); // from these
                float[] moon = bridge.backward().sample(500, 7).rows();
                // end
                double apart = distance(MOONS.values(), CIRCLES.values());
                assertTrue(distance(circle, circles.values()) < apart / 5, "the way forward");
                assertTrue(distance(moon, moons.values()) < apart / 5, "the way back");
                assertEquals(4, moved.length);
            }
        }
    }

    private static double distance(float[] a, float[] b) {
        return EnergyDistance.squared(new Points(a, 2), new Points(b, 2));
    }

    private static BridgeSpec tiny() {
        return BridgeSpec.of(StepSizes.symmetric(4, 0.1, 0.3))
                .withIterations(2)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(TrainSpec.steps(9)
                        .withBatch(16)
                        .withAverage(0.9)
                        .withSeed(11)
                        .withCheckpointEvery(4))
                .withCache(32, 3);
    }

    private static final Dataset MOONS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 50), "x", "y");
    private static final Dataset CIRCLES = Dataset.of(BuiltInSet.CIRCLES.rows(2, 0, 40), "u", "v");

    private record Bits(float[] forward, float[] backward, List<HalfBridge> halves) {
        static Bits of(SchrodingerBridge bridge) {
            return new Bits(
                    bridge.forward().sample(20, 1).rows(),
                    bridge.backward().sample(20, 2).rows(),
                    bridge.halves());
        }

        void same(Bits other) {
            assertArrayEquals(forward, other.forward);
            assertArrayEquals(backward, other.backward);
            assertEquals(halves, other.halves);
        }
    }

    /** Stops in the middle of the half bridge {@code half} at its first checkpoint, or at its beginning. */
    private record Stopper(int half, boolean beginning, CancelToken cancel) implements BridgeListener {
        @Override
        public TrainListener began(int now, int halves) {
            if (now == half && beginning) {
                cancel.cancel();
            }
            return new TrainListener() {
                @Override
                public void at(Progress progress) {}

                @Override
                public void saved(long step, Path file) {
                    if (now == half && step == 4) {
                        cancel.cancel();
                    }
                }
            };
        }
    }

    private static SchrodingerBridge fit(
            Device device,
            Optional<Dataset> to,
            BridgeSpec spec,
            BridgeListener listener,
            CancelToken cancel,
            Path directory,
            boolean resume)
            throws IOException {
        try (CheckpointDirectory kept = CheckpointDirectory.open(directory, 2, FileActions.disk())) {
            return SchrodingerBridge.fit(MOONS, to, Reference.brownian(), spec, device, listener, cancel, kept, resume);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void resumesToTheSameBits(Device device) throws IOException {
        Bits whole;
        try (SchrodingerBridge bridge = SchrodingerBridge.fit(MOONS, CIRCLES, Reference.brownian(), tiny(), device)) {
            assertEquals(
                    TrainResult.Outcome.FINISHED, bridge.result().orElseThrow().outcome());
            whole = Bits.of(bridge);
        }
        int run = 0;
        for (boolean beginning : new boolean[] {false, true}) {
            for (int half : new int[] {2, 3}) {
                Path directory = folder.resolve(device.kind() + "-" + run++);
                CancelToken cancel = new CancelToken();
                try (SchrodingerBridge stopped = fit(
                        device,
                        Optional.of(CIRCLES),
                        tiny(),
                        new Stopper(half, beginning, cancel),
                        cancel,
                        directory,
                        false)) {
                    assertEquals(
                            TrainResult.Outcome.CANCELLED,
                            stopped.result().orElseThrow().outcome());
                    assertEquals(half, stopped.halves().size());
                }
                try (SchrodingerBridge resumed = fit(
                        device,
                        Optional.of(CIRCLES),
                        tiny(),
                        BridgeListener.NONE,
                        new CancelToken(),
                        directory,
                        true)) {
                    whole.same(Bits.of(resumed));
                }
                IllegalArgumentException other = assertThrows(
                        IllegalArgumentException.class,
                        () -> fit(
                                device,
                                Optional.empty(),
                                tiny(),
                                BridgeListener.NONE,
                                new CancelToken(),
                                directory,
                                true));
                assertTrue(other.getMessage().contains("cannot resume"), other.getMessage());
            }
        }
    }

    /** Every execution that takes a walk gives the same bits, rows of any numbers too, and a walk from normals needs no rows. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void walksAreOrdinarySamples(Device device) {
        BridgeSpec spec = tiny().withIterations(1).afresh().withoutScore();
        try (SchrodingerBridge bridge =
                SchrodingerBridge.fitToNormal(MOONS, Reference.ornsteinUhlenbeck(1), spec, device)) {
            for (Sampler sampler : List.of(bridge.forward(), bridge.backward())) {
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
                assertEquals(4, traced.run().nfe());
            }
            assertEquals(List.of("x", "y"), bridge.backward().sample(1, 0).columns());
        }
    }

    /** The law of one row is that row: where walks to it end is off by 2 E|X - y| - E|X - X'|. */
    @Test
    void oneRowIsAnEnd() {
        Dataset row = Dataset.of(new float[] {1, 2}, "x", "y");
        BridgeSpec spec = tiny().withIterations(1).asTheyAre();
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = SchrodingerBridge.fit(row, MOONS, Reference.brownian(), spec, device)) {
            float[] ends = bridge.backward().sample(1000, 3).rows();
            double toRow = 0;
            double among = 0;
            for (int i = 0; i < 1000; i++) {
                toRow += Math.hypot(ends[2 * i] - 1, ends[2 * i + 1] - 2) / 1000;
                for (int j = 0; j < 1000; j++) {
                    among += Math.hypot(ends[2 * i] - ends[2 * j], ends[2 * i + 1] - ends[2 * j + 1]) / (1000.0 * 999);
                }
            }
            assertEquals(2 * toRow - among, bridge.halves().get(0).distance(), 0.15 * (2 * toRow - among));
        }
    }

    @Test
    void refusesWhatItCannotJoin() {
        Dataset three = Dataset.of(new float[] {1, 2, 3, 4, 5, 6}, "a", "b", "c");
        try (Device device = Device.open("cpu")) {
            refused("choose the columns of each", MOONS, three, tiny(), device);
            refused("without conditions", three.given("y", "c"), MOONS, tiny(), device);
            refused(
                    "the horizon is too short: steps 10x1e-5 move a number by 0.0141, and the ends lie",
                    MOONS,
                    normal(50, 1, 1),
                    BridgeSpec.of(StepSizes.constant(10, 1e-5)),
                    device);
            assertThrows(IllegalArgumentException.class, () -> tiny().withIterations(0));
            assertThrows(IllegalArgumentException.class, () -> tiny().withCache(0, 1));
            assertThrows(IllegalArgumentException.class, () -> tiny().withCache(1, 0));
            try (SchrodingerBridge bridge =
                    SchrodingerBridge.fit(MOONS, CIRCLES, Reference.brownian(), tiny().withIterations(1), device)) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> bridge.forward().steps(7).sample(1, 1));
                assertThrows(
                        IllegalArgumentException.class,
                        () -> bridge.forward().given("start", new float[3], 3).sample(1, 1));
                assertEquals(List.of("u", "v"), bridge.forward().sample(1, 0).columns());
                assertEquals(
                        List.of(Direction.BACKWARD, Direction.FORWARD),
                        bridge.halves().stream().map(HalfBridge::learned).toList());
                assertEquals(Map.of(), bridge.forward().sample(1, 0).traces());
            }
        }
    }

    private static void refused(String why, Dataset from, Dataset to, BridgeSpec spec, Device device) {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> SchrodingerBridge.fit(from, to, Reference.brownian(), spec, device))
                .getMessage();
        assertTrue(message.contains(why), message);
    }
}
