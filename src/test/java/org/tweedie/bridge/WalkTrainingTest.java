package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.io.Checkpoint;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.Dataset;
import org.tweedie.train.LossCurve;
import org.tweedie.train.PairRegression;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/** Half bridges learn as denoising score matching does where a device is fastest: many steps a launch, the cached walks with them. */
@GpuTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WalkTrainingTest {
    private static final BridgeProcess BRIDGE =
            new BridgeProcess(Reference.brownian(), StepSizes.constant(4, 0.1), Space.euclidean(2), false);
    private static final int REFRESH = 5;
    private static final TrainSpec F32 =
            TrainSpec.steps(17).withBatch(50).withSeed(3).withPrecision(Precision.F32);
    private static final TrainSpec BF16 = F32.withPrecision(Precision.BF16);

    private Device device;

    @BeforeAll
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
    }

    @AfterAll
    void close() {
        device.close();
    }

    private static WalkSource walks() {
        float[] rows = new float[2 * 7];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i % 2 + 0.25f * i;
        }
        return new WalkSource(
                BRIDGE,
                BridgePairs.first(Matching.DRIFT, false),
                Optional.of(Dataset.of(rows, "a", "b")),
                Optional.empty(),
                33,
                REFRESH,
                99,
                Precision.F32);
    }

    /** What a training came to. */
    private record Learned(String how, float[] weights, double[] losses, List<Checkpoint> checkpoints) {}

    private Learned learned(TrainSpec spec, Optional<Checkpoint> resumed) {
        Network network = Mlp.of(24, 2).create(Signature.over(2), Prediction.VELOCITY, 5, device);
        List<Checkpoint> checkpoints = new ArrayList<>();
        try (DeviceBuffer values = network.parameters().values();
                Stream stream = device.stream();
                Trainer trainer =
                        Trainer.open(new PairRegression(network, walks().spec()), walks().feed(), spec, device)) {
            resumed.ifPresent(trainer::restore);
            LossCurve curve = trainer.run(TrainListener.NONE, new CancelToken(), (step, checkpoint) -> {
                        checkpoints.add(checkpoint);
                        return java.nio.file.Path.of("kept");
                    })
                    .curve();
            float[] weights = new float[(int) values.count()];
            stream.download(trainer.weights(0).values(), 0, weights, 0, weights.length);
            double[] losses = new double[curve.points()];
            Arrays.setAll(losses, curve::loss);
            return new Learned(trainer.how(), weights, losses, checkpoints);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The rows of each step are those of steps one at a time, from four caches: losses agree to bf16. */
    @Test
    void stepsManyALaunchAreThoseOfF32() {
        Learned exact = learned(F32, Optional.empty());
        Learned near = learned(BF16, Optional.empty());
        assertFalse(exact.how().contains("train_steps_bf16"), exact.how());
        assertTrue(near.how().contains("train_steps_bf16"), near.how());
        assertEquals(17, near.losses().length);
        for (int k = 0; k < 17; k++) {
            assertEquals(exact.losses()[k], near.losses()[k], 0.02 * exact.losses()[k], "step " + (k + 1));
        }
        // other rows have other losses by far more than that
        double apart = 0;
        for (int k = 1; k < 17; k++) {
            apart = Math.max(apart, Math.abs(exact.losses()[k] / exact.losses()[k - 1] - 1));
        }
        assertTrue(apart > 0.1, "steps differ by " + apart);
    }

    /** Wherever launches are cut, within a cache or between two. */
    @Test
    void aRunThatResumesHasTheSameBits() {
        Learned straight = learned(BF16, Optional.empty());
        assertArrayEquals(straight.weights(), learned(BF16, Optional.empty()).weights());
        for (int every : new int[] {1, 5, 7}) {
            Learned kept = learned(BF16.withCheckpointEvery(every), Optional.empty());
            assertArrayEquals(straight.weights(), kept.weights(), "cut every " + every);
            Learned resumed = learned(BF16, Optional.of(kept.checkpoints().get(0)));
            assertArrayEquals(straight.weights(), resumed.weights(), "resumed after " + every);
        }
    }
}
