package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/**
 * A small training and sampling on the emulated GPU, its threads and blocks run in several orders and its streams as late as
 * they may or at random moments: a missing barrier or a missing wait changes the result.
 */
@GpuTest
class ScheduleTest {
    private static final Sde PROCESS = new VpSde().on(Space.euclidean(2));

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
    }

    @AfterEach
    void reset() {
        if (EmulatedDriver.present()) {
            EmulatedDriver.reset();
        }
    }

    /** Weights after training, then samples. */
    private static float[][] trainAndSample() {
        Parametrisation parametrisation = Parametrisation.preconditioned(PROCESS, Prediction.DENOISED, 1);
        TrainSpec spec =
                TrainSpec.steps(4).withPrecision(Precision.F32).withBatch(33).withSeed(3);
        Dataset data = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 100), "u", "v");
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                Stream stream = device.stream()) {
            Network network =
                    Architecture.parse("mlp:16x2").create(Signature.over(2), Prediction.DENOISED, spec.seed(), device);
            try (DeviceBuffer initial = network.parameters().values();
                    Trainer trainer = Trainer.open(
                            new DenoisingScoreMatching(
                                            parametrisation,
                                            spec.weighting(),
                                            spec.sampling(),
                                            spec.evenTimes() ? spec.batch() : 0)
                                    .of(network),
                            data,
                            spec,
                            device)) {
                assertTrue(initial.count() > 0);
                assertEquals(
                        TrainResult.Outcome.FINISHED,
                        trainer.run(TrainListener.NONE, new CancelToken()).outcome());
                DeviceBuffer mean = trainer.mean(0).values();
                float[] weights = new float[(int) mean.count()];
                stream.download(mean, 0, weights, 0, weights.length);
                MethodSpec method = MethodSpec.parse("em@4");
                Plan plan = parametrisation
                        .fold(Sde.SCORE, "net")
                        .steer(method.method().plan(PROCESS, method.grid(PROCESS)));
                float[] samples = new float[2 * 37];
                try (Sampling sampling = Sampling.open(
                        Program.of(plan, Map.of("net", network.with(trainer.mean(0)))), device, 37, false, null)) {
                    sampling.run(
                            5,
                            0,
                            37,
                            Map.of(),
                            Progress.NONE,
                            new CancelToken(),
                            (at, rows, outputs, traces) ->
                                    System.arraycopy(outputs.get(0), 0, samples, (int) at * 2, rows * 2));
                }
                return new float[][] {weights, samples};
            }
        }
    }

    private static float[][] with(String order, long seed, String streams, Supplier<float[][]> run) {
        assertTrue(EmulatedDriver.schedule(order, seed));
        assertTrue(EmulatedDriver.streams(streams, seed));
        try {
            return run.get();
        } finally {
            EmulatedDriver.reset();
        }
    }

    @Test
    void noOrderOfThreadsChangesABit() {
        float[][] forward = with("forward", 0, "eager", ScheduleTest::trainAndSample);
        assertArrayEquals(forward, with("reverse", 0, "eager", ScheduleTest::trainAndSample));
        for (long seed = 1; seed <= 3; seed++) {
            assertArrayEquals(
                    forward, with("random", seed, "eager", ScheduleTest::trainAndSample), "random order, seed " + seed);
        }
    }

    @Test
    void lateStreamsChangeNothing() {
        float[][] early = with("forward", 0, "eager", ScheduleTest::trainAndSample);
        assertArrayEquals(early, with("forward", 0, "late", ScheduleTest::trainAndSample));
        assertArrayEquals(early, with("random", 1, "late", ScheduleTest::trainAndSample));
        for (long seed = 1; seed <= 3; seed++) {
            assertArrayEquals(
                    early,
                    with("forward", seed, "random", ScheduleTest::trainAndSample),
                    "streams at random moments, seed " + seed);
        }
    }

    /** Given rows are uploaded on one stream and read on another. */
    @Test
    void lateStreamsSeeTheGivenRows() {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(2));
        int y = w.given("y", Space.euclidean(2));
        w.step(1, 1).normal(Purpose.PRIOR, x);
        w.step(1, 0).set(x, 0.0, x, 2.0, y);
        GivenRows given = new GivenRows(new float[] {1, 2, 3, 4, 5, 6}, 2);
        float[][] got = with("forward", 0, "late", () -> {
            float[] samples = new float[6];
            try (Device device = TestDevices.open(TestDevices.specs().get(1));
                    Sampling sampling = Sampling.open(Program.of(w.plan(x), Map.of()), device, 3, false, null)) {
                sampling.run(
                        5,
                        0,
                        3,
                        Map.of("y", given),
                        Progress.NONE,
                        new CancelToken(),
                        (at, rows, outputs, traces) ->
                                System.arraycopy(outputs.get(0), 0, samples, (int) at * 2, rows * 2));
            }
            return new float[][] {samples};
        });
        assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12}, got[0]);
    }
}
