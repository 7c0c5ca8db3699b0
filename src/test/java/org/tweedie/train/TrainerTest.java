package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.ReadLimits;
import org.tweedie.kernels.Adam;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.TrainResult.Outcome;

class TrainerTest {
    private static final TrainSpec TINY = TrainSpec.steps(50)
            .withPrecision(Precision.F32)
            .withBatch(37)
            .withSeed(3)
            .withSchedule(TrainSpec.Schedule.COSINE, 10);
    private static final Dataset MOONS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 100), "u", "v");

    private static Parametrisation parametrisation(int width) {
        return Parametrisation.preconditioned(new VpSde().on(Space.euclidean(width)), Prediction.DENOISED, 1);
    }

    /** One training of {@code mlp:16x2} on a device, from its start. */
    private static final class Run implements AutoCloseable {
        final Network network;
        final Trainer trainer;
        private final Stream stream;

        Run(Device device, TrainSpec spec, Dataset data) {
            List<Signature.Port> conditions = new ArrayList<>();
            for (Dataset.Port port : data.ports().subList(1, data.ports().size())) {
                conditions.add(new Signature.Port(port.name(), Space.euclidean(port.width())));
            }
            int width = data.port("x").width();
            network = Architecture.parse("mlp:16x2")
                    .create(
                            Signature.over(width, conditions.toArray(Signature.Port[]::new)),
                            Prediction.DENOISED,
                            spec.seed(),
                            device);
            Objective objective = new DenoisingScoreMatching(
                            parametrisation(width),
                            spec.weighting(),
                            spec.sampling(),
                            spec.evenTimes() ? spec.batch() : 0)
                    .of(network);
            trainer = Trainer.open(objective, data, spec, device);
            stream = device.stream();
        }

        float[] values(DeviceBuffer buffer) {
            float[] values = new float[(int) buffer.count()];
            stream.download(buffer, 0, values, 0, values.length);
            return values;
        }

        /** Mean and last weights. */
        float[][] state() {
            return new float[][] {
                values(trainer.mean(0).values()), values(trainer.weights(0).values())
            };
        }

        TrainResult run() {
            return trainer.run(TrainListener.NONE, new CancelToken());
        }

        @Override
        public void close() {
            stream.close();
            trainer.close();
            network.parameters().values().close();
        }
    }

    private static float[][] trained(String device, TrainSpec spec, Dataset data) {
        try (Device opened = Device.open(device);
                Run run = new Run(opened, spec, data)) {
            assertEquals(Outcome.FINISHED, run.run().outcome());
            return run.state();
        }
    }

    @Test
    void theSameSeedGivesTheSameBitsWithAnyNumberOfThreads() {
        TrainSpec spec = TINY.withBatch(300);
        float[][] one = trained("cpu:1", spec, MOONS);
        assertArrayEquals(one, trained("cpu:1", spec, MOONS));
        assertArrayEquals(one, trained("cpu:2", spec, MOONS));
        assertArrayEquals(one, trained("cpu:5", spec, MOONS));
        assertFalse(java.util.Arrays.equals(one[0], trained("cpu:1", spec.withSeed(4), MOONS)[0]));
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceTrainsToTheBitsOfTheHost(Device device) {
        TrainSpec spec = TINY.withSteps(12);
        try (Run run = new Run(device, spec, MOONS)) {
            TrainResult result = run.run();
            assertEquals(Outcome.FINISHED, result.outcome());
            assertEquals(12, result.curve().steps());
            assertArrayEquals(trained("cpu:1", spec, MOONS), run.state());
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aRunThatIsKilledResumesToTheSameBits(Device device, @TempDir Path directory) throws IOException {
        TrainSpec spec = TINY.withSteps(24).withCheckpointEvery(7);
        float[][] expected;
        LossCurve curve;
        double smooth;
        try (Run run = new Run(device, spec, MOONS)) {
            TrainResult result = run.run();
            expected = run.state();
            curve = result.curve();
            smooth = result.smoothLoss();
        }
        try (Run run = new Run(device, spec, MOONS);
                CheckpointDirectory into = CheckpointDirectory.open(directory, 2, FileActions.disk())) {
            // dies while it writes the checkpoint of step 21
            IllegalStateException killed = assertThrows(
                    IllegalStateException.class,
                    () -> run.trainer.run(
                            new TrainListener() {
                                @Override
                                public void at(Progress progress) {}

                                @Override
                                public void saved(long step, Path file) {
                                    if (step == 21) {
                                        file.toFile().delete();
                                        throw new IllegalStateException("killed");
                                    }
                                }
                            },
                            new CancelToken(),
                            into));
            assertEquals("killed", killed.getMessage());
        }
        try (Run run = new Run(device, spec.withCheckpointEvery(100), MOONS)) {
            CheckpointDirectory.Found found = CheckpointDirectory.newest(directory, ReadLimits.defaults(), line -> {})
                    .orElseThrow();
            assertEquals(14, found.step());
            run.trainer.restore(found.checkpoint());
            assertEquals(14, run.trainer.step());
            TrainResult result = run.run();
            assertEquals(24, result.step());
            assertArrayEquals(expected, run.state());
            assertEquals(smooth, result.smoothLoss());
            assertArrayEquals(curve.state(), result.curve().state());
        }
    }

    @Test
    void otherDataOrSettingsAreRefused() {
        try (Device device = Device.open("cpu:1");
                Run run = new Run(device, TINY, MOONS)) {
            var checkpoint = run.trainer.checkpoint();
            try (Run same = new Run(device, TINY.withCheckpointEvery(3), MOONS)) {
                same.trainer.restore(checkpoint);
            }
            refuses(device, TINY.withSeed(9), MOONS, checkpoint, "settings");
            refuses(device, TINY.withSteps(51), MOONS, checkpoint, "settings");
            refuses(device, TINY, Dataset.of(BuiltInSet.MOONS.rows(2, 0, 100), "u", "v"), checkpoint, "data");
            refuses(device, TINY, Dataset.of(BuiltInSet.MOONS.rows(1, 0, 100), "u", "w"), checkpoint, "data");
            refuses(
                    device,
                    TINY.withWeighting(Weighting.SIMPLE, TimeSampling.UNIFORM, true),
                    MOONS,
                    checkpoint,
                    "objective");
        }
    }

    private static void refuses(
            Device device, TrainSpec spec, Dataset data, org.tweedie.io.Checkpoint checkpoint, String what) {
        try (Run other = new Run(device, spec, data)) {
            String message = assertThrows(IllegalArgumentException.class, () -> other.trainer.restore(checkpoint))
                    .getMessage();
            assertTrue(message.startsWith("cannot resume") && message.contains("Its " + what), message);
        }
    }

    @Test
    void cancelAndInterruptFinishTheStepAndSave(@TempDir Path directory) throws IOException {
        for (boolean interrupt : new boolean[] {false, true}) {
            try (Device device = Device.open("cpu:1");
                    Run run = new Run(device, TINY.withSteps(100_000), MOONS);
                    CheckpointDirectory into = CheckpointDirectory.open(directory, 1, FileActions.disk())) {
                CancelToken cancel = new CancelToken();
                TrainResult result = run.trainer.run(
                        progress -> {
                            if (interrupt) {
                                Thread.currentThread().interrupt();
                            } else {
                                cancel.cancel();
                            }
                        },
                        cancel,
                        into);
                assertEquals(interrupt, Thread.interrupted(), "the interrupt is the caller's to see");
                assertEquals(Outcome.CANCELLED, result.outcome());
                assertTrue(result.step() > 0 && result.step() < 100_000);
                CheckpointDirectory.Found found =
                        into.newest(ReadLimits.defaults(), line -> {}).orElseThrow();
                assertEquals(result.step(), found.step());
                assertEquals(found.file(), result.checkpoint().orElseThrow());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aLossThatIsNotFiniteStopsAtTheLastGoodStep(Device device) {
        float[] rows = MOONS.values().clone();
        rows[2 * 61] = 3e38f; // one row whose squared error is infinite
        Dataset data = Dataset.of(rows, "u", "v");
        TrainSpec spec = TINY.withBatch(10).withSchedule(TrainSpec.Schedule.CONSTANT, 0);
        try (Run run = new Run(device, spec, data)) {
            TrainResult result = run.run();
            assertEquals(Outcome.NOT_FINITE, result.outcome());
            // 100 rows, 10 a step: every row is in one of the first ten steps; of this seed not in the first
            assertTrue(result.step() > 0 && result.step() < 10, "step " + result.step());
            assertTrue(
                    result.message().startsWith("step " + (result.step() + 1) + " was not finite"), result.message());
            assertEquals(result.step(), result.curve().steps());
            assertEquals(result.step(), run.trainer.step());
            try (Run until = new Run(device, spec.withSteps(result.step()), data)) {
                assertEquals(Outcome.FINISHED, until.run().outcome());
                assertArrayEquals(until.state(), run.state(), "the weights are those of the last good step");
            }
        }
    }

    @Test
    void conditionsReachTheNetwork() {
        float[] rows = new float[3000];
        float[] labels = BuiltInSet.EIGHTGAUSSIANS.rows(5, 0, 1000);
        for (int i = 0; i < 1000; i++) {
            rows[3 * i] = labels[2 * i] * 0.1f + (i % 2 == 0 ? 1 : -1);
            rows[3 * i + 1] = labels[2 * i + 1] * 0.1f;
            rows[3 * i + 2] = i % 2 == 0 ? 1 : -1;
        }
        Dataset data = Dataset.of(rows, "u", "v", "side").given("y", "side");
        try (Device device = Device.open("cpu");
                Run run = new Run(
                        device,
                        TrainSpec.steps(600).withPrecision(Precision.F32).withBatch(128),
                        data)) {
            run.run();
            Network network = run.network.with(run.trainer.mean(0));
            float[] out = sample(device, network, 2, Map.of("y", new float[] {1}), 400);
            double mean = 0;
            for (int i = 0; i < 400; i++) {
                mean += out[2 * i] / 400;
            }
            assertEquals(1, mean, 0.25);
        }
    }

    private static float[] sample(Device device, Network network, int width, Map<String, float[]> given, int count) {
        Parametrisation p = parametrisation(width);
        MethodSpec method = MethodSpec.parse("heun@12");
        Plan plan = p.fold(Sde.SCORE, "net").steer(method.plan(p.sde()));
        Map<String, org.tweedie.execution.GivenRows> rows = new java.util.HashMap<>();
        for (Map.Entry<String, float[]> entry : given.entrySet()) {
            plan = org.tweedie.plan.GivenInputs.of("net", entry.getKey(), Space.euclidean(entry.getValue().length))
                    .steer(plan);
            rows.put(entry.getKey(), new org.tweedie.execution.GivenRows(entry.getValue(), entry.getValue().length));
        }
        float[] out = new float[count * width];
        try (Sampling sampling = Sampling.open(Program.of(plan, Map.of("net", network)), device, count, false, null)) {
            sampling.run(
                    9,
                    0,
                    count,
                    rows,
                    Progress.NONE,
                    new CancelToken(),
                    (at, n, outputs, traces) -> System.arraycopy(outputs.get(0), 0, out, (int) at * width, n * width));
        }
        return out;
    }

    /** A twentieth of the default training already draws the board: the default must stay well below 0.01. */
    @Test
    void learnsTheCheckerboard() {
        Dataset raw = Dataset.of(BuiltInSet.CHECKERBOARD.rows(1, 0, 20_000), "u", "v");
        Normaliser normaliser = Normaliser.fit(raw, "x").normaliser();
        try (Device device = Device.open("cpu")) {
            TrainSpec spec = TrainSpec.steps(400).withPrecision(Precision.F32).withBatch(512);
            Network network = Architecture.parse("mlp:64x3").create(Signature.over(2), Prediction.DENOISED, 0, device);
            try (DeviceBuffer weights = network.parameters().values();
                    Trainer trainer = Trainer.open(
                            DenoisingScoreMatching.standard(parametrisation(2), spec.batch())
                                    .of(network),
                            raw.encoded(Map.of("x", normaliser)),
                            spec,
                            device)) {
                List<TrainListener.Progress> heard = new ArrayList<>();
                TrainResult result = trainer.run(heard::add, new CancelToken());
                trainer.copyMean(0, weights);
                assertEquals(400, heard.get(heard.size() - 1).step());
                assertTrue(result.curve().loss(0) > result.smoothLoss());
                float[] out = sample(device, network, 2, Map.of(), 1500);
                float[] fresh = BuiltInSet.CHECKERBOARD.rows(2, 0, 2000);
                normaliser.encode(fresh, fresh, 2000);
                double distance = EnergyDistance.squared(new Points(out, 2), new Points(fresh, 2));
                assertTrue(distance < 0.02, "squared energy distance " + distance);
            }
        }
    }

    @Test
    void anEstimateLeavesNothingBehind() {
        try (Device device = Device.open("cpu:1");
                Run run = new Run(device, TINY, MOONS)) {
            long held = device.allocatedBytes();
            Objective objective =
                    DenoisingScoreMatching.standard(parametrisation(2), 37).of(run.network);
            Trainer.Estimate estimate = Trainer.estimate(objective, MOONS, TINY, device);
            assertEquals(held, device.allocatedBytes());
            assertEquals(run.network.parameters().count(), estimate.parameters());
            assertEquals(run.trainer.deviceBytes(), estimate.deviceBytes());
            assertTrue(estimate.secondsPerStep() > 0 && estimate.seconds() == 50 * estimate.secondsPerStep());
        }
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> TrainSpec.steps(0));
        assertThrows(IllegalArgumentException.class, () -> TINY.withBatch(0));
        assertThrows(IllegalArgumentException.class, () -> TINY.withRate(0));
        assertThrows(IllegalArgumentException.class, () -> TINY.withRate(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> TINY.withAverage(1));
        assertThrows(IllegalArgumentException.class, () -> TINY.withClip(-1));
        assertThrows(IllegalArgumentException.class, () -> TINY.withCheckpointEvery(0));
        assertThrows(IllegalArgumentException.class, () -> TINY.withSchedule(TrainSpec.Schedule.COSINE, -1));
        assertEquals(TINY.settings(), TINY.withCheckpointEvery(77).settings());
        assertTrue(TINY.withRule(new Adam.Rule(0.8, 0.9, 1e-7, 0.1)).settings().contains("0.8"));
    }

    @Test
    void ratesRiseThenFall() {
        TrainSpec spec = TrainSpec.steps(1000)
                .withPrecision(Precision.F32)
                .withRate(0.01)
                .withSchedule(TrainSpec.Schedule.COSINE, 100);
        assertEquals(0.01 / 101, spec.rate(1), 1e-15);
        assertEquals(0.01 * 100 / 101, spec.rate(100), 1e-15);
        assertEquals(0.01, spec.rate(101), 1e-15);
        assertEquals(0.005, spec.rate(551), 1e-15);
        assertTrue(spec.rate(1000) > 0 && spec.rate(1000) < 1e-6);
        assertEquals(0.01, spec.withSchedule(TrainSpec.Schedule.CONSTANT, 0).rate(1000));
        assertEquals(1 - 2.0 / 11, spec.towards(1), 1e-15);
        assertEquals(1e-3, spec.withAverage(0.999).towards(100_000), 1e-15);
    }

    @Test
    void aLongCurveKeepsItsMeans() {
        LossCurve curve = new LossCurve();
        for (int k = 1; k <= 10_000; k++) {
            curve.add(k);
        }
        assertEquals(10_000, curve.steps());
        assertTrue(curve.points() <= LossCurve.MOST && curve.points() >= LossCurve.MOST / 2);
        for (int i = 0; i < curve.points(); i++) {
            assertEquals(
                    curve.step(i), curve.loss(i), 1e-9); // the loss is the step, so each point lies on the diagonal
        }
        assertArrayEquals(curve.state(), LossCurve.of(curve.state()).state());
    }
}
