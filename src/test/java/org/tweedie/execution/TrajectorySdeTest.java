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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.kernels.SdeOperations;
import org.tweedie.kernels.TrajectorySde;
import org.tweedie.kernels.View;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowFunction;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Field;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Method;
import org.tweedie.sde.MethodList;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/** The fused trajectory of analytic scores: the bits of stepwise on its device and on the host, whatever the plan and the cut. */
@Tag("kernels")
@GpuTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrajectorySdeTest {
    private static final int STEPS = 6;
    private static final long SEED = 0xC0FFEE;

    private Device device;
    private Device host;

    @BeforeAll
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
        host = Device.open("cpu:1");
    }

    @AfterAll
    void close() {
        host.close();
        device.close();
    }

    /** Unequal weights, means and diagonal variances. */
    private static GaussianMixture mixture(int components, int dim) {
        SplittableRandom random = new SplittableRandom(31L * components + dim);
        double[] weights = random.doubles(components, 0.5, 1).toArray();
        double total = Arrays.stream(weights).sum();
        double[][] means = new double[components][dim];
        double[][][] covariances = new double[components][dim][dim];
        for (int k = 0; k < components; k++) {
            weights[k] /= total;
            for (int d = 0; d < dim; d++) {
                means[k][d] = random.nextDouble(-3, 3);
                covariances[k][d][d] = random.nextDouble(0.05, 2);
            }
        }
        return new GaussianMixture(weights, means, covariances);
    }

    private static Sde vp(int dim) {
        return new VpSde(0.1, 4).on(Space.euclidean(dim));
    }

    private static Field score(int components, int dim) {
        return new GaussianMixtureScore(mixture(components, dim), vp(dim));
    }

    private static Program program(Plan plan, int components) {
        int dim = plan.registers().get(0).space().width();
        return Program.of(plan, Map.of(Sde.SCORE, score(components, dim)));
    }

    private static Plan plan(Method method, int dim) {
        Sde sde = vp(dim);
        return method.plan(sde, TimeGrid.uniform(sde, STEPS));
    }

    /** Rows that are the caller's: outputs and traces between columns that nobody may write. */
    private record Rows(List<float[]> outputs, List<float[]> traces) {}

    private static Rows run(
            Execution execution,
            Program program,
            Device device,
            long first,
            int count,
            long @Nullable [] indices,
            boolean traced,
            float @Nullable [] given) {
        Execution.Offer offer = execution.offer(program, device, traced);
        assertTrue(offer.taken(), offer.reason());
        List<DeviceBuffer> open = new ArrayList<>();
        try (org.tweedie.device.Stream stream = device.stream();
                Runner runner = execution.open(program, device, Math.max(1, count))) {
            int dim = program.outputs().get(0).space().width();
            List<View> givens = new ArrayList<>();
            if (given != null) {
                DeviceBuffer buffer = device.allocate(Element.F32, given.length);
                open.add(buffer);
                stream.upload(given, 0, buffer, 0, given.length);
                givens.add(View.rows(buffer, dim).from(first));
            }
            List<View> outputs = views(device, stream, open, program.outputs().size(), count, dim);
            List<View> traces = traced
                    ? views(
                            device,
                            stream,
                            open,
                            program.traced().size() * program.plan().steps().size(),
                            count,
                            dim)
                    : List.of();
            stream.synchronize();
            runner.run(new Batch(SEED, first, count, indices, givens, outputs, traces));
            return new Rows(read(stream, outputs), read(stream, traces));
        } finally {
            open.forEach(DeviceBuffer::close);
        }
    }

    private static List<View> views(
            Device device, org.tweedie.device.Stream stream, List<DeviceBuffer> open, int count, int rows, int dim) {
        List<View> views = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] untouched = new float[1 + rows * (dim + 1)];
            Arrays.fill(untouched, -7);
            DeviceBuffer buffer = device.allocate(Element.F32, untouched.length);
            open.add(buffer);
            stream.upload(untouched, 0, buffer, 0, untouched.length);
            views.add(new View(buffer, 1, dim, dim + 1));
        }
        return views;
    }

    private static List<float[]> read(org.tweedie.device.Stream stream, List<View> views) {
        List<float[]> all = new ArrayList<>();
        for (View view : views) {
            float[] values = new float[(int) view.data().count()];
            stream.download(view.data(), 0, values, 0, values.length);
            all.add(values);
        }
        return all;
    }

    private static void assertSame(Rows expected, Rows got, String what) {
        assertSame(expected.outputs(), got.outputs(), what + ", outputs");
        assertSame(expected.traces(), got.traces(), what + ", traces");
    }

    private static void assertSame(List<float[]> expected, List<float[]> got, String what) {
        assertEquals(expected.size(), got.size(), what);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(bits(expected.get(i)), bits(got.get(i)), what + " " + i);
        }
    }

    private static int[] bits(float[] values) {
        return IntStream.range(0, values.length)
                .map(i -> Float.floatToIntBits(values[i]))
                .toArray();
    }

    /** By every other way on both devices. */
    private void agrees(Program program, int count, boolean traced, float @Nullable [] given, String what) {
        Rows fused = run(new FusedSde(false), program, device, 5, count, null, traced, given);
        assertSame(
                run(new Stepwise(false), program, device, 5, count, null, traced, given), fused, what + ", stepwise");
        assertSame(run(new Stepwise(false), program, host, 5, count, null, traced, given), fused, what + ", host");
        if (!traced) {
            assertSame(
                    run(new GraphReplay(false), program, device, 5, count, null, false, given),
                    fused,
                    what + ", graph");
        }
        assertTrue(count == 0 || fused.outputs().get(0)[1] != -7, what);
    }

    static List<Method> methods() {
        return MethodList.all().toList();
    }

    /** Ancestral, Heun, churn, DPM-Solver++ 2M, correctors, annealed Langevin: each over all widths, at sizes around a block. */
    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodGivesTheBitsOfTheOtherWays(Method method) {
        int[] counts = {33, 1, 129, 31, 0, 3, 65, 32};
        for (int dim = 1; dim <= TrajectorySde.MOST_WIDTH; dim++) {
            Program program = program(plan(method, dim), 1 + dim % 4);
            agrees(program, counts[dim - 1], false, null, method.spec() + " on " + dim);
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void tracesAreWrittenFromInside(Method method) {
        int dim = 3;
        Plan plan = plan(method, dim);
        String state = plan.registers().get(plan.outputs()[0]).name();
        agrees(program(plan.traced(state), 2), 33, true, null, method.spec());
    }

    @Test
    void startsFromGivenRows() {
        for (int dim : new int[] {1, 3, 6}) {
            Program program = program(new GivenStart().steer(plan(method("heun"), dim)), 3);
            float[] start = new float[(5 + 65) * dim];
            for (int i = 0; i < start.length; i++) {
                start[i] = (float) StrictMath.sin(i);
            }
            agrees(program, 65, false, start, "given start of " + dim);
        }
    }

    private static Method method(String spec) {
        return org.tweedie.sde.MethodSpec.parse(spec + "@6").method();
    }

    @Test
    void anyCutOfTheRowsGivesTheSameBits() {
        Program program = program(plan(method("pc:0.16"), 3), 3);
        Rows whole = run(new FusedSde(false), program, device, 0, 200, null, false, null);
        int row = 4;
        Rows piece = run(new FusedSde(false), program, device, 120, 40, null, false, null);
        assertArrayEquals(
                Arrays.copyOfRange(whole.outputs().get(0), 1 + 120 * row, 1 + 160 * row),
                Arrays.copyOfRange(piece.outputs().get(0), 1, 1 + 40 * row));
        long[] indices = {199, 3, 3, 0, 77};
        Rows picked = run(new FusedSde(false), program, device, 0, indices.length, indices, false, null);
        for (int r = 0; r < indices.length; r++) {
            int from = 1 + (int) indices[r] * row;
            assertArrayEquals(
                    Arrays.copyOfRange(whole.outputs().get(0), from, from + row),
                    Arrays.copyOfRange(picked.outputs().get(0), 1 + r * row, 1 + (r + 1) * row));
        }
    }

    /** A linear SDE with a speed of its own for each register, no field: workload W0, and a draw of each law. */
    @Test
    void takesPlansWithoutAField() {
        for (int dim = 1; dim <= TrajectorySde.MOST_WIDTH; dim++) {
            Plan.Writer w = Plan.writer();
            int x = w.register("x", Space.euclidean(dim));
            int v = w.register("v", Space.euclidean(dim));
            int z = w.register("z", Space.euclidean(dim));
            int u = w.register("u", Space.euclidean(dim));
            int s = w.register("s", Space.euclidean(dim));
            w.step(0, 0).normal(Purpose.PRIOR, x).set(v, 0.5, x);
            for (int i = 0; i < 5; i++) {
                w.step(i, i + 1)
                        .normal(Purpose.STEP, z)
                        .draw(org.tweedie.rng.StandardLaw.UNIFORM, Purpose.STEP, u)
                        .draw(org.tweedie.rng.StandardLaw.RADEMACHER, Purpose.CORRECTOR, s);
                w.combine(
                        new int[] {x, v},
                        new double[][] {{0.9, 0.1, 0.3, 0, 0}, {-0.1, 0.8, 0, 0.2, 0.05}},
                        new int[] {x, v, z, u, s});
            }
            Program program = Program.of(w.plan(x, v).traced("v"), Map.of());
            agrees(program, 65, false, null, "linear, " + dim);
            agrees(program, 33, true, null, "linear traced, " + dim);
        }
    }

    /** W0: one register, steps that are one run each; cut by a step of a weight that is 0, by one without noise, and by a trace. */
    @Test
    void takesRunsOfSteps() {
        for (int dim = 1; dim <= TrajectorySde.MOST_WIDTH; dim++) {
            Program program = Program.of(linear(dim, new double[] {0.9, 0.8, 0, 1.1, 0.7}, 0.3), Map.of());
            assertEquals(1, program.table().registers().size());
            agrees(program, 65, false, null, "runs, " + dim);
            assertSame(
                    run(new FusedSde(false), program, device, 9, 65, null, false, null),
                    run(new FusedSde(false, 2), program, device, 9, 65, null, false, null),
                    "runs cut, " + dim);
            Program traced = Program.of(
                    linear(dim, new double[] {0.9, 0.8, 0, 1.1, 0.7}, 0.3).traced("x"), Map.of());
            agrees(traced, 33, true, null, "runs traced, " + dim);
        }
    }

    /** A start, and a step for each weight of the state: x to that times x, and noise but in every fourth. */
    private static Plan linear(int dim, double[] kept, double noise) {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(dim));
        int z = w.register("z", Space.euclidean(dim));
        w.step(0, 0).normal(Purpose.PRIOR, x);
        for (int i = 0; i < kept.length; i++) {
            w.step(i, i + 1).normal(Purpose.STEP, z);
            w.combine(new int[] {x}, new double[][] {{kept[i], i % 4 == 3 ? 0 : noise}}, new int[] {x, z});
        }
        return w.plan(x);
    }

    /**
     * Normals of the special functions: each within the bound of kernels/rng/normal_fast.cuh, which the radius of its pair gives; then along a
     * linear plan, where errors add up as the noise does.
     */
    @Test
    void fastNormalsStayWithinTheirBound() {
        int count = 20_000;
        for (int dim : new int[] {4, 2, 3}) {
            double[] kept = {0.9, 0.8, 0.95, 1.0, 0.7};
            Plan plan = linear(dim, kept, 0.3);
            for (Plan one : List.of(linear(dim, new double[0], 0), plan)) {
                Program exact = Program.of(one, Map.of());
                Program fast = exact.with(Precision.F16);
                float[] expected = run(new FusedSde(false), exact, device, 0, count, null, false, null)
                        .outputs()
                        .get(0);
                float[] got = run(new FusedSde(true), fast, device, 0, count, null, false, null)
                        .outputs()
                        .get(0);
                int differ = 0;
                for (int r = 0; r < count; r++) {
                    for (int d = 0; d < dim; d++) {
                        int at = 1 + r * (dim + 1) + d;
                        double bound = one == plan ? 7e-4 : bound(expected, at - d % 2, d - d % 2 + 1 < dim);
                        double error = Math.abs((double) expected[at] - got[at]);
                        assertTrue(error <= bound, "row " + r + ", " + d + ": " + error + " above " + bound);
                        differ += error > 0 ? 1 : 0;
                    }
                }
                assertTrue(differ > count / 10, "the special functions were not used");
            }
        }
    }

    /** Of a normal, from the first number of its pair and, where the row has it, the second. */
    private static double bound(float[] values, int at, boolean both) {
        double radius = both ? Math.hypot(values[at], values[at + 1]) : Math.abs(values[at]);
        return Math.min(2.5e-7 / radius + 1.4e-6 * Math.max(radius, both ? 0 : 6.8), radius + 7e-4);
    }

    /** A method's cells too, beside the score of a mixture; never where f32 was asked for. */
    @Test
    void fastNormalsAreForThoseWhoAskForThem() {
        Program program = program(plan(method("em"), 3), 2);
        assertEquals(
                "fused",
                Sampling.choose(program, device, false, null).execution().name());
        Sampling.Choice choice = Sampling.choose(program.with(Precision.BF16), device, false, null);
        assertEquals("fused-fast", choice.execution().name());
        assertTrue(choice.offers().get("fused-fast").reason().contains("special functions"));
        float[] exact = run(new FusedSde(false), program, device, 0, 200, null, false, null)
                .outputs()
                .get(0);
        float[] fast = run(new FusedSde(true), program.with(Precision.BF16), device, 0, 200, null, false, null)
                .outputs()
                .get(0);
        int differ = 0;
        for (int i = 0; i < exact.length; i++) {
            assertEquals(exact[i], fast[i], 1e-2, "row " + i / 4);
            differ += exact[i] != fast[i] ? 1 : 0;
        }
        assertTrue(differ > 100);
    }

    /** As many registers as fit, all in one mix, a register that becomes 0, and weights that are 0. */
    @Test
    void everySlotIsUsed() {
        for (int slots = 1; slots <= SdeOperations.MOST_SLOTS; slots++) {
            for (int dim : new int[] {1, 2, 3, 4, 7}) {
                Plan.Writer w = Plan.writer();
                int[] all = new int[slots];
                for (int i = 0; i < slots; i++) {
                    all[i] = w.register("r" + i, Space.euclidean(dim));
                }
                w.step(0, 0);
                for (int i = 0; i < slots; i++) {
                    w.normal(Purpose.PRIOR, all[i]);
                }
                for (int step = 1; step <= 3; step++) {
                    double[][] weights = new double[slots][slots];
                    for (int o = 0; o < slots; o++) {
                        for (int i = 0; i < slots; i++) {
                            weights[o][i] = o == step % 8 && slots > 2 ? 0 : (i + 2 * o + step) % 3 * 0.3 - 0.25;
                        }
                    }
                    w.step(step, step + 1);
                    if (slots > 1) {
                        w.evaluate(Sde.SCORE, new int[] {all[slots - 1]}, Time.at(0.5 / step), all[0]);
                    }
                    w.combine(all, weights, all);
                }
                Program program = Program.of(w.plan(all), Map.of(Sde.SCORE, score(2, dim)));
                assertEquals(slots, program.table().registers().size());
                agrees(program, 33, false, null, slots + " slots of " + dim);
            }
        }
    }

    @Test
    void manyLaunchesGiveTheBitsOfOne() {
        for (String spec : List.of("dpm2m", "edm:40", "pc:0.16")) {
            for (int dim : new int[] {2, 3, 7}) {
                Program program = program(plan(method(spec), dim), 2);
                Rows one = run(new FusedSde(false), program, device, 9, 65, null, false, null);
                for (long cost : new long[] {1, 3, 7}) {
                    assertTrue(SdeTrajectory.of(program, ScoreTimes.of(program), false, false, cost)
                                    .launches()
                                    .size()
                            > 1);
                    assertSame(
                            one,
                            run(new FusedSde(false, cost), program, device, 9, 65, null, false, null),
                            spec + " " + cost);
                }
            }
        }
        Program traced = program(plan(method("em"), 3).traced("x"), 2);
        assertSame(
                run(new FusedSde(false), traced, device, 9, 65, null, true, null),
                run(new FusedSde(false, 2), traced, device, 9, 65, null, true, null),
                "traced");
    }

    @Test
    void isCancelledBetweenLaunches() {
        Program program = program(plan(method("em"), 3), 2);
        long before = device.allocatedBytes();
        CancelToken token = new CancelToken();
        token.cancel();
        try (Runner runner = new FusedSde(false, 2).open(program, device, 8);
                DeviceBuffer out = device.allocate(Element.F32, 24)) {
            Batch batch = new Batch(1, 0, 8, null, List.of(), List.of(View.rows(out, 3)), List.of());
            assertThrows(CancellationException.class, () -> runner.run(batch, token));
            runner.run(batch, new CancelToken()); // and is whole after that
        }
        assertEquals(before, device.allocatedBytes());
    }

    @Test
    void isTheFirstChoiceAndSaysWhichKernel() {
        Sampling.Choice choice = Sampling.choose(program(plan(method("heun"), 3), 2), device, false, null);
        assertEquals("fused", choice.execution().name());
        String reason = choice.offers().get("fused").reason();
        assertTrue(reason.contains("trajectory_sde_3x4_f32"), reason);
    }

    @Test
    void declinesWhatDoesNotFitAndTheNextOneTakesIt() {
        declined(program(plan(method("em"), 9), 2), "9");
        Plan.Writer wide = Plan.writer();
        int a = wide.register("a", Space.euclidean(2));
        int b = wide.register("b", Space.euclidean(3));
        wide.step(1, 1).normal(Purpose.PRIOR, a).normal(Purpose.PRIOR, b);
        declined(Program.of(wide.plan(a, b), Map.of()), "one width");
        Plan.Writer many = Plan.writer();
        int[] all = new int[9];
        many.step(1, 1);
        for (int i = 0; i < all.length; i++) {
            all[i] = many.register("r" + i, Space.euclidean(2));
            many.normal(Purpose.PRIOR, all[i]);
        }
        declined(Program.of(many.plan(all), Map.of()), "9 of 2");
        Plan.Writer applied = Plan.writer();
        int x = applied.register("x", Space.euclidean(2));
        int y = applied.register("y", Space.euclidean(2));
        applied.step(1, 1).normal(Purpose.PRIOR, x).apply(identity(), new int[] {x}, y);
        declined(Program.of(applied.plan(x, y), Map.of()), "row function");
        Network network = Mlp.of(16, 1).create(Signature.over(2), Prediction.NOISE, 5, device);
        declined(Program.of(plan(method("em"), 2), Map.of(Sde.SCORE, network)), "not the score of a Gaussian mixture");
        network.parameters().values().close();
        assertEquals("fused", new FusedSde(false).name());
        assertTrue(!new FusedSde(false)
                .offer(program(plan(method("em"), 2), 2), host, false)
                .taken());
    }

    private void declined(Program program, String because) {
        Sampling.Choice choice = Sampling.choose(program, device, false, null);
        Execution.Offer offer = new FusedSde(false).offer(program, device, false);
        assertTrue(!offer.taken() && offer.reason().contains(because), offer.reason());
        assertTrue(!choice.execution().name().equals("fused"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new FusedSde(false).open(program, device, 1))
                .getMessage()
                .contains(because));
    }

    private static RowFunction identity() {
        return new RowFunction() {
            @Override
            public String name() {
                return "identity";
            }

            @Override
            public void apply(double[][] from, double[][] into) {
                System.arraycopy(from[0], 0, into[0], 0, from[0].length);
            }
        };
    }
}
