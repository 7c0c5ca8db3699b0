package org.tweedie.execution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowFunction;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.TestDevices;

class ExecutionTest {
    private static final int DIM = 3;
    private static final int STEPS = 4;

    /** A step of two registers with two draws and a mix that keeps both: what a sampler asks of an execution. */
    private static Plan plan(boolean given) {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(DIM));
        int s = w.register("s", Space.euclidean(DIM));
        int m = w.register("m", Space.euclidean(DIM));
        int z = w.register("z", Space.euclidean(DIM));
        int y = given ? w.given("y", Space.euclidean(2)) : -1;
        w.step(1, 1).normal(Purpose.PRIOR, x).set(m, 0.5, x);
        for (int i = 0; i < STEPS; i++) {
            double t = 1 - (double) i / STEPS;
            w.step(t, t - 1.0 / STEPS);
            w.evaluate("score", given ? new int[] {x, y} : new int[] {x}, Time.at(t), s);
            w.normal(Purpose.STEP, z);
            w.set(m, 0.9, m, 0.3, s);
            w.set(x, 0.8, x, 0.1, s, 0.4, z, 0.05, m);
        }
        return w.plan(x, m).traced("x");
    }

    private static Network network(Device device, boolean given) {
        List<Signature.Port> from = new ArrayList<>(List.of(new Signature.Port("x", Space.euclidean(DIM))));
        if (given) {
            from.add(new Signature.Port("y", Space.euclidean(2)));
        }
        Signature signature = new Signature(from, List.of(new Signature.Port("score", Space.euclidean(DIM))));
        Network network = Mlp.of(16, 2).create(signature, Prediction.NOISE, 5, device);
        try (org.tweedie.device.Stream stream =
                device.stream()) { // the last layer starts at 0: give it weights that matter
            float[] values = new float[(int) network.parameters().count()];
            stream.download(network.parameters().values(), 0, values, 0, values.length);
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (0.3 * Math.sin(1 + i));
            }
            stream.upload(values, 0, network.parameters().values(), 0, values.length);
            stream.synchronize();
        }
        return network;
    }

    private static List<float[]> run(
            Program program,
            Device device,
            String execution,
            long first,
            long count,
            int pieces,
            Map<String, GivenRows> given) {
        List<float[]> all = new ArrayList<>();
        try (Sampling sampling = Sampling.open(program, device, count, false, execution)) {
            assertEquals(execution, sampling.choice().execution().name());
            long at = 0;
            for (int i = 0; i < pieces; i++) {
                long rows = i == pieces - 1 ? count - at : count / pieces;
                sampling.run(
                        42,
                        first + at,
                        rows,
                        given,
                        Progress.NONE,
                        new CancelToken(),
                        (done, n, outputs, traces) -> append(all, outputs));
                at += rows;
            }
        }
        return all;
    }

    private static void append(List<float[]> all, List<float[]> outputs) {
        for (int i = 0; i < outputs.size(); i++) {
            if (all.size() <= i) {
                all.add(outputs.get(i));
            } else {
                float[] joined = Arrays.copyOf(all.get(i), all.get(i).length + outputs.get(i).length);
                System.arraycopy(outputs.get(i), 0, joined, all.get(i).length, outputs.get(i).length);
                all.set(i, joined);
            }
        }
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    static Stream<Arguments> cases() {
        return TestDevices.specs().stream().flatMap(spec -> {
            List<String> names =
                    spec.startsWith("cpu") ? List.of("fused", "graph", "stepwise") : List.of("graph", "stepwise");
            return names.stream().map(name -> Arguments.of(TestDevices.open(spec), name));
        });
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyExecutionInAnyPiecesGivesTheBitsOfStepwise(Device device, String execution) {
        Network network = network(device, false);
        Program program = Program.of(plan(false), Map.of("score", network));
        List<float[]> whole = run(program, device, "stepwise", 1_000, 261, 1, Map.of());
        assertFalse(Float.isNaN(whole.get(0)[0]));
        assertSame(whole, run(program, device, execution, 1_000, 261, 1, Map.of()));
        assertSame(whole, run(program, device, execution, 1_000, 261, 5, Map.of()));
        network.parameters().values().close();
    }

    /** The host is the oracle of f32 kernels: the same bits on every device. */
    @ParameterizedTest
    @MethodSource("cases")
    void everyDeviceGivesTheBitsOfTheHost(Device device, String execution) {
        try (Device host = Device.open("cpu:1")) {
            Network there = network(host, true);
            Network here = network(device, true);
            GivenRows y = new GivenRows(new float[] {0.25f, -1.5f}, 2);
            List<float[]> expected =
                    run(Program.of(plan(true), Map.of("score", there)), host, "stepwise", 7, 33, 1, Map.of("y", y));
            assertSame(
                    expected,
                    run(Program.of(plan(true), Map.of("score", here)), device, execution, 7, 33, 2, Map.of("y", y)));
            there.parameters().values().close();
            here.parameters().values().close();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void anyIndexSetGivesTheRowsOfOneBigRun(Device device, String execution) {
        Network network = network(device, false);
        Program program = Program.of(plan(false), Map.of("score", network));
        float[] whole = run(program, device, "stepwise", 0, 200, 1, Map.of()).get(0);
        long[] indices = {199, 3, 3, 0, 77, 150, 12, 131};
        try (Sampling sampling = Sampling.open(program, device, indices.length, false, execution)) {
            List<float[]> picked = new ArrayList<>();
            sampling.run(
                    42,
                    indices,
                    Map.of(),
                    Progress.NONE,
                    new CancelToken(),
                    (at, rows, outputs, traces) -> append(picked, outputs));
            for (int r = 0; r < indices.length; r++) {
                int row = (int) indices[r];
                assertArrayEquals(
                        Arrays.copyOfRange(whole, row * DIM, (row + 1) * DIM),
                        Arrays.copyOfRange(picked.get(0), r * DIM, (r + 1) * DIM));
            }
        }
        network.parameters().values().close();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aTraceEndsWithTheOutputAndChangesNothing(Device device, String execution) {
        Network network = network(device, false);
        Program program = Program.of(plan(false), Map.of("score", network));
        float[] plain = run(program, device, "stepwise", 0, 40, 1, Map.of()).get(0);
        if (execution.equals("graph")) {
            assertTrue(assertThrows(
                            IllegalArgumentException.class, () -> Sampling.open(program, device, 40, true, execution))
                    .getMessage()
                    .contains("trace"));
        } else {
            try (Sampling sampling = Sampling.open(program, device, 40, true, execution)) {
                sampling.run(42, 0, 40, Map.of(), Progress.NONE, new CancelToken(), (at, rows, outputs, traces) -> {
                    assertArrayEquals(plain, outputs.get(0));
                    assertEquals((STEPS + 1) * 40 * DIM, traces.get(0).length);
                    assertArrayEquals(
                            plain, Arrays.copyOfRange(traces.get(0), STEPS * 40 * DIM, (STEPS + 1) * 40 * DIM));
                });
            }
        }
        network.parameters().values().close();
    }

    /** A score that is a formula is taken by every execution of a device, and by the fused one of each if nobody says otherwise. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anExactScoreRunsFusedAndGivesTheSameBitsByAll(Device device) {
        Sde sde = new VpSde().on(Space.euclidean(DIM));
        GaussianMixture law = new GaussianMixture(
                new double[] {0.25, 0.75}, new double[][] {{-3, 0, 1}, {3, 1, 0.5}}, new double[][][] {
                    {{0.25, 0, 0}, {0, 1, 0}, {0, 0, 2}}, {{1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.5}}
                });
        for (String spec : List.of("heun@9", "dpm2m@9", "ancestral@25", "edm:20@9", "pc:0.16@25", "ald:5,0.05@9")) {
            MethodSpec method = MethodSpec.parse(spec);
            Plan plan = method.method().plan(sde, method.grid(sde));
            Program program = Program.of(plan, Map.of(Sde.SCORE, new GaussianMixtureScore(law, sde)));
            assertEquals(
                    "fused",
                    Sampling.choose(program, device, false, null).execution().name(),
                    spec);
            List<float[]> whole = run(program, device, "stepwise", 7, 129, 1, Map.of());
            assertSame(whole, run(program, device, "graph", 7, 129, 1, Map.of()));
            assertSame(whole, run(program, device, "fused", 7, 129, 1, Map.of()));
            assertSame(whole, run(program, device, "fused", 7, 129, 4, Map.of()));
        }
    }

    /** A given row belongs to the sample of its number, so a later piece reads on. */
    @Test
    void givenRowsFollowTheSampleNumber() {
        try (Device device = Device.open("cpu")) {
            Network network = network(device, true);
            Program program = Program.of(plan(true), Map.of("score", network));
            float[] y = new float[2 * 50];
            for (int i = 0; i < y.length; i++) {
                y[i] = (float) Math.cos(i);
            }
            Map<String, GivenRows> given = Map.of("y", new GivenRows(y, 2));
            float[] whole = run(program, device, "fused", 0, 50, 1, given).get(0);
            assertArrayEquals(
                    Arrays.copyOfRange(whole, 20 * DIM, 50 * DIM),
                    run(program, device, "stepwise", 20, 30, 1, given).get(0));
            assertTrue(
                    assertThrows(IllegalArgumentException.class, () -> run(program, device, "fused", 30, 30, 1, given))
                            .getMessage()
                            .contains("60"));
            network.parameters().values().close();
        }
    }

    /** A row function without a kernel runs where its formula is, and the graph declines it. */
    @Test
    void aRowFunctionRunsOnTheHost() {
        RowFunction cube = new RowFunction() {
            @Override
            public String name() {
                return "cube";
            }

            @Override
            public void apply(double[][] from, double[][] into) {
                for (int d = 0; d < from[0].length; d++) {
                    into[0][d] = Math.pow(from[0][d], 3);
                }
            }
        };
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(2));
        int c = w.register("c", Space.euclidean(2));
        w.step(1, 1).normal(Purpose.PRIOR, x).apply(cube, new int[] {x}, c);
        Program program = Program.of(w.plan(x, c), Map.of());
        try (Device device = Device.open("cpu")) {
            List<float[]> rows = run(program, device, "fused", 0, 300, 1, Map.of());
            for (int i = 0; i < 600; i++) {
                assertEquals((float) Math.pow(rows.get(0)[i], 3), rows.get(1)[i]);
            }
            assertTrue(assertThrows(
                            IllegalArgumentException.class, () -> Sampling.open(program, device, 1, false, "graph"))
                    .getMessage()
                    .contains("row function"));
        }
    }

    @Test
    void cancelStopsAndLeavesNothingAllocated() {
        try (Device device = Device.open("cpu:2")) {
            Network network = network(device, false);
            long before = device.allocatedBytes();
            CancelToken token = new CancelToken();
            assertThrows(CancellationException.class, () -> {
                try (Sampling sampling = Sampling.open(
                        Program.of(plan(false), Map.of("score", network)), device, 1 << 20, false, null)) {
                    sampling.run(
                            1,
                            0,
                            1 << 20,
                            Map.of(),
                            (done, total, seconds) -> token.cancel(),
                            token,
                            (at, rows, outputs, traces) -> {});
                }
            });
            assertEquals(before, device.allocatedBytes());
            network.parameters().values().close();
        }
    }

    @Test
    void whatCannotRunSaysWhy() {
        try (Device device = Device.open("cpu")) {
            Network network = network(device, true);
            IllegalArgumentException missing = assertThrows(
                    IllegalArgumentException.class, () -> Program.of(plan(false), Map.of("score", network)));
            assertTrue(missing.getMessage().contains("given(name, rows)"), missing.getMessage());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Program.of(plan(false), Map.of()))
                    .getMessage()
                    .contains("field 'score'"));
            network.parameters().values().close();
        }
    }
}
