package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.score.Architecture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.VdmSde;
import org.tweedie.sde.VpSde;

/** A schedule that learns beside its network: the same bits whatever happens on the way, and a process as any other afterwards. */
class ScheduleLearnerTest {
    private static final Dataset MOONS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 400), "u", "v");
    private static final TrainSpec TINY = TrainSpec.steps(24)
            .withPrecision(Precision.F32)
            .withBatch(37)
            .withSeed(3)
            .withSchedule(TrainSpec.Schedule.COSINE, 4)
            .withProcess(new ProcessLearning(3, 0.2, 0.1));

    private static ScoreModel model(Device device, Prediction prediction) {
        return ScoreModel.create(new VdmSde(), Architecture.parse("mlp:16x2"), prediction, MOONS, 1, device);
    }

    private static float[] hostWeights(String[] process) {
        try (Device host = Device.open("cpu:1");
                ScoreModel model = model(host, Prediction.DENOISED)) {
            model.train(MOONS, TINY);
            process[0] = model.process().spec();
            return model.weights();
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceLearnsTheHostsSchedule(Device device) {
        String[] process = new String[1];
        float[] expected = hostWeights(process);
        try (ScoreModel model = model(device, Prediction.DENOISED)) {
            model.train(MOONS, TINY);
            assertArrayEquals(expected, model.weights());
            assertEquals(process[0], model.process().spec());
            assertNotEquals(new VdmSde().spec(), model.process().spec());
        }
    }

    @Test
    void aRunThatStopsGoesOnToTheSameBits(@TempDir Path folder) throws IOException {
        String[] process = new String[1];
        float[] expected = hostWeights(process);
        try (Device host = Device.open("cpu:2");
                ScoreModel model = model(host, Prediction.DENOISED);
                CheckpointDirectory into = CheckpointDirectory.open(folder, 2, FileActions.disk())) {
            CancelToken cancel = new CancelToken();
            TrainResult stopped = model.train(
                    MOONS,
                    TINY.withCheckpointEvery(11),
                    new TrainListener() {
                        @Override
                        public void at(Progress progress) {}

                        @Override
                        public void saved(long step, Path file) {
                            cancel.cancel();
                        }
                    },
                    cancel,
                    into,
                    false);
            assertEquals(11, stopped.step());
        }
        try (Device host = Device.open("cpu:1");
                ScoreModel model = model(host, Prediction.DENOISED);
                CheckpointDirectory into = CheckpointDirectory.open(folder, 2, FileActions.disk())) {
            model.train(MOONS, TINY, TrainListener.NONE, new CancelToken(), into, true);
            assertArrayEquals(expected, model.weights());
            assertEquals(process[0], model.process().spec());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Prediction.class,
            names = {"NOISE", "VELOCITY", "DENOISED"})
    void whatIsLearnedIsAProcessAsAnyOther(Prediction prediction, @TempDir Path folder) throws IOException {
        TrainSpec spec = TINY.withSteps(400).withBatch(128).withProcess(ProcessLearning.STANDARD);
        try (Device host = Device.open("cpu:2");
                ScoreModel model = model(host, prediction)) {
            TrainResult result = model.train(MOONS, spec);
            VdmSde vdm = (VdmSde) model.process();
            assertNotEquals(-13.3, vdm.schedule().first());
            assertEquals(TrainResult.Outcome.FINISHED, result.outcome());
            Path file = folder.resolve("model.safetensors");
            model.save(file);
            double bound = model.bound().of(MOONS.values(), 1).mean();
            assertTrue(bound > gaussian(), () -> bound + " beside a Gaussian's " + gaussian());
            try (ScoreModel loaded = ScoreModel.load(file, host)) {
                assertEquals(vdm, loaded.process());
                assertEquals(prediction, loaded.network().prediction());
                for (String method : new String[] {"em@20", "dpm2m@10", "heun@10", "rk23:0.1@50"}) {
                    assertArrayEquals(
                            model.sampler(MethodSpec.parse(method))
                                    .sample(20, 5)
                                    .rows(),
                            loaded.sampler(MethodSpec.parse(method))
                                    .sample(20, 5)
                                    .rows(),
                            method);
                }
            }
        }
    }

    /** The mean log-density of the rows under the Gaussian of their moments. */
    private static double gaussian() {
        float[] rows = MOONS.values();
        int n = MOONS.rows();
        double[] s = new double[5];
        for (int r = 0; r < n; r++) {
            double u = rows[2 * r];
            double v = rows[2 * r + 1];
            double[] terms = {u, v, u * u, u * v, v * v};
            for (int i = 0; i < 5; i++) {
                s[i] += terms[i] / n;
            }
        }
        double determinant = (s[2] - s[0] * s[0]) * (s[4] - s[1] * s[1]) - Math.pow(s[3] - s[0] * s[1], 2);
        return -Math.log(2 * Math.PI) - 1 - 0.5 * Math.log(determinant);
    }

    @Test
    void whatLearnsNotStaysAsItIs() {
        try (Device host = Device.open("cpu:1");
                ScoreModel model = model(host, Prediction.NOISE)) {
            model.train(MOONS, TINY.withProcess(ProcessLearning.STANDARD.withAfter(1)));
            assertEquals(new VdmSde().spec(), model.process().spec());
        }
    }

    @Test
    void whatAScheduleCannotBeLearnedWithIsSaid() {
        try (Device host = Device.open("cpu:1");
                ScoreModel model = model(host, Prediction.NOISE)) {
            assertSays("learned by denoising", () -> model.train(MOONS, TINY.withSlices(Slices.exact())));
        }
        assertSays("must be in [0, 1]", () -> ProcessLearning.STANDARD.withAfter(1.5));
        assertSays("must be 1 to 10^6", () -> new ProcessLearning(0, 0, 0.1));
        assertSays("rate of the process", () -> new ProcessLearning(1, 0, 0));
        Dataset labelled =
                Dataset.of(new float[] {1, 2, 3, 4, 5, 6}, "u", "v", "y").given("y", "y");
        try (Device host = Device.open("cpu:1");
                ScoreModel model = ScoreModel.create(new VdmSde(), Architecture.parse("mlp:16x2"), labelled, 1, host)) {
            assertSays(
                    "vdm learns its schedule",
                    () -> model.train(labelled, TINY.withConditioning(Conditioning.noised(new VpSde()))));
            TrainSpec dropped = TINY.withConditioning(Conditioning.dropped(0.2));
            try (ScoreModel flagged =
                    ScoreModel.create(new VdmSde(), Architecture.parse("mlp:16x2"), labelled.droppable(), 1, host)) {
                flagged.train(labelled.droppable(), dropped);
                assertNotEquals(new VdmSde().spec(), flagged.process().spec());
            }
        }
    }

    private static void assertSays(String part, Executable action) {
        String message = String.valueOf(
                assertThrows(IllegalArgumentException.class, action).getMessage());
        assertTrue(message.contains(part), message);
    }
}
