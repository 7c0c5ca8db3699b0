package org.tweedie.execution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.View;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;
import org.tweedie.score.HalfMlp;
import org.tweedie.score.Mlp;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

@GpuTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FusedMlpTest {
    private static final String FUSED = "fused-16bit";
    private static final int DIM = 3;
    private static final int ROWS = 45;

    private Device device;

    @BeforeAll
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
    }

    @AfterAll
    void close() {
        device.close();
    }

    /** A network whose weights all matter, and their values. */
    private record Net(MlpNetwork network, float[] values) implements AutoCloseable {
        @Override
        public void close() {
            network.parameters().values().close();
        }

        private double at(String tensor, long i) {
            for (Parameters.Tensor one : network.parameters().tensors()) {
                if (one.name().equals(tensor)) {
                    return values[(int) (one.offset() + i)];
                }
            }
            throw new AssertionError(tensor);
        }

        /** The formula of {@link Mlp} with SiLU, in double. */
        RowField inDouble() {
            Mlp mlp = network.architecture();
            int count = mlp.time().count();
            return (from, t, into) -> {
                double[] h = Arrays.stream(from).flatMapToDouble(Arrays::stream).toArray();
                for (int l = 0; l <= mlp.depth(); l++) {
                    boolean last = l == mlp.depth();
                    double[] next = new double[last ? into[0].length : mlp.width()];
                    for (int j = 0; j < next.length; j++) {
                        String layer = last ? "out" : "layer." + l;
                        double sum = at(layer + ".bias", j);
                        for (int k = 0; k < h.length; k++) {
                            sum += h[k] * at(layer + ".weight", (long) k * next.length + j);
                        }
                        for (int k = 0; !last && k < count; k++) {
                            double angle = 2 * Math.PI * at("time.frequencies", k) * t;
                            sum += StrictMath.sin(angle) * at("time." + l + ".weight", (long) k * next.length + j);
                            sum += StrictMath.cos(angle)
                                    * at("time." + l + ".weight", (long) (count + k) * next.length + j);
                        }
                        double active = mlp.activation() == Activation.SIN
                                ? StrictMath.sin(sum)
                                : sum / (1 + StrictMath.exp(-sum));
                        next[j] = last ? sum : active + (mlp.residual() && l > 0 ? h[j] : 0);
                    }
                    h = next;
                }
                System.arraycopy(h, 0, into[0], 0, h.length);
            };
        }
    }

    private Net net(Mlp mlp, Signature signature) {
        MlpNetwork network = (MlpNetwork) mlp.create(signature, Prediction.NOISE, 5, device);
        float[] values = new float[(int) network.parameters().count()];
        try (Stream stream = device.stream()) {
            stream.download(network.parameters().values(), 0, values, 0, values.length);
            SplittableRandom random = new SplittableRandom(3);
            for (int i = mlp.time().count(); i < values.length; i++) {
                values[i] += (float) (0.1 * (random.nextDouble() - 0.5)); // the last layer starts at 0
            }
            stream.upload(values, 0, network.parameters().values(), 0, values.length);
            stream.synchronize();
        }
        return new Net(network, values);
    }

    private Net net(Mlp mlp) {
        return net(mlp, Signature.over(DIM));
    }

    private List<float[]> run(Program program, String execution, long first, int rows, Map<String, GivenRows> given) {
        List<float[]> all = new ArrayList<>();
        try (Sampling sampling = Sampling.open(program, device, rows, false, execution)) {
            assertEquals(execution, sampling.choice().execution().name());
            sampling.run(42, first, rows, given, Progress.NONE, new CancelToken(), (at, n, outputs, traces) -> {
                assertEquals(0, at);
                all.addAll(outputs);
            });
        }
        return all;
    }

    private static double distance(double[] expected, float[] got) {
        double off = 0;
        double all = 0;
        for (int i = 0; i < got.length; i++) {
            off += Math.pow(expected[i] - got[i], 2);
            all += expected[i] * expected[i];
        }
        return Math.sqrt(off / all);
    }

    /**
     * With the noise shared, the distance to the plan in double. An evaluation is off by a few roundoffs of the operands (TrajectoryMlpTest), and
     * these few steps pass it on without making it larger than the samples' spread allows: 8 roundoffs, of f16 2^-11 and of bf16 2^-8. That the
     * distance is that of the operands, and nothing else's, shows where 3 more bits make it smaller and f32 leaves none of it. Split operands are
     * of f32's class: each product off by three times 2^-22.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "em@8",
                "rd@24",
                "ancestral@24",
                "ddim:0@6",
                "ddim:0.5@5",
                "pf@6",
                "heun@4",
                "edm:0@4",
                "dpm1s@5",
                "dpm2s@4",
                "dpm2m@6",
                "ei@5",
                "pc:0.16@24",
                "ald:5,0.05@3"
            })
    void everyMethodIsThePlanInDouble(String method) {
        Sde sde = new VpSde().on(Space.euclidean(DIM));
        Plan plan = MethodSpec.parse(method).plan(sde);
        try (Net net = net(Mlp.of(48, 2))) {
            RowField field = net.inDouble();
            Interpreter interpreter = Interpreter.of(plan, Map.of(Sde.SCORE, field));
            double[] expected = Arrays.stream(interpreter.rows(0, 42, 7, ROWS))
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            Program program = Program.of(plan, Map.of(Sde.SCORE, net.network()));
            double f32 = distance(
                    expected, run(program, "stepwise", 7, ROWS, Map.of()).get(0));
            double f16 = distance(
                    expected,
                    run(program.with(Precision.F16), FUSED, 7, ROWS, Map.of()).get(0));
            double bf16 = distance(
                    expected,
                    run(program.with(Precision.BF16), FUSED, 7, ROWS, Map.of()).get(0));
            double x3 = distance(
                    expected,
                    run(program.with(Precision.F16X3), FUSED, 7, ROWS, Map.of()).get(0));
            String all = method + ": f32 " + f32 + ", f16 " + f16 + ", bf16 " + bf16 + ", x3 " + x3;
            assertTrue(f16 < 8 * 0x1p-11 && bf16 < 8 * 0x1p-8, all);
            assertTrue(f32 < f16 / 3 && f16 < bf16 / 2, all);
            assertTrue(x3 < 8 * 3 * 0x1p-22 && x3 < f16 / 50, all);
        }
    }

    private static Plan plan(boolean given) {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(DIM));
        int s = w.register("s", Space.euclidean(DIM));
        int z = w.register("z", Space.euclidean(DIM));
        int y = given ? w.given("y", Space.euclidean(2)) : -1;
        w.step(1, 1).normal(Purpose.PRIOR, x);
        for (int i = 0; i < 4; i++) {
            double t = 1 - i / 4.0;
            w.step(t, t - 0.25);
            w.evaluate("score", given ? new int[] {x, y} : new int[] {x}, Time.at(t), s);
            w.normal(Purpose.STEP, z).set(x, 0.8, x, 0.1, s, 0.4, z);
        }
        return w.plan(x, s).traced("x");
    }

    /** With a register of so many coordinates beside those of the network. */
    private static Program program(Net net, int width) {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(DIM));
        int s = w.register("s", Space.euclidean(DIM));
        int wide = w.register("wide", Space.euclidean(width));
        w.step(1, 1).normal(Purpose.PRIOR, x).normal(Purpose.STEP, wide);
        w.evaluate("score", new int[] {x}, Time.at(1), s);
        return Program.of(w.plan(s, wide), Map.of("score", net.network())).with(Precision.F16);
    }

    private Program program(Net net, boolean given) {
        return Program.of(plan(given), Map.of("score", net.network())).with(Precision.F16);
    }

    @Test
    void anyPiecesAndAnyIndexSetGiveTheRowsOfOneRun() {
        try (Net net = net(Mlp.of(32, 2))) {
            Program program = program(net, false);
            List<float[]> whole = run(program, FUSED, 100, 131, Map.of());
            List<float[]> tail = run(program, FUSED, 150, 81, Map.of());
            for (int o = 0; o < 2; o++) {
                assertArrayEquals(Arrays.copyOfRange(whole.get(o), 50 * DIM, 131 * DIM), tail.get(o));
            }
            long[] indices = {199, 103, 103, 100, 230, 131};
            try (Sampling sampling = Sampling.open(program, device, indices.length, false, FUSED)) {
                sampling.run(42, indices, Map.of(), Progress.NONE, new CancelToken(), (at, rows, outputs, traces) -> {
                    for (int r = 0; r < indices.length; r++) {
                        int row = (int) indices[r] - 100;
                        assertArrayEquals(
                                Arrays.copyOfRange(whole.get(0), row * DIM, (row + 1) * DIM),
                                Arrays.copyOfRange(outputs.get(0), r * DIM, (r + 1) * DIM));
                    }
                });
            }
        }
    }

    @Test
    void aTraceIsWrittenInsideTheLaunchAndChangesNothing() {
        try (Net net = net(Mlp.of(32, 1))) {
            Program program = program(net, false);
            float[] plain = run(program, FUSED, 0, 40, Map.of()).get(0);
            float[][] steps = new float[2][];
            for (String execution : List.of(FUSED, "stepwise")) {
                try (Sampling sampling = Sampling.open(program, device, 40, true, execution)) {
                    sampling.run(42, 0, 40, Map.of(), Progress.NONE, new CancelToken(), (at, rows, outputs, traces) -> {
                        steps[execution.equals(FUSED) ? 0 : 1] = traces.get(0);
                        if (execution.equals(FUSED)) {
                            assertArrayEquals(plain, outputs.get(0));
                        }
                    });
                }
            }
            assertEquals(5 * 40 * DIM, steps[0].length);
            assertArrayEquals(plain, Arrays.copyOfRange(steps[0], 4 * 40 * DIM, 5 * 40 * DIM));
            assertArrayEquals(
                    Arrays.copyOf(steps[1], 40 * DIM), Arrays.copyOf(steps[0], 40 * DIM)); // the start: no network yet
            assertArrayEquals(steps[1], steps[0], 0.02f);
        }
    }

    @Test
    void givenRowsAreInputsOfTheNetwork() {
        Signature signature = Signature.over(DIM, new Signature.Port("y", Space.euclidean(2)));
        try (Net net = net(Mlp.of(70, 2).residualBlocks(), signature)) {
            float[] y = new float[2 * 50];
            for (int i = 0; i < y.length; i++) {
                y[i] = (float) StrictMath.cos(i);
            }
            Map<String, GivenRows> given = Map.of("y", new GivenRows(y, 2));
            Interpreter interpreter = Interpreter.of(plan(true), Map.of("score", net.inDouble()));
            double[] expected = new double[30 * DIM];
            for (int r = 0; r < 30; r++) {
                Interpreter.Row row =
                        interpreter.row(42, 20 + r, Map.of("y", new double[] {y[40 + 2 * r], y[41 + 2 * r]}));
                System.arraycopy(row.outputs()[0], 0, expected, r * DIM, DIM);
            }
            double off = distance(
                    expected, run(program(net, true), FUSED, 20, 30, given).get(0));
            assertTrue(off < 4 * 0x1p-11, "off by " + off);
        }
    }

    private static MlpNetwork network(Program program) {
        return (MlpNetwork) program.fields().get("score");
    }

    private float[] cut(
            Program program,
            long productsALaunch,
            Map<String, GivenRows> given,
            CancelToken cancel,
            @Nullable List<float[]> traces) {
        try (Runner runner = new FusedMlp(productsALaunch).open(program, device, ROWS);
                Stream stream = device.stream();
                Closing owned = new Closing()) {
            List<View> givens = new ArrayList<>();
            for (GivenRows rows : given.values()) {
                DeviceBuffer on = owned.add(device.allocate(Element.F32, rows.values().length));
                stream.upload(rows.values(), 0, on, 0, rows.values().length);
                givens.add(View.rows(on, rows.width()));
            }
            int steps = program.plan().steps().size();
            List<View> outputs = new ArrayList<>();
            for (int i = 0; i < 2 + (traces == null ? 0 : steps); i++) {
                outputs.add(View.rows(owned.add(device.allocate(Element.F32, ROWS * DIM)), DIM));
            }
            stream.synchronize();
            runner.run(
                    new Batch(42, 7, ROWS, null, givens, outputs.subList(0, 2), outputs.subList(2, outputs.size())),
                    cancel);
            float[] all = new float[outputs.size() * ROWS * DIM];
            for (int i = 0; i < outputs.size(); i++) {
                stream.download(outputs.get(i).data(), 0, all, i * ROWS * DIM, ROWS * DIM);
            }
            stream.synchronize();
            return all;
        }
    }

    /** One launch or one an evaluation, plain or traced, beside given rows: the same bits; and between two it can be cancelled. */
    @Test
    void aLongTrajectoryIsCutInLaunchesWithTheSameBits() {
        Signature signature = Signature.over(DIM, new Signature.Port("y", Space.euclidean(2)));
        float[] y = new float[2 * ROWS];
        for (int i = 0; i < y.length; i++) {
            y[i] = (float) StrictMath.sin(i);
        }
        Map<String, GivenRows> given = Map.of("y", new GivenRows(y, 2));
        try (Net net = net(Mlp.of(32, 2), signature)) {
            for (Precision precision : List.of(Precision.F16, Precision.F16X3)) {
                Program program = program(net, true).with(precision);
                assertEquals(4, new MlpTrajectory(program, false, 1).launches().size());
                assertEquals(2, new MlpTrajectory(program, false, 3).launches().size());
                assertEquals(1, new MlpTrajectory(program, false, 4).launches().size());
                float[] whole = cut(program, Long.MAX_VALUE, given, new CancelToken(), null);
                assertArrayEquals(whole, cut(program, 1, given, new CancelToken(), null));
                float[] traced = cut(program, Long.MAX_VALUE, given, new CancelToken(), List.of());
                assertArrayEquals(traced, cut(program, 1, given, new CancelToken(), List.of()));
                assertArrayEquals(whole, Arrays.copyOf(traced, whole.length));
                CancelToken cancelled = new CancelToken();
                cancelled.cancel();
                cut(program, Long.MAX_VALUE, given, cancelled, null); // one launch is not cut
                assertThrows(CancellationException.class, () -> cut(program, 1, given, cancelled, null));
            }
        }
    }

    /** Sixteen coordinates in five registers, wider than machine registers would hold. */
    @Test
    void wideStatesStayInSharedMemory() {
        int dim = 16;
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(dim));
        int[] s = new int[3];
        Arrays.setAll(s, i -> w.register("s" + i, Space.euclidean(dim)));
        int z = w.register("z", Space.euclidean(dim));
        w.step(1, 1).normal(Purpose.PRIOR, x);
        for (int i = 0; i < 5; i++) {
            double t = 1 - i / 5.0;
            w.step(t, t - 0.2);
            w.evaluate("score", new int[] {x}, Time.at(t), s[i % 3]);
            w.normal(Purpose.STEP, z).set(x, 0.8, x, 0.2, s[i % 3], -0.1, s[Math.max(0, i - 1) % 3], 0.3, z);
        }
        Plan plan = w.plan(x);
        try (Net net = net(Mlp.of(128, 2), Signature.over(dim))) {
            double[] expected = Arrays.stream(Interpreter.of(plan, Map.of("score", net.inDouble()))
                            .rows(0, 42, 7, ROWS))
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            Program program = Program.of(plan, Map.of("score", net.network()));
            double f16 = distance(
                    expected,
                    run(program.with(Precision.F16), FUSED, 7, ROWS, Map.of()).get(0));
            double x3 = distance(
                    expected,
                    run(program.with(Precision.F16X3), FUSED, 7, ROWS, Map.of()).get(0));
            assertTrue(f16 < 4 * 0x1p-11 && x3 < 4 * 3 * 0x1p-22, f16 + ", x3 " + x3);
        }
    }

    /** Five hundred and twelve wide, weights streaming: against double, in cut launches, any rows of an index set, traced. */
    @Test
    void wideNetworksRunInOneLaunchOnHopper() {
        try (Net net = net(Mlp.of(300, 2).with(Activation.SIN).residualBlocks())) {
            Program program = program(net, false);
            Sampling.Choice choice = Sampling.choose(program, device, false, null);
            String reason = choice.offers().get(FUSED).reason();
            if (!device.limits().warpgroups()) {
                assertTrue(reason.contains("300 wide") && reason.contains("9.0"), reason);
                assertEquals("graph-16bit", choice.execution().name());
                return;
            }
            assertEquals(FUSED, choice.execution().name());
            assertTrue(reason.contains("trajectory_mlp512_wide") && reason.contains("two blocks"), reason);
            Interpreter interpreter = Interpreter.of(plan(false), Map.of("score", net.inDouble()));
            double[] expected = new double[ROWS * DIM];
            for (int r = 0; r < ROWS; r++) {
                System.arraycopy(interpreter.row(42, 7 + r, Map.of()).outputs()[0], 0, expected, r * DIM, DIM);
            }
            double f16 =
                    distance(expected, run(program, FUSED, 7, ROWS, Map.of()).get(0));
            double bf16 = distance(
                    expected,
                    run(program.with(Precision.BF16), FUSED, 7, ROWS, Map.of()).get(0));
            assertTrue(f16 < 8 * 0x1p-11 && bf16 < 8 * 0x1p-8 && f16 < bf16 / 2, f16 + ", bf16 " + bf16);
            float[] whole = cut(program, Long.MAX_VALUE, Map.of(), new CancelToken(), null);
            assertArrayEquals(whole, cut(program, 1, Map.of(), new CancelToken(), null));
            float[] traced = cut(program, Long.MAX_VALUE, Map.of(), new CancelToken(), List.of());
            assertArrayEquals(whole, Arrays.copyOf(traced, whole.length));
            long[] indices = {30, 9, 9, 7};
            try (Sampling sampling = Sampling.open(program, device, indices.length, false, FUSED)) {
                sampling.run(42, indices, Map.of(), Progress.NONE, new CancelToken(), (at, rows, outputs, traces) -> {
                    for (int r = 0; r < indices.length; r++) {
                        int row = (int) indices[r] - 7;
                        assertArrayEquals(
                                Arrays.copyOfRange(whole, row * DIM, (row + 1) * DIM),
                                Arrays.copyOfRange(outputs.get(0), r * DIM, (r + 1) * DIM));
                    }
                });
            }
        }
    }

    /** Layers over 512 wide go one by one, each with its bias and activation in the product. */
    @Test
    void widerNetworksGoLayerByLayer() {
        try (Net net = net(Mlp.of(1024, 2))) {
            Program program = program(net, false);
            assertTrue(reason(program).contains("1024 wide, the kernels of its precision hold up to 512"));
            double[] expected = new double[DIM];
            Interpreter interpreter = Interpreter.of(plan(false), Map.of("score", net.inDouble()));
            System.arraycopy(interpreter.row(42, 7, Map.of()).outputs()[0], 0, expected, 0, DIM);
            double f16 = distance(
                    expected, run(program, "graph-16bit", 7, 1, Map.of()).get(0));
            assertTrue(f16 < 16 * 0x1p-11, "off by " + f16);
        }
    }

    private String said(Net net, Device device) {
        return Sampling.choose(program(net, false), device, false, null)
                .offers()
                .get(FUSED)
                .reason();
    }

    private String reason(Program program) {
        Sampling.Choice choice = Sampling.choose(program, device, false, null);
        String next = program.precision().element() == Element.F32
                        || !HalfMlp.beyondRange(
                                        network(program), program.precision().element())
                                .isEmpty()
                ? "graph"
                : "graph-16bit";
        assertEquals(next, choice.execution().name(), "what is declined goes on with the next");
        String reason = choice.offers().get(FUSED).reason();
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new FusedMlp().open(program, device, 1))
                .getMessage()
                .contains(reason));
        return reason;
    }

    @Test
    void itIsTakenWhereAskedForAndDeclinesWithAReason() {
        try (Net net = net(Mlp.of(32, 2).with(Activation.GELU));
                Net wide = net(Mlp.of(513, 1));
                Net middle = net(Mlp.of(129, 1));
                Net deep = net(Mlp.of(128, 9))) {
            Program asked = program(net, false);
            Sampling.Choice choice = Sampling.choose(asked, device, false, null);
            assertEquals(FUSED, choice.execution().name());
            String taken = choice.offers().get(FUSED).reason();
            String kernel = device.limits().warpgroups() ? "trajectory_mlp64_wgmma" : "trajectory_mlp64_f16";
            assertTrue(taken.contains(kernel) && taken.contains("shared memory"), taken);
            assertTrue(reason(asked.with(Precision.F32)).contains("not asked for"));
            assertTrue(reason(program(wide, false)).contains("513 wide"));
            assertTrue(reason(program(middle, false).with(Precision.F16X3)).contains("129 wide"));
            String x3 = Sampling.choose(asked.with(Precision.F16X3), device, false, null)
                    .offers()
                    .get(FUSED)
                    .reason();
            assertTrue(x3.contains("trajectory_mlp64_f16x3"), x3);
            if (device.limits().warpgroups()) {
                assertTrue(
                        Sampling.choose(program(middle, false), device, false, null)
                                .offers()
                                .get(FUSED)
                                .reason()
                                .contains("trajectory_mlp256_rows16"),
                        "one layer has no product of warpgroups");
                try (Net two = net(Mlp.of(129, 2));
                        Net silu = net(Mlp.of(128, 2))) {
                    assertTrue(said(two, device).contains("trajectory_mlp256_wgmma"), said(two, device));
                    assertTrue(said(silu, device).contains("every fourth column by products"), said(silu, device));
                    System.setProperty("tweedie.special", "true");
                    assertTrue(said(silu, device).contains("special functions alone"), said(silu, device));
                } finally {
                    System.clearProperty("tweedie.special");
                }
            }
            Sampling.Choice passing = Sampling.choose(program(deep, false), device, false, null);
            assertTrue(passing.offers().get(FUSED).reason().contains("through which weights pass"));
            assertTrue(reason(program(net, 2000)).contains("shared memory"));
            net.values()[net.values().length - 1] = 70_000;
            try (Stream stream = device.stream()) {
                stream.upload(net.values(), 0, net.network().parameters().values(), 0, net.values().length);
                stream.synchronize();
            }
            assertTrue(reason(asked).contains("70000"));
            assertEquals(
                    FUSED,
                    Sampling.choose(asked.with(Precision.BF16), device, false, null)
                            .execution()
                            .name());
            Plan.Writer w = Plan.writer();
            int x = w.register("x", Space.euclidean(DIM));
            int s = w.register("s", Space.euclidean(DIM));
            int t = w.given("t", Space.euclidean(1));
            w.step(1, 1).normal(Purpose.PRIOR, x).evaluate("score", new int[] {x}, Time.of(t), s);
            Program perRow =
                    Program.of(w.plan(s), Map.of("score", net.network())).with(Precision.BF16);
            assertTrue(reason(perRow).contains("times of their own"));
        }
    }

    @Test
    void aPrecisionIsReadByItsName() {
        assertEquals(Precision.BF16, Precision.parse("bf16"));
        assertEquals(Precision.F16X3, Precision.parse("f16x3"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Precision.parse("half"))
                .getMessage()
                .contains("bf16"));
    }
}
