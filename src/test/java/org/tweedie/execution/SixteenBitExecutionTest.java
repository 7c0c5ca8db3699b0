package org.tweedie.execution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/** {@code graph-16bit} and {@code stepwise-16bit}: the same bits in both and for any cut of the work, and the samples of f32 within the operands' roundoff. */
@GpuTest
@Tag("kernels")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SixteenBitExecutionTest {
    private static final String GRAPH = "graph-16bit";
    private static final String STEPWISE = "stepwise-16bit";
    private static final int DIM = 3;

    private Device device;

    @BeforeAll
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
    }

    @AfterAll
    void close() {
        device.close();
    }

    /** With weights that all matter: the last layer starts at 0. */
    private MlpNetwork network(Mlp mlp, Signature signature) {
        MlpNetwork network = (MlpNetwork) mlp.create(signature, Prediction.NOISE, 5, device);
        float[] values = new float[(int) network.parameters().count()];
        try (Stream stream = device.stream()) {
            stream.download(network.parameters().values(), 0, values, 0, values.length);
            SplittableRandom random = new SplittableRandom(3);
            for (int i = mlp.time().count(); i < values.length; i++) {
                values[i] += (float) (0.1 * (random.nextDouble() - 0.5));
            }
            stream.upload(values, 0, network.parameters().values(), 0, values.length);
            stream.synchronize();
        }
        return network;
    }

    /** Four steps; a given y beside x, or a time of its own for each row, where they are asked for. */
    private static Plan plan(boolean given, boolean times) {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(DIM));
        int s = w.register("s", Space.euclidean(DIM));
        int z = w.register("z", Space.euclidean(DIM));
        int y = given ? w.given("y", Space.euclidean(40)) : -1;
        int t = times ? w.given("t", Space.euclidean(1)) : -1;
        w.step(1, 1).normal(Purpose.PRIOR, x);
        for (int i = 0; i < 4; i++) {
            double at = 1 - i / 4.0;
            w.step(at, at - 0.25);
            w.evaluate("score", given ? new int[] {x, y} : new int[] {x}, times ? Time.of(t) : Time.at(at), s);
            w.normal(Purpose.STEP, z).set(x, 0.8, x, 0.1, s, 0.4, z);
        }
        return w.plan(x, s).traced("x");
    }

    private List<float[]> run(
            Program program, String execution, long first, int rows, boolean traced, Map<String, GivenRows> given) {
        List<float[]> all = new ArrayList<>();
        try (Sampling sampling = Sampling.open(program, device, rows, traced, execution)) {
            assertEquals(execution, sampling.choice().execution().name());
            sampling.run(42, first, rows, given, Progress.NONE, new CancelToken(), (at, n, outputs, traces) -> {
                all.addAll(outputs);
                all.addAll(traces);
            });
        }
        return all;
    }

    private static double distance(float[] expected, float[] got) {
        double off = 0;
        double all = 0;
        for (int i = 0; i < got.length; i++) {
            off += Math.pow(expected[i] - got[i], 2);
            all += (double) expected[i] * expected[i];
        }
        return Math.sqrt(off / all);
    }

    private static Map<String, GivenRows> rows(String name, int rows, int width) {
        float[] values = new float[rows * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.5 + 0.5 * StrictMath.cos(i));
        }
        return Map.of(name, new GivenRows(values, width));
    }

    /** Both executions and any piece of the rows: the same bits. Against f32: 8 roundoffs of the operands (2^-11, bf16 2^-8), and not none. */
    private void holds(Mlp mlp, Signature signature, Plan plan, Map<String, GivenRows> given) {
        MlpNetwork network = network(mlp, signature);
        try {
            Program program = Program.of(plan, Map.of("score", network));
            float[] f32 = run(program, "stepwise", 0, 140, false, given).get(0);
            double[] off = new double[3];
            boolean tiles = device.limits().warpgroups();
            List<Precision> all16 = tiles
                    ? List.of(Precision.F16, Precision.BF16, Precision.TF32)
                    : List.of(Precision.F16, Precision.BF16);
            for (Precision precision : all16) {
                Program half = program.with(precision);
                List<float[]> whole = run(half, GRAPH, 0, 140, false, given);
                List<float[]> again = run(half, STEPWISE, 0, 140, true, given);
                List<float[]> tail = run(half, GRAPH, 101, 39, false, given);
                for (int o = 0; o < 2; o++) {
                    assertArrayEquals(whole.get(o), again.get(o), precision + " of " + mlp);
                    assertArrayEquals(Arrays.copyOfRange(whole.get(o), 101 * DIM, 140 * DIM), tail.get(o));
                }
                float[] trace = again.get(2);
                assertArrayEquals(whole.get(0), Arrays.copyOfRange(trace, 4 * 140 * DIM, 5 * 140 * DIM));
                off[all16.indexOf(precision)] = distance(f32, whole.get(0));
            }
            String all = mlp + ": f16 " + off[0] + ", bf16 " + off[1] + ", tf32 " + off[2];
            assertTrue(off[0] > 0 && off[0] < 8 * 0x1p-11 && off[1] < 8 * 0x1p-8 && off[0] < off[1] / 2, all);
            assertTrue(off[2] > 0 == tiles && off[2] < 8 * 0x1p-11, all);
            assertArrayEquals(
                    f32,
                    run(program.with(Precision.F16), "graph", 0, 140, false, given)
                            .get(0),
                    "f32 by its name");
        } finally {
            network.parameters().values().close();
        }
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void samplesAreThoseOfF32WithinTheirRoundoff(Activation activation) {
        holds(Mlp.of(40, 2).with(activation), Signature.over(DIM), plan(false, false), Map.of());
    }

    @Test
    void wideAndResidualNetworksToo() {
        holds(Mlp.of(150, 3).residualBlocks(), Signature.over(DIM), plan(false, false), Map.of());
    }

    @Test
    void inputsBesideEachOtherMoreThanAThinLayerTakes() {
        Signature signature = Signature.over(DIM, new Signature.Port("y", Space.euclidean(40)));
        holds(Mlp.of(33, 2), signature, plan(true, false), rows("y", 140, 40));
    }

    @Test
    void rowsWithTimesOfTheirOwn() {
        holds(Mlp.of(33, 2), Signature.over(DIM), plan(false, true), rows("t", 140, 1));
    }

    /** One time for all rows, and the same time for each of them. */
    @Test
    void aTimeARowHasTheBitsOfOneForAll() {
        MlpNetwork network = network(Mlp.of(33, 3), Signature.over(DIM));
        Plan[] plans = new Plan[2];
        for (int i = 0; i < 2; i++) {
            Plan.Writer w = Plan.writer();
            int x = w.register("x", Space.euclidean(DIM));
            int s = w.register("s", Space.euclidean(DIM));
            int t = i == 0 ? -1 : w.given("t", Space.euclidean(1));
            w.step(1, 1)
                    .normal(Purpose.PRIOR, x)
                    .evaluate("score", new int[] {x}, i == 0 ? Time.at(0.375) : Time.of(t), s);
            plans[i] = w.plan(s);
        }
        try {
            Map<String, GivenRows> times = Map.of("t", new GivenRows(new float[] {0.375f}, 1));
            float[][] got = new float[2][];
            for (int i = 0; i < 2; i++) {
                Program program = Program.of(plans[i], Map.of("score", network)).with(Precision.F16);
                got[i] = run(program, STEPWISE, 0, 50, false, i == 0 ? Map.of() : times)
                        .get(0);
            }
            assertArrayEquals(got[0], got[1]);
        } finally {
            network.parameters().values().close();
        }
    }

    /** tf32 where the GPU multiplies it, else f32; width 1024 by the same layers, with bias and activation in them. */
    @Test
    void tf32IsTakenWhereThereIsAKernelAndWideLayersToo() {
        MlpNetwork network = network(Mlp.of(1024, 2), Signature.over(DIM));
        try {
            Program program = Program.of(plan(false, false), Map.of("score", network));
            boolean tiles = device.limits().warpgroups();
            for (Precision precision : List.of(Precision.F16, Precision.BF16, Precision.TF32)) {
                Sampling.Choice choice = Sampling.choose(program.with(precision), device, false, null);
                boolean taken = tiles || precision != Precision.TF32;
                assertEquals(taken ? GRAPH : "graph", choice.execution().name());
                String reason = choice.offers().get(GRAPH).reason();
                assertTrue(
                        reason.contains(
                                !taken
                                        ? "no kernel for products of tf32"
                                        : (tiles ? "tiles_linear_" : "linear_packed_") + precision.spec()
                                                + " with bias and activation"),
                        reason);
            }
            Sampling.Choice fused = Sampling.choose(program.with(Precision.TF32), device, false, null);
            assertTrue(fused.offers().get("fused-16bit").reason().contains("no products of tf32"));
        } finally {
            network.parameters().values().close();
        }
    }

    @Test
    void itIsTheNextAfterTheFusedOneAndSaysWhy() {
        MlpNetwork network = network(Mlp.of(600, 1), Signature.over(DIM));
        try {
            Program program = Program.of(plan(false, false), Map.of("score", network));
            Map<String, Execution.Offer> plain =
                    Sampling.choose(program, device, false, null).offers();
            assertTrue(plain.get(GRAPH).reason().contains("not asked for")
                    && !plain.get(STEPWISE).taken());
            Sampling.Choice choice = Sampling.choose(program.with(Precision.BF16), device, false, null);
            assertEquals(GRAPH, choice.execution().name());
            assertTrue(choice.offers()
                    .get(GRAPH)
                    .reason()
                    .contains(device.limits().warpgroups() ? "tiles_linear_bf16" : "linear_packed_bf16"));
            assertEquals(
                    STEPWISE,
                    Sampling.choose(program.with(Precision.BF16), device, true, null)
                            .execution()
                            .name());
            Plan.Writer w = Plan.writer();
            int x = w.register("x", Space.euclidean(DIM));
            w.step(1, 1).normal(Purpose.PRIOR, x);
            Program none = Program.of(w.plan(x), Map.of()).with(Precision.F16);
            Execution.Offer offer = new GraphReplay(true).offer(none, device, false);
            assertFalse(offer.taken());
            assertTrue(offer.reason().contains("no field of the plan"), offer.reason());
        } finally {
            network.parameters().values().close();
        }
        try (Device host = Device.open("cpu:1")) {
            MlpNetwork there = (MlpNetwork) Mlp.of(3, 1).create(Signature.over(DIM), Prediction.NOISE, 5, host);
            Program program = Program.of(plan(false, false), Map.of("score", there));
            assertTrue(new Stepwise(true).offer(program, host, false).reason().contains("the host multiplies"));
            there.parameters().values().close();
        }
    }
}
