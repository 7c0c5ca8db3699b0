package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.device.Device;
import org.tweedie.device.KernelEntry;
import org.tweedie.rng.Purpose;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/** On CUDA alone: the host has no such launch, and says so. */
@GpuTest
@Tag("kernels")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainStepsTest {
    private static final TrainSteps.Cut WHOLE = TrainSteps.Cut.of(TrainSteps.Form.TILES, 1, 1024);

    private Device device;

    @BeforeAll
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
    }

    @AfterAll
    void close() {
        device.close();
    }

    private StepsLab.Left run(StepsLab net, TrainSteps.Cut cut, int blocks, double clip, int... launches) {
        try (Lab lab = new Lab(device)) {
            return net.run(lab, cut, blocks, clip, launches);
        }
    }

    private static TrainSteps.Cut cut(StepsLab net, boolean chained, int whole) {
        return TrainSteps.Cut.of(chained ? TrainSteps.Form.CHAIN : TrainSteps.Form.TILES, net.rows(), whole);
    }

    /** Every way to cut the steps of a network: sums of all rows and of some. */
    private List<TrainSteps.Cut> cuts(StepsLab net) {
        List<TrainSteps.Cut> cuts = new ArrayList<>();
        for (int whole : new int[] {1024, 64}) {
            cuts.add(cut(net, false, whole));
            cuts.add(cut(net, true, whole));
        }
        if (TrainSteps.narrowRefusal(device, net.shape()).isEmpty()) {
            cuts.add(TrainSteps.Cut.parts(TrainSteps.Form.NARROW, net.rows(), 1));
            cuts.add(TrainSteps.Cut.parts(TrainSteps.Form.NARROW, net.rows(), 128));
        }
        return cuts;
    }

    /** Against double, each parameter within the bound of MlpGradientError; the rows are those that the kernels of one step draw. */
    @ParameterizedTest
    @CsvSource({
        "64, 2, 2, 2, 64, SILU, false, 37, 37",
        "100, 3, 3, 2, 18, SIN, true, 70, 0",
        "129, 2, 5, 3, 32, GELU, false, 65, 65",
        "200, 1, 1, 1, 2, TANH, false, 1, 0",
        "17, 4, 16, 16, 6, SOFTPLUS, true, 130, 13",
        "256, 2, 9, 4, 30, RELU, true, 33, 0",
        "1, 3, 2, 1, 64, IDENTITY, true, 140, 140",
        "128, 3, 2, 2, 64, SILU, false, 130, 0",
        "65, 3, 8, 8, 6, SIN, false, 66, 66",
        "127, 1, 5, 3, 30, GELU, false, 129, 0"
    })
    void theGradientIsThatOfDoubles(
            int width,
            int depth,
            int inputs,
            int outputs,
            int features,
            Activation activation,
            boolean residual,
            int rows,
            int group) {
        StepsLab made = StepsLab.random(width, depth, inputs, outputs, features, activation, residual, rows, group, 41);
        for (StepsLab net : List.of(made, made.ofPairs())) {
            theGradientIsThatOfDoubles(net, rows);
        }
    }

    private void theGradientIsThatOfDoubles(StepsLab net, int rows) {
        double[] loss = new double[rows];
        double[] bound = new double[rows];
        MlpGradientError expected = net.expected(loss, bound);
        for (TrainSteps.Cut cut : cuts(net)) {
            StepsLab.Left got = run(net, cut, 0, 0, 1);
            String what = cut.toString();
            double off = 0;
            double size = 0;
            double square = 0;
            for (int i = 0; i < expected.gradient.length; i++) {
                assertEquals(expected.gradient[i], got.gradient()[i], expected.bound(i), what + ", parameter " + i);
                off += Math.pow(expected.gradient[i] - got.gradient()[i], 2);
                size += Math.pow(expected.gradient[i], 2);
                square += (double) got.gradient()[i] * got.gradient()[i];
            }
            assertTrue(Math.sqrt(off / size) < 0x1p-5, what + " " + Math.sqrt(off / size));
            double mean = Arrays.stream(loss).sum() / rows;
            assertEquals(mean, got.history()[0], Arrays.stream(bound).sum() / rows + 1e-6 * mean, what);
            assertEquals(Math.sqrt(square), got.control()[Adam.NORM], 1e-9 * Math.sqrt(square), what);
            update(net, got, 1);
        }
    }

    /** Weights, moments and running mean of the first step are those of the formula, in its bits. */
    private static void update(StepsLab net, StepsLab.Left got, float factor) {
        double[] scalars = StepsLab.scalars(1);
        float rate = (float) scalars[0];
        float fade = -rate * (float) StepsLab.RULE.decay();
        int trained = 0;
        for (int i = 0; i < net.parameters().length; i++) {
            float w = net.parameters()[i];
            if (!trained(net.shape(), i)) {
                assertEquals(w, got.weights()[i], "is not trained: " + i);
                assertEquals(0, got.first()[i]);
                continue;
            }
            trained++;
            float g = factor * got.gradient()[i];
            float m = Math.fma((float) (1 - StepsLab.RULE.beta1()), g, 0f);
            float v = Math.fma((float) (1 - StepsLab.RULE.beta2()), Math.fma(g, g, -0f), 0f);
            float by = (m * (float) scalars[1])
                    / ((float) Math.sqrt(v * (float) scalars[2]) + (float) StepsLab.RULE.epsilon());
            float now = Math.fma(-rate, by, Math.fma(fade, w, w));
            assertEquals(m, got.first()[i], "first moment " + i);
            assertEquals(v, got.second()[i], "second moment " + i);
            assertEquals(now, got.weights()[i], "weight " + i);
            assertEquals(Math.fma((float) scalars[3], now - w, w), got.mean()[i], "mean " + i);
        }
        assertTrue(trained > 0);
    }

    private static boolean trained(TrainStepsShape shape, int parameter) {
        int[] tensors = shape.tensors();
        for (int t = 0; t < tensors.length; t += TrainStepsShape.WORDS) {
            if (parameter >= tensors[t] && parameter < tensors[t + 1]) {
                return true;
            }
        }
        return false;
    }

    @Test
    void theNormIsClipped() {
        StepsLab net = StepsLab.random(20, 2, 3, 2, 8, Activation.SILU, false, 33, 0, 41);
        double norm = run(net, WHOLE, 0, 0, 1).control()[Adam.NORM];
        StepsLab.Left got = run(net, WHOLE, 0, norm / 3, 1);
        update(net, got, (float) (norm / 3 / norm));
        assertArrayEquals(
                run(net, WHOLE, 0, 0, 1).all(), run(net, WHOLE, 0, 2 * norm, 1).all());
    }

    /** Neither blocks nor cuts into launches change a bit, nor what is held in shared memory; nor tiles, where the norm is not asked for. */
    @ParameterizedTest
    @CsvSource({"70, 3, 70", "129, 2, 140"})
    void nothingButRowsAndNetworkChangesABit(int width, int depth, int rows) {
        StepsLab net = StepsLab.random(width, depth, 3, 2, 30, Activation.GELU, depth == 2, rows, rows, 41);
        for (TrainSteps.Cut cut : cuts(net)) {
            StepsLab.Left first = run(net, cut, 0, 0.01, 5);
            assertFalse(Arrays.equals(first.weights(), net.parameters()));
            assertArrayEquals(first.all(), run(net, cut, 1, 0.01, 5).all(), cut.toString());
            assertArrayEquals(first.all(), run(net, cut, 3, 0.01, 1, 3, 1).all(), cut.toString());
            assertArrayEquals(first.all(), run(net, cut, 5, 0.01, 2, 3).all(), cut.toString());
        }
        for (int whole : new int[] {1024, 64}) {
            assertArrayEquals(
                    run(net, cut(net, false, whole), 0, 0, 3).weights(),
                    run(net, cut(net, true, whole), 0, 0, 3).weights());
        }
    }

    @Test
    void momentsStayInSharedMemoryWhereItHoldsThem() {
        StepsLab net = StepsLab.random(70, 3, 3, 2, 30, Activation.SILU, false, 70, 0, 41);
        try (Lab lab = new Lab(device);
                org.tweedie.device.Closing own = new org.tweedie.device.Closing()) {
            TrainSteps.Memory memory = TrainSteps.memory(lab.stream(), net.shape(), 70, own);
            assertTrue(TrainSteps.blocks(device, memory, 0).held());
            assertFalse(TrainSteps.blocks(device, memory, 1).held());
        }
    }

    /** The weights of the step before stay, and steps after it, in the same launch or another, do nothing. */
    @Test
    void whatIsNotFiniteStopsAll() {
        StepsLab net = StepsLab.random(20, 2, 3, 2, 8, Activation.SILU, false, 5, 0, 41);
        // 41 rows, 5 a step: the ninth step takes the last row of the epoch, wherever the bad one is, so one of nine
        // halts
        int bad = 20 * 4 + 2;
        net.data()[bad] = Float.NaN;
        StepsLab.Left got = run(net, WHOLE, 0, 1, 8, 1);
        int halted = (int) got.control()[Adam.HALTED];
        assertTrue(halted >= 1 && halted <= 9, "halted at " + halted);
        assertTrue(Float.isNaN(got.history()[(halted - 1) % StepsLab.CAPACITY]));
        int[] before = new int[halted - 1];
        Arrays.fill(before, 1);
        StepsLab.Left good = run(net, WHOLE, 0, 1, before);
        assertEquals(0, good.control()[Adam.HALTED]);
        assertArrayEquals(good.weights(), got.weights());
        assertArrayEquals(good.mean(), got.mean());
        assertArrayEquals(good.second(), got.second());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        StepsLab net = StepsLab.random(20, 2, 3, 2, 8, Activation.SILU, false, 5, 0, 41);
        assertThrows(IllegalArgumentException.class, () -> run(net, WHOLE, 0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> run(net, WHOLE, 0, 1, StepsLab.CAPACITY + 1));
        for (int[] sizes : new int[][] {{17, 2, 8, 20}, {3, 4, 8, 20}, {3, 2, 7, 20}, {3, 2, 66, 20}, {3, 2, 8, 513}}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new TrainStepsShape(
                            sizes[0], sizes[1], sizes[2], sizes[3], 1, Activation.SILU, false, new int[6], 1));
        }
        try (Device host = Device.open("cpu:1")) {
            assertEquals("the host multiplies in f32", TrainSteps.refusal(host).orElseThrow());
            assertEquals(TrainSteps.STEPS, TrainSteps.entry(device, net.shape(), 512));
            assertEquals(TrainSteps.CHAIN, TrainSteps.entry(device, net.shape(), 1 << 16));
            try (Lab lab = new Lab(host)) {
                assertThrows(UnsupportedOperationException.class, () -> net.run(lab, WHOLE, 0, 1, 1));
            }
        }
    }

    /** What a block cannot hold goes on otherwise, and the reason has the size. */
    @Test
    void aNarrowNetworkOfManyRowsStaysOnChip() {
        assertEquals(TrainSteps.NARROW, entry(128, 3, 2, false, 4097));
        assertEquals(TrainSteps.NARROW, entry(65, 1, 8, false, 1 << 16));
        assertEquals(TrainSteps.STEPS, entry(128, 3, 2, false, 4096));
        for (int[] sizes :
                new int[][] {{64, 3, 2, 0}, {129, 3, 2, 0}, {128, 4, 2, 0}, {128, 3, 9, 0}, {128, 3, 2, 1}}) {
            assertEquals(TrainSteps.CHAIN, entry(sizes[0], sizes[1], sizes[2], sizes[3] == 1, 1 << 16));
        }
        StepsLab net = StepsLab.random(64, 2, 3, 2, 8, Activation.SILU, false, 5, 0, 41);
        assertEquals(
                "the network is 64 wide, blocks hold gradients of 65 to 128",
                TrainSteps.narrowRefusal(device, net.shape()).orElseThrow());
        TrainSteps.Cut cut = TrainSteps.cut(
                device,
                StepsLab.random(128, 3, 2, 2, 64, Activation.SILU, false, 5, 0, 41)
                        .shape(),
                1 << 16);
        assertEquals(new TrainSteps.Cut(TrainSteps.Form.NARROW, 512, 128), cut);
    }

    private KernelEntry entry(int width, int depth, int inputs, boolean residual, int rows) {
        StepsLab net = StepsLab.random(width, depth, inputs, 2, 8, Activation.SILU, residual, 5, 0, 41);
        return TrainSteps.entry(device, net.shape(), rows);
    }

    /** The kernel has the codes of its draws in its text. */
    @Test
    void purposesAreThoseOfTheKernel() {
        assertEquals(3, Purpose.TIME.code());
        assertEquals(4, Purpose.NOISE.code());
        assertEquals(5, Purpose.DATA.code());
    }
}
