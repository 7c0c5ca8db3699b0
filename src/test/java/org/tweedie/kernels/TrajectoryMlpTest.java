package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;
import org.tweedie.testing.TestDevices;

class TrajectoryMlpTest {
    private static final long SEED = 91;

    /** A network with random weights of the size that keeps sums of the size of 1. */
    record Net(MlpShape shape, List<float[]> layers, float[] biases, float[] outBias) {
        static Net random(MlpShape shape, int times, long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            List<float[]> layers = new ArrayList<>();
            for (int l = 0; l <= shape.depth(); l++) {
                int in = l == 0 ? shape.inputs() : shape.width();
                int out = l == shape.depth() ? shape.outputs() : shape.width();
                layers.add(numbers(random, in * out, 1.7 / Math.sqrt(in)));
            }
            return new Net(
                    shape,
                    layers,
                    numbers(random, times * shape.depth() * shape.width(), 0.5),
                    numbers(random, shape.outputs(), 0.5));
        }

        float[] biasTable(int times) {
            float[] table = new float[times * shape.biases()];
            for (int i = 0; i < times; i++) {
                PackedMlp.biasRow(shape, biases, i * shape.depth() * shape.width(), table, i * shape.biases());
            }
            return table;
        }

        MlpError error() {
            return new MlpError(shape, layers, biases, outBias);
        }
    }

