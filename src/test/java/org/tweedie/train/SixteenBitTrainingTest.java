package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.ReadLimits;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.TrainResult.Outcome;

/** Training with products of bf16 numbers, beside the same in f32. */
@GpuTest
@Tag("kernels")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SixteenBitTrainingTest {
    private static final TrainSpec F32 =
            TrainSpec.steps(24).withPrecision(Precision.F32).withBatch(50).withSeed(3);
    private static final TrainSpec BF16 = F32.withPrecision(Precision.BF16);
    private static final Dataset MOONS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 200), "u", "v");

    private Device device;

    @BeforeAll
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
    }

    @AfterAll
    void close() {
        device.close();
    }

    private static Objective objective(Network network, TrainSpec spec, int width) {
        return new DenoisingScoreMatching(
                        Parametrisation.preconditioned(new VpSde().on(Space.euclidean(width)), Prediction.DENOISED, 1),
                        spec.weighting(),
                        spec.sampling(),
                        spec.batch())
                .of(network);
    }

    private static Network network(String spec, Device device, int width, int... conditions) {
        List<Signature.Port> ports = new ArrayList<>();
        for (int i = 0; i < conditions.length; i++) {
            ports.add(new Signature.Port("c" + i, Space.euclidean(conditions[i])));
        }
        return Architecture.parse(spec)
                .create(Signature.over(width, ports.toArray(Signature.Port[]::new)), Prediction.DENOISED, 5, device);
    }

    /** A training of moons. */
    private static final class Run implements AutoCloseable {
        final Network network;
        final Trainer trainer;
        private final Stream stream;

        Run(Device device, TrainSpec spec, String architecture) {
            network = network(architecture, device, 2);
            trainer = Trainer.open(objective(network, spec, 2), MOONS, spec, device);
            stream = device.stream();
        }

        TrainResult run() {
            return trainer.run(TrainListener.NONE, new CancelToken());
        }

        float[] weights() {
            float[] values = new float[(int) trainer.weights(0).count()];
            stream.download(trainer.weights(0).values(), 0, values, 0, values.length);
            return values;
        }

        @Override
        public void close() {
            stream.close();
            trainer.close();
            network.parameters().values().close();
        }
    }

    private static float[] trained(Device device, TrainSpec spec, String architecture) {
        try (Run run = new Run(device, spec, architecture)) {
            assertEquals(Outcome.FINISHED, run.run().outcome());
            return run.weights();
        }
    }

    /** Gradient and losses of a batch with random weights, by the products that are allowed. */
    private float[][] gradient(String architecture, int width, int[] conditions, int count, Precision allowed) {
        try (Closing own = new Closing();
                Stream stream = device.stream();
                RowSet rows = RowSet.on(device)) {
            SplittableRandom random = new SplittableRandom(9);
            Network network = network(architecture, device, width, conditions);
            DeviceBuffer weights = own.add(network.parameters().values());
            float[] values = new float[(int) weights.count()];
            stream.download(weights, 0, values, 0, values.length);
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (0.2 * (random.nextDouble() - 0.5));
            }
            stream.upload(values, 0, weights, 0, values.length);
            Map<String, View> batch = new LinkedHashMap<>();
            for (int i = -1; i < conditions.length; i++) {
                int wide = i < 0 ? width : conditions[i];
                float[] data = new float[count * (wide + 1)];
                for (int k = 0; k < data.length; k++) {
                    data[k] = (float) (2 * random.nextDouble() - 1);
                }
                DeviceBuffer buffer = own.add(device.allocate(Element.F32, data.length));
                stream.upload(data, 0, buffer, 0, data.length);
                batch.put(i < 0 ? Dataset.X : "c" + i, new View(buffer, 1, wide, wide + 1));
            }
            DeviceBuffer into = own.add(device.allocate(Element.F32, values.length));
            DeviceBuffer losses = own.add(device.allocate(Element.F32, count));
            rows.assign(stream, 7, 0, count);
            try (Gradient gradient = objective(network, F32, width).open(device, count, allowed)) {
                assertEquals(allowed.spec(), gradient.products());
                gradient.queue(stream, rows, batch, List.of(into), losses);
                float[] got = new float[values.length];
                float[] loss = new float[count];
                stream.download(into, 0, got, 0, got.length);
                stream.download(losses, 0, loss, 0, loss.length);
                return new float[][] {got, loss};
            }
        }
    }

    /** Each tensor of the gradient that f32 gives, within a few roundings of 2^-8 a layer; TrainMlpTest has the bound of each number. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "mlp:128x3",
                "mlp:64x2,residual",
                "mlp:33x4,gelu",
                "mlp:16x1,tanh",
                "mlp:48x3,sin,residual,fourier:32:0.25:8"
            })
    void theGradientIsThatOfF32(String architecture) {
        for (int[] conditions : new int[][] {{}, {3, 1}}) {
            float[][] exact = gradient(architecture, 3, conditions, 70, Precision.F32);
            float[][] near = gradient(architecture, 3, conditions, 70, Precision.BF16);
            for (int what = 0; what < 2; what++) {
                double off = 0;
                double size = 0;
                for (int i = 0; i < exact[what].length; i++) {
                    off += Math.pow(exact[what][i] - near[what][i], 2);
                    size += Math.pow(exact[what][i], 2);
                }
                assertTrue(size > 0);
                assertEquals(0, Math.sqrt(off / size), 0x1p-5, architecture + " " + conditions.length);
            }
        }
    }

    @Test
    void aSeedGivesTheSameBitsAndOthersThanF32() {
        float[] once = trained(device, BF16, "mlp:24x2");
        assertArrayEquals(once, trained(device, BF16, "mlp:24x2"));
        float[] exact = trained(device, F32, "mlp:24x2");
        assertFalse(java.util.Arrays.equals(exact, once));
        double off = 0;
        double size = 0;
        for (int i = 0; i < once.length; i++) {
            off += Math.pow(once[i] - exact[i], 2);
            size += Math.pow(exact[i], 2);
        }
        assertEquals(0, Math.sqrt(off / size), 0.02);
    }

    @Test
    void whatNoKernelTakesIsTrainedInF32AndSaysSo() {
        try (Run run = new Run(device, BF16, "mlp:513x1")) {
            assertTrue(run.trainer.how().startsWith("f32: the network is 513 wide"), run.trainer.how());
        }
        try (Run run = new Run(device, BF16, "mlp:8x1,fourier:33:0.25:8")) {
            assertTrue(run.trainer.how().startsWith("f32: the network has 66 features"), run.trainer.how());
        }
        assertArrayEquals(trained(device, F32, "mlp:513x1"), trained(device, BF16, "mlp:513x1"));
        try (Device host = Device.open("cpu:1");
                Run run = new Run(host, BF16, "mlp:8x1")) {
            assertTrue(run.trainer.how().startsWith("f32: the host multiplies in f32; "), run.trainer.how());
        }
        try (Run run = new Run(device, BF16, "mlp:8x1")) {
            assertTrue(run.trainer.how().startsWith("bf16: train_steps_bf16"), run.trainer.how());
        }
        try (Run run = new Run(device, F32, "mlp:8x1")) {
            assertTrue(run.trainer.how().startsWith("f32: "), run.trainer.how());
        }
    }

    @Test
    void aRunResumesToTheSameBitsAndRefusesOtherProducts(@TempDir Path directory) throws IOException {
        float[] expected = trained(device, BF16, "mlp:16x2");
        Checkpoint half;
        try (Run run = new Run(device, BF16.withCheckpointEvery(10), "mlp:16x2");
                CheckpointDirectory into = CheckpointDirectory.open(directory, 1, FileActions.disk())) {
            CancelToken cancel = new CancelToken();
            TrainListener once = new TrainListener() {
                @Override
                public void at(Progress progress) {}

                @Override
                public void saved(long step, Path file) {
                    cancel.cancel();
                }
            };
            assertEquals(Outcome.CANCELLED, run.trainer.run(once, cancel, into).outcome());
            half = into.newest(ReadLimits.defaults(), line -> {}).orElseThrow().checkpoint();
        }
        try (Run run = new Run(device, BF16, "mlp:16x2")) {
            run.trainer.restore(half);
            assertEquals(10, run.trainer.step());
            run.run();
            assertArrayEquals(expected, run.weights());
        }
        assertEquals("bf16 in steps", half.fields("settings").get("products"));
        refused(device, F32, half, "products");
        try (Device host = Device.open("cpu:1")) {
            refused(host, BF16, half, "products");
        }
        try (Run run = new Run(device, F32, "mlp:16x2")) {
            assertFalse(run.trainer.checkpoint().fields("settings").containsKey("products"));
            refused(device, BF16, run.trainer.checkpoint(), "products");
        }
    }

    private static void refused(Device device, TrainSpec spec, Checkpoint checkpoint, String what) {
        try (Run run = new Run(device, spec, "mlp:16x2")) {
            String message = assertThrows(IllegalArgumentException.class, () -> run.trainer.restore(checkpoint))
                    .getMessage();
            assertTrue(message.startsWith("cannot resume") && message.contains("Its " + what), message);
        }
    }

    /** The running mean of the loss over the last hundred steps is of the same batches: it differs by what was learned alone. */
    @Test
    void trainingReachesTheLossOfF32() {
        TrainSpec spec = F32.withSteps(400).withBatch(128);
        double[] loss = new double[2];
        for (int i = 0; i < 2; i++) {
            try (Run run = new Run(device, i == 0 ? spec : spec.withPrecision(Precision.BF16), "mlp:32x2")) {
                loss[i] = run.run().smoothLoss();
            }
        }
        assertEquals(loss[0], loss[1], 0.03 * loss[0]);
    }

    /** Steps of many rows through a narrow network: the same batches as in f32, the same loss. */
    @Test
    void manyRowsOfANarrowNetworkReachTheLossOfF32() {
        TrainSpec spec = F32.withSteps(2).withBatch(4097);
        double[] loss = new double[2];
        for (int i = 0; i < 2; i++) {
            try (Run run = new Run(device, i == 0 ? spec : spec.withPrecision(Precision.BF16), "mlp:65x2")) {
                loss[i] = run.run().smoothLoss();
                assertTrue(
                        run.trainer.how().startsWith(i == 0 ? "f32: " : "bf16: train_narrow_bf16"), run.trainer.how());
            }
        }
        assertEquals(loss[0], loss[1], 0.01 * loss[0]);
    }

    /** Device and network alone decide where nothing is asked for, and a run goes on with what it began with. */
    @Test
    void withoutBeingAskedABf16KernelIsTakenWhereThereIsOne() {
        TrainSpec auto = F32.withAutomaticPrecision();
        try (Run run = new Run(device, auto, "mlp:16x2")) {
            assertEquals("bf16 in steps", run.trainer.products());
            Checkpoint began = run.trainer.checkpoint();
            assertEquals(BF16, Trainer.resumed(auto, began));
            assertEquals(BF16, Trainer.resumed(BF16, began));
            String message = assertThrows(IllegalArgumentException.class, () -> Trainer.resumed(F32, began))
                    .getMessage();
            assertTrue(message.contains("bf16 in steps") && message.contains("precision f32 is asked for"), message);
        }
        try (Run run = new Run(device, auto, "mlp:513x1")) {
            assertEquals("f32", run.trainer.products());
            assertTrue(run.trainer.how().contains("up to 512"), run.trainer.how());
            assertEquals(F32, Trainer.resumed(auto, run.trainer.checkpoint()));
        }
        try (Run run = new Run(device, auto.withBatch(4097), "mlp:8x1")) {
            assertEquals("bf16", run.trainer.products());
        }
        try (Run run = new Run(device, auto.withBatch(4097), "mlp:128x3")) {
            assertEquals("bf16 in steps", run.trainer.products());
            assertTrue(run.trainer.how().startsWith("bf16: train_narrow_bf16 for steps"), run.trainer.how());
        }
        try (Device host = Device.open("cpu:1");
                Run run = new Run(host, auto, "mlp:8x1")) {
            assertTrue(run.trainer.how().startsWith("f32: the host multiplies in f32; "), run.trainer.how());
        }
        assertArrayEquals(trained(device, BF16, "mlp:24x2"), trained(device, auto, "mlp:24x2"));
    }

    @Test
    void everyWayOfTrainingIsExplained() {
        Network small = network("mlp:16x2", device, 2);
        Network wide = network("mlp:513x1", device, 2);
        try (Closing own = new Closing()) {
            own.add(small.parameters().values());
            own.add(wide.parameters().values());
            TrainSpec auto = F32.withAutomaticPrecision();
            Map<String, String> ways = Trainer.explain(objective(small, auto, 2), auto, device);
            assertTrue(
                    ways.get("many steps a launch, bf16").startsWith("taken: train_steps_bf16 with "), ways.toString());
            assertTrue(ways.get("many steps a launch, bf16").contains("shared memory"), ways.toString());
            ways = Trainer.explain(objective(wide, auto, 2), auto, device);
            assertEquals(
                    "declined: the network is 513 wide, the kernels take up to 512",
                    ways.get("many steps a launch, bf16"));
            assertTrue(ways.get("three kernels a step, bf16").startsWith("declined: "), ways.toString());
            TrainSpec many = auto.withBatch(4097);
            ways = Trainer.explain(objective(small, many, 2), many, device);
            assertEquals(
                    "declined: steps of more than 4096 rows through a network up to 128 wide take three kernels each, and not "
                            + "train_narrow_bf16: the network is 16 wide, blocks hold gradients of 65 to 128",
                    ways.get("many steps a launch, bf16"));
            ways = Trainer.explain(objective(small, F32, 2), F32, device);
            assertEquals("declined: products of f32 are asked for", ways.get("many steps a launch, bf16"));
            assertEquals("declined: products of f32 are asked for", ways.get("three kernels a step, bf16"));
        }
    }

    @Test
    void f16IsRefusedAndF32IsNotNamed() {
        String message = assertThrows(IllegalArgumentException.class, () -> F32.withPrecision(Precision.F16))
                .getMessage();
        assertTrue(message.contains("f32 or bf16"), message);
        assertFalse(F32.settings().contains("precision"), F32.settings());
        assertEquals(F32.settings(), BF16.settings());
    }
}