    static float[] numbers(SplittableRandom random, int count, double most) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (most * (2 * random.nextDouble() - 1));
        }
        return numbers;
    }

    static java.util.stream.Stream<Arguments> shapes() {
        List<Object> shapes = new ArrayList<>();
        int[][] sizes = { // width, inputs, outputs, depth
            {64, 2, 2, 3},
            {128, 2, 2, 3},
            {128, 5, 3, 2},
            {33, 1, 1, 1},
            {100, 8, 8, 2},
            {16, 16, 16, 4},
            {1, 3, 9, 2},
            {256, 2, 2, 3},
            {129, 7, 2, 2},
            {512, 3, 3, 3},
            {257, 9, 2, 2}
        };
        int salt = 0;
        for (int[] s : sizes) {
            for (Operands type : Operands.values()) {
                if (s[0] > MlpShape.mostWidth(type)) {
                    continue;
                }
                Activation activation = s[0] == 512
                        ? type == Operands.F16 ? Activation.SILU : Activation.SIN
                        : Activation.values()[(salt * 3 + 1) % 7];
                shapes.add(Arguments.of(
                        new MlpShape(type, s[0], s[1], s[2], s[3], activation, salt % 3 == 2), type, ++salt));
            }
        }
        return shapes.stream()
                .flatMap(shape -> TestDevices.all().map(device -> {
                    Object[] one = ((Arguments) shape).get();
                    return Arguments.of(device, one[0], one[1], one[2]);
                }));
    }

    /** One evaluation of 37 rows with inputs up to 100, at the second of two times. */
    private static float[] evaluate(
            Lab lab, Net net, Operands type, float[] x, int rows, float[] alive, @Nullable MlpLaunch launch) {
        MlpShape shape = net.shape();
        MlpOperations plan = new MlpOperations();
        int[] columns = new int[shape.inputs()];
        java.util.Arrays.setAll(columns, c -> c);
        plan.load(0, shape.inputs(), 0);
        plan.evaluate(columns, shape.inputs(), 0); // what the first leaves is overwritten
        plan.evaluate(columns, shape.inputs(), 1);
        plan.store(shape.inputs(), shape.outputs(), shape.inputs());
        float[] io = new float[rows * (shape.inputs() + shape.outputs())];
        java.util.Arrays.fill(io, Lab.UNTOUCHED);
        System.arraycopy(x, 0, io, 0, rows * shape.inputs());
        try (PackedMlp packed = PackedMlp.of(lab.stream(), shape, net.layers(), net.outBias())) {
            DeviceBuffer data = lab.floats(io);
            TrajectoryMlp.Program program = new TrajectoryMlp.Program(
                    lab.ints(plan.table()),
                    0,
                    plan.size(),
                    lab.ints(plan.places()),
                    lab.ints(new int[CellLayout.HEADER]),
                    lab.floats(new float[CellLayout.WEIGHTS]),
                    lab.floats(net.biasTable(2)),
                    shape.inputs() + shape.outputs());
            RowSet set = lab.rows(SEED, 0, rows, null, alive, 0);
            if (launch == null) {
                TrajectoryMlp.run(lab.stream(), set, data, rows, rows, program, packed);
            } else {
                TrajectoryMlp.run(lab.stream(), set, data, rows, rows, program, packed, launch);
            }
            float[] all = lab.read(data);
            return java.util.Arrays.copyOfRange(all, rows * shape.inputs(), all.length);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void anEvaluationIsTheNetworkOfDoubles(Device device, MlpShape shape, Operands type, int salt) {
        int rows = 37;
        Net net = Net.random(shape, 2, salt);
        SplittableRandom random = new SplittableRandom(salt);
        float[] x = numbers(random, rows * shape.inputs(), 2);
        for (int i = 0; i < shape.inputs(); i++) {
            x[i] = numbers(random, 1, 100)[0]; // the first row is far out
        }
        float[] alive = new float[rows];
        for (int r = 0; r < rows; r++) {
            alive[r] = salt % 4 == 1 && r % 5 == 3 ? 0 : 1;
        }
        assumeTrue(!shape.wide() || warpgroups(device), "no warpgroups");
        List<MlpLaunch> launches = new ArrayList<>(List.of(launches(shape).get(0)));
        warpgroups(device, shape).stream().limit(1).forEach(launches::add);
        for (MlpLaunch launch : launches) {
            float[] got = Lab.on(device, lab -> evaluate(lab, net, type, x, rows, alive, launch));
            assertIsTheNetwork(net, x, alive, got);
        }
    }

    /** SiLU by special functions alone is another network's rounding, within the same bound; a residual network's too. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void siluMayBeBySpecialFunctionsAlone(Device device) {
        for (Operands type : List.of(Operands.F16, Operands.BF16)) {
            for (int width : new int[] {64, 128, 256}) {
                MlpShape shared = new MlpShape(type, width, 2, 2, 3, Activation.SILU, width == 64);
                MlpShape special = new MlpShape(type, width, 2, 2, 3, Activation.SILU, width == 64, true);
                List<MlpLaunch> launches = warpgroups(device, shared);
                float[] x = numbers(new SplittableRandom(width), 2 * 70, 2);
                float[] alive = new float[70];
                java.util.Arrays.fill(alive, 1);
                for (int i = 0; i < Math.min(1, launches.size()); i++) {
                    MlpLaunch launch = launches.get(i);
                    Net net = Net.random(special, 2, width);
                    Net as = new Net(shared, net.layers, net.biases, net.outBias);
                    float[] got = Lab.on(device, lab -> evaluate(lab, net, type, x, 70, alive, launch));
                    float[] other = Lab.on(device, lab -> evaluate(lab, as, type, x, 70, alive, launch));
                    assertIsTheNetwork(net, x, alive, got);
                    boolean differs = !java.util.Arrays.equals(got, other);
                    assertEquals(width < 256 && device.limits().warpgroups(), differs, shared + " on " + device.name());
                }
            }
        }
    }

    private static void assertIsTheNetwork(Net net, float[] x, float[] alive, float[] got) {
        MlpShape shape = net.shape();
        Operands type = shape.operands();
        double far = 0;
        double all = 0;
        double worst = 0;
        for (int r = 0; r < alive.length; r++) {
            double[] in = new double[shape.inputs()];
            for (int i = 0; i < in.length; i++) {
                in[i] = x[r * in.length + i];
            }
            MlpError.Bounded expected = net.error().of(in, new double[in.length], shape.depth() * shape.width());
            for (int j = 0; j < shape.outputs(); j++) {
                float out = got[r * shape.outputs() + j];
                if (!(alive[r] > 0)) {
                    assertEquals(Lab.UNTOUCHED, out);
                    continue;
                }
                assertEquals(expected.value()[j], out, expected.error()[j], "row " + r + " output " + j);
                far += r == 0 ? 0 : Math.pow(expected.value()[j] - out, 2);
                all += r == 0 ? 0 : Math.pow(expected.value()[j], 2);
                worst = Math.max(worst, Math.abs(expected.value()[j] - out) / expected.error()[j]);
            }
        }
        double relative = Math.sqrt(far / all);
        assertTrue(
                relative <= (type == Operands.F16 ? 2e-3 : type == Operands.BF16 ? 1.5e-2 : 2e-6),
                shape + " " + type + ": " + relative);
        assertTrue(worst > (type == Operands.F16X3 || shape.wide() ? 1e-5 : 1e-4), "the bound says nothing: " + worst);
    }

    /** With a network of one linear layer nothing is rounded but inputs and sums: the split keeps what f32 keeps. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void farInputsKeepTheirLowHalf(Device device) {
        MlpShape shape = new MlpShape(Operands.F16, 1, 2, 1, 1, Activation.IDENTITY, false);
        // 64 x - 64 x' of inputs near 100 that differ by 2^-10; hi alone is good to 2^-5, and 1 and the difference are
        // exact in f16
        Net net = new Net(shape, List.of(new float[] {64, -64}, new float[] {1}), new float[2], new float[1]);
        float[] got = Lab.on(
                device,
                lab -> evaluate(lab, net, Operands.F16, new float[] {100.0009765625f, 100}, 1, new float[] {1}, null));
        assertEquals(0x1p-4, got[0], 0x1p-15);
    }

    /** What f16 does not hold stays at its largest number, in the inputs as in a layer; a NaN stays one, and its own. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void beyondTheRangeIsWrongButFinite(Device device) {
        float[] x = {70_000, 1e30f, -1e30f, Float.POSITIVE_INFINITY, Float.NaN, 1000, 65_000};
        for (Operands type : Operands.values()) {
            for (Activation activation : new Activation[] {Activation.IDENTITY, Activation.SILU}) {
                MlpShape shape = new MlpShape(type, 1, 1, 1, 1, activation, false);
                Net net = new Net(shape, List.of(new float[] {1}, new float[] {1}), new float[2], new float[1]);
                float[] got = Lab.on(device, lab -> evaluate(lab, net, type, x, x.length, null, null));
                assertTrue(Float.isNaN(got[4]), "a NaN stays one");
                assertEquals(1000, got[5], 4);
                if (type == Operands.BF16) {
                    assertEquals(70_000, got[0], 300);
                    continue;
                }
                assertEquals(type == Operands.F16 ? 65_504 : 65_536, got[0], 0.1);
                assertEquals(type == Operands.F16 ? 65_504 : 65_536, got[1], 0.1);
                assertEquals(activation == Activation.SILU ? 0 : type == Operands.F16 ? -65_504 : -65_536, got[2], 0.1);
                assertTrue(Float.isFinite(got[3]));
                assertEquals(65_000, got[6], type == Operands.F16 ? 32 : 0.02);
            }
        }
    }

    private static MlpLaunch whole(int rowsAWarp, int warps) {
        return new MlpLaunch(rowsAWarp, warps, MlpLaunch.ALL);
    }

    /** Different ways to lay rows and weights out. */
    private static List<MlpLaunch> launches(MlpShape shape) {
        List<MlpLaunch> launches = new ArrayList<>();
        if (shape.wide()) {
            launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, 8, 5));
            launches.add(new MlpLaunch(MlpLaunch.FEW, 8, 8));
            launches.add(new MlpLaunch(MlpLaunch.FEW, 8, 3));
            launches.add(new MlpLaunch(MlpLaunch.SPLIT, 8, 5));
            launches.add(new MlpLaunch(MlpLaunch.SPLIT, 8, 2));
            launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, 8, 2));
            return launches;
        }
        Device.Limits limits = new Device.Limits(132, 227 << 10, false);
        for (int[] one : new int[][] {{32, 1}, {32, 3}, {16, 1}, {16, 4}}) {
            MlpLaunch launch = whole(one[0], one[1]);
            if (one[1] <= shape.mostWarps(one[0]) && launch.sharedBytes(shape, 32) <= limits.sharedBytes()) {
                launches.add(launch);
            }
        }
        for (int held = 0; held <= Math.min(3, shape.groups() - 4); held++) {
            launches.add(new MlpLaunch(16, 1 + held, held));
        }
        return launches;
    }

    /** Of warpgroups, which only Hopper and the emulated GPU, which is one, have; the plain twin does not ask. */
    private static List<MlpLaunch> warpgroups(Device device, MlpShape shape) {
        boolean there = warpgroups(device);
        List<MlpLaunch> launches = new ArrayList<>();
        for (int warps = 4; there && warps <= Math.min(8, shape.mostWarps(MlpLaunch.WARPGROUP)); warps += 4) {
            if (whole(MlpLaunch.WARPGROUP, warps).sharedBytes(shape, 32) <= 227 << 10) {
                launches.add(whole(MlpLaunch.WARPGROUP, warps));
            }
            for (int held = 0; shape.tiled() && held <= Math.min(6, shape.groups() - 4); held += 1 + warps / 4) {
                launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, warps, held));
            }
        }
        return launches;
    }

    private static boolean warpgroups(Device device) {
        return device.limits().warpgroups() || device.kind() == DeviceKind.HOST;
    }

    /**
     * Neither rows a warp, whether weights pass, warps of a block nor the place of a row in its warp decide a bit, nor what other rows hold;
     * warpgroups have bits of their own.
     */
    @ParameterizedTest
    @MethodSource("shapes")
    void aRowsBitsAreItsOwn(Device device, MlpShape shape, Operands type, int salt) {
        assumeTrue(!shape.wide() || warpgroups(device), "no warpgroups");
        for (List<MlpLaunch> launches : List.of(launches(shape), warpgroups(device, shape))) {
            if (!launches.isEmpty()) {
                aRowsBitsAreItsOwn(device, Net.random(shape, 2, salt), type, salt, launches);
            }
        }
    }

    private static void aRowsBitsAreItsOwn(Device device, Net net, Operands type, int salt, List<MlpLaunch> launches) {
        MlpShape shape = net.shape();
        int rows = shape.wide() ? 131 : 67;
        float[] x = numbers(new SplittableRandom(salt), rows * shape.inputs(), 3);
        float[] all = Lab.on(device, lab -> evaluate(lab, net, type, x, rows, null, launches.get(0)));
        for (MlpLaunch launch : launches) {
            float[] other = Lab.on(device, lab -> evaluate(lab, net, type, x, rows, null, launch));
            Lab.assertBits(all, other, launch.toString());
        }
        int from = 41;
        float[] some = x.clone();
        some[0] = Float.NaN;
        float[] tail = java.util.Arrays.copyOfRange(some, from * shape.inputs(), some.length);
        tail[tail.length - 1] = Float.POSITIVE_INFINITY; // of the last row
        for (MlpLaunch launch : launches) {
            float[] got = Lab.on(device, lab -> evaluate(lab, net, type, tail, rows - from, null, launch));
            int kept = (rows - from - 1) * shape.outputs();
            Lab.assertBits(
                    java.util.Arrays.copyOfRange(all, from * shape.outputs(), from * shape.outputs() + kept),
                    java.util.Arrays.copyOf(got, kept),
                    "rows from " + from + ", " + launch);
        }
    }

    /** More rows than the pairs of blocks of a launch take in one turn; the last turn has work for one of two blocks. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void wideBlocksTakeTurns(Device device) {
        assumeTrue(warpgroups(device), "no warpgroups");
        MlpShape shape = new MlpShape(Operands.BF16, 400, 2, 2, 1, Activation.SIN, false);
        Net net = Net.random(shape, 2, 5);
        wideBlocksTakeTurns(
                device,
                shape,
                net,
                new MlpLaunch(MlpLaunch.WARPGROUP, 8, 3),
                256 * Math.max(1, device.limits().processors() / 2) + 70);
        wideBlocksTakeTurns(
                device,
                shape,
                net,
                new MlpLaunch(MlpLaunch.SPLIT, 8, 3),
                128 * Math.max(1, device.limits().processors() / 4) + 70);
    }

    private static void wideBlocksTakeTurns(Device device, MlpShape shape, Net net, MlpLaunch launch, int rows) {
        float[] x = numbers(new SplittableRandom(3), rows * 2, 2);
        float[] all = Lab.on(device, lab -> evaluate(lab, net, Operands.BF16, x, rows, null, launch));
        int from = rows - 90;
        float[] tail = java.util.Arrays.copyOfRange(x, 2 * from, 2 * rows);
        float[] got = Lab.on(device, lab -> evaluate(lab, net, Operands.BF16, tail, rows - from, null, launch));
        Lab.assertBits(java.util.Arrays.copyOfRange(all, 2 * from, 2 * rows), got, "the last turn");
        float[] alive = new float[rows - from];
        java.util.Arrays.fill(alive, 1);
        assertIsTheNetwork(net, tail, alive, got);
    }

    /** Over 256 wide, whatever the number of rows: as many places of weights as the registers of the rows leave room for. */
    @Test
    void wideNetworksTakePairsOfBlocks() {
        Device.Limits h200 = new Device.Limits(132, 227 << 10, true);
        MlpShape shape = new MlpShape(Operands.F16, 512, 3, 3, 5, Activation.SILU, false);
        for (long rows : new long[] {1, 4096, 1 << 20}) {
            MlpLaunch launch = MlpLaunch.of(h200, shape, 9, rows);
            assertEquals(rows > 8448 ? new MlpLaunch(64, 8, 5) : new MlpLaunch(MlpLaunch.SPLIT, 8, 5), launch);
            assertTrue(launch.sharedBytes(shape, 9) <= h200.sharedBytes());
            long blocks = launch.shape(h200, shape, 9, rows).gridX();
            assertEquals(rows == 1 ? 4 : rows == 4096 ? 128 : 132, blocks);
        }
        for (long rows : new long[] {4097, 8448}) {
            MlpLaunch launch = MlpLaunch.of(h200, shape, 9, rows);
            assertEquals(new MlpLaunch(16, 8, 8), launch);
            assertEquals(
                    rows == 4097 ? 66 : 132, launch.shape(h200, shape, 9, rows).gridX());
        }
        MlpLaunch narrow = MlpLaunch.of(new Device.Limits(12, 227 << 10, true), shape, 9, 1);
        assertEquals(MlpLaunch.FEW, narrow.rowsAWarp(), "no cluster of four is sure to fit");
        assertEquals(new MlpLaunch(64, 8, 5), MlpLaunch.of(h200, shape, 9, 8449));
        assertEquals(3, MlpLaunch.of(h200, shape, 40, 1 << 20).held());
        assertEquals(0, MlpLaunch.of(h200, shape, 60, 1 << 20).warps());
        assertEquals(
                0,
                MlpLaunch.of(new Device.Limits(108, 163 << 10, false), shape, 9, 1)
                        .warps());
        assertTrue(shape.tooLarge(60, h200).contains("three places"));
    }

    /** Hopper takes four warps together, any number of rows, unless the weights, the width, the depth or the operands forbid. */
    @Test
    void hopperTakesWarpgroups() {
        Device.Limits h200 = new Device.Limits(132, 227 << 10, true);
        MlpShape shape = new MlpShape(Operands.F16, 128, 2, 2, 3, Activation.SILU, false);
        assertEquals(whole(64, 12), MlpLaunch.of(h200, shape, 4, 1 << 20));
        assertEquals(132, MlpLaunch.of(h200, shape, 4, 132 * 64).blocks(132 * 64));
        assertEquals(whole(64, 4), MlpLaunch.of(h200, shape, 4, 132 * 64));
        assertEquals(whole(64, 8), MlpLaunch.of(h200, shape, 4, 132 * 64 + 1));
        assertEquals(whole(64, 4), MlpLaunch.of(h200, shape, 4, 1));
        assertEquals(2, whole(64, 8).blocks(129));
        for (MlpShape other : List.of(
                new MlpShape(Operands.F16X3, 128, 2, 2, 3, Activation.SILU, false),
                new MlpShape(Operands.F16, 256, 2, 2, 1, Activation.SILU, false),
                new MlpShape(Operands.F16, 128, 2, 2, 1, Activation.SILU, false),
                new MlpShape(Operands.BF16, 128, 2, 2, 40, Activation.SILU, false))) {
            MlpLaunch launch = MlpLaunch.of(h200, other, 4, 1 << 20);
            assertTrue(launch.warps() > 0 && launch.rowsAWarp() < 64, other + ": " + launch);
        }
        MlpShape wide = new MlpShape(Operands.BF16, 256, 2, 2, 3, Activation.SILU, false);
        MlpLaunch passing = new MlpLaunch(64, 8, 8);
        assertEquals(passing, MlpLaunch.of(h200, wide, 4, 1 << 20));
        assertEquals(new MlpLaunch(64, 4, 8), MlpLaunch.of(h200, wide, 4, 1));
        assertTrue(passing.sharedBytes(wide, 4) <= h200.sharedBytes());
        assertTrue(passing.sharedBytes(wide, 4) + wide.groupBytes() > h200.sharedBytes());
        MlpShape shallow = new MlpShape(Operands.F16, 256, 2, 2, 2, Activation.SILU, false);
        assertEquals(whole(64, 8), MlpLaunch.of(h200, shallow, 4, 1 << 20));
    }

    /** As many rows as leave tensor cores idle in tiles of 32 are laid out in tiles of 16, over every processor. */
    @Test
    void fewRowsAreSpreadOverAllProcessors() {
        Device.Limits h200 = new Device.Limits(132, 227 << 10, false);
        MlpShape shape = new MlpShape(Operands.F16, 128, 2, 2, 3, Activation.SILU, false);
        MlpLaunch few = MlpLaunch.of(h200, shape, 4, 4096);
        assertEquals(whole(16, 2), few);
        assertEquals(128, few.blocks(4096));
        assertEquals(whole(16, 1), MlpLaunch.of(h200, shape, 4, 1));
        assertEquals(whole(16, 4), MlpLaunch.of(h200, shape, 4, 4 * 132 * 16));
        assertEquals(whole(32, 3), MlpLaunch.of(h200, shape, 4, 4 * 132 * 16 + 1));
        assertEquals(whole(32, 8), MlpLaunch.of(h200, shape, 4, 1 << 20));
        MlpShape deep = new MlpShape(Operands.F16, 128, 2, 2, 7, Activation.SILU, false);
        assertEquals(16, MlpLaunch.of(h200, deep, 4, 8000).rowsAWarp());
        assertTrue(MlpLaunch.of(h200, deep, 4, 8000).passes(), "no room for four tiles of 16 beside all weights");
    }

    /** What a block cannot hold passes through it. */
    @Test
    void weightsStayWhileThereIsRoom() {
        Device.Limits h200 = new Device.Limits(132, 227 << 10, false);
        Device.Limits a100 = new Device.Limits(108, 163 << 10, false);
        MlpShape wide = new MlpShape(Operands.F16, 256, 2, 2, 3, Activation.SILU, false);
        assertEquals(16, wide.groups());
        for (Device.Limits limits : List.of(h200, a100)) {
            MlpLaunch launch = MlpLaunch.of(limits, wide, 6, 1 << 20);
            assertEquals(new MlpLaunch(16, 8, limits == h200 ? 9 : 5), launch);
            assertTrue(launch.sharedBytes(wide, 6) <= limits.sharedBytes());
            assertTrue(launch.sharedBytes(wide, 6) + wide.groupBytes() > limits.sharedBytes());
        }
        MlpShape flat = new MlpShape(Operands.F16, 256, 2, 2, 1, Activation.SILU, false);
        assertEquals(whole(16, 8), MlpLaunch.of(h200, flat, 6, 1 << 20));
        MlpShape deep = new MlpShape(Operands.F16, 128, 2, 2, 40, Activation.SILU, false);
        assertTrue(MlpLaunch.of(h200, deep, 6, 1 << 20).passes());
        assertEquals(0, MlpLaunch.of(h200, deep, 2000, 1 << 20).warps());
    }

    /** The linear part of cells is that of step_cell_f32, bit by bit: same words, same order. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void mixesAsAStepDoes(Device device) {
        for (int dim : new int[] {1, 2, 3, 4, 5, 8}) {
            int rows = 45;
            int slots = 3;
            double[][] weights = {{0.5, -1.25, 0.75, 2}, {0, 0, 0, 0}};
            List<CellDraw> draws = List.of(
                    new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 4),
                    new CellDraw(StandardLaw.UNIFORM, Purpose.CORRECTOR, 1));
            float[] state = numbers(new SplittableRandom(dim), slots * rows * dim, 1);
            long[] index = new SplittableRandom(7).longs(rows, 0, 1L << 40).toArray();
            float[] step = Lab.on(device, lab -> {
                int[] headers = new int[CellLayout.HEADER];
                float[] table = new float[CellLayout.WEIGHTS];
                CellLayout.encode(new int[] {0, 2}, new int[] {1, 2}, weights, draws, 0, headers, table);
                DeviceBuffer on = lab.floats(state);
                StepCell.run(
                        lab.stream(),
                        lab.rows(SEED, 0, rows, index, null, 3),
                        on,
                        (long) rows * dim,
                        dim,
                        lab.ints(headers),
                        lab.floats(table),
                        0);
                return lab.read(on);
            });
            float[] whole = Lab.on(device, lab -> {
                int[] headers = new int[CellLayout.HEADER];
                float[] table = new float[CellLayout.WEIGHTS];
                CellLayout.encode(new int[] {0, 2 * dim}, new int[] {dim, 2 * dim}, weights, draws, 0, headers, table);
                MlpOperations plan = new MlpOperations();
                for (int s = 0; s < slots; s++) {
                    plan.load(s * dim, dim, s * dim);
                }
                plan.mix(0, dim);
                for (int s = 0; s < slots; s++) {
                    plan.store(s * dim, dim, s * dim);
                }
                Net net = Net.random(new MlpShape(Operands.BF16, 8, dim, dim, 1, Activation.SILU, false), 1, 1);
                try (PackedMlp packed = PackedMlp.of(lab.stream(), net.shape(), net.layers(), net.outBias())) {
                    DeviceBuffer on = lab.floats(state);
                    TrajectoryMlp.Program program = new TrajectoryMlp.Program(
                            lab.ints(plan.table()),
                            0,
                            plan.size(),
                            lab.ints(plan.places()),
                            lab.ints(headers),
                            lab.floats(table),
                            lab.floats(net.biasTable(1)),
                            slots * dim);
                    TrajectoryMlp.run(
                            lab.stream(), lab.rows(SEED, 0, rows, index, null, 3), on, rows, rows, program, packed);
                    return lab.read(on);
                }
            });
            Lab.assertBits(step, whole, "registers of " + dim);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> new MlpShape(Operands.F16, 513, 2, 2, 3, Activation.SILU, false))
                .getMessage()
                .contains("512"));
        assertThrows(
                IllegalArgumentException.class, () -> new MlpShape(Operands.F16, 64, 17, 2, 3, Activation.SILU, false));
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device)) {
            MlpShape shape = new MlpShape(Operands.F16, 4, 2, 2, 1, Activation.SILU, false);
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> PackedMlp.of(lab.stream(), shape, List.of(new float[8], new float[9]), new float[2]))
                    .getMessage()
                    .contains("layer 1 has 8 weights"));
        }
    }
}
