package org.tweedie.execution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.RowFunction;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Field;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.TestDevices;

/** Steps that repeat until a row is done: a walk with a pull to the middle that leaves a square, and what it does after. */
class UntilTest {
    private static final int MOST = 60;
    private static final VpSde SDE = new VpSde().on(Space.euclidean(2));
    private static final GaussianMixture MIXTURE = GaussianMixture.round(0.09, new double[] {0.1, -0.2});

    /** alive = 1 - the greatest |x|, and one iteration more. */
    private static final Formula INSIDE = inside();

    private static Formula inside() {
        FormulaWriter f = Formula.writer("inside");
        FormulaWriter.Value x = f.input(2);
        FormulaWriter.Value n = f.input(1);
        return f.output(f.number(1).minus(x.absolute().greatestOf()))
                .output(n.plus(1))
                .formula();
    }

    private static Plan walk(RowFunction inside) {
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(2));
        int s = w.register("s", Space.euclidean(2));
        int z = w.register("z", Space.euclidean(2));
        int n = w.register("n", Space.euclidean(1));
        int m = w.register("m", Space.euclidean(1));
        int u = w.register("u", Space.euclidean(1));
        int alive = w.register("alive", Space.euclidean(1));
        w.step(1, 1).normal(Purpose.PRIOR, x).set(x, 0.1, x).combine(n, new double[] {}, new int[] {});
        w.repeat(1, 0.5, alive, MOST);
        w.evaluate("score", new int[] {x}, Time.at(0.5), s);
        w.normal(Purpose.STEP, z);
        w.set(x, 1, x, 0.02, s, 0.25, z);
        w.apply(inside, new int[] {x, n}, alive, m).set(n, 1, m);
        w.step(0.5, 0).draw(Law.UNIFORM, Purpose.ACCEPT, u).set(n, 1, n, 0.5, u);
        return w.plan(x, n).traced("x", "n");
    }

    private static Map<String, Field> fields() {
        return Map.of("score", new GaussianMixtureScore(MIXTURE, SDE));
    }

    private static List<float[]> run(
            Plan plan, Device device, String execution, boolean traced, long first, int count, int pieces) {
        List<float[]> all = new ArrayList<>();
        try (Sampling sampling = Sampling.open(Program.of(plan, fields()), device, count, traced, execution)) {
            assertEquals(execution, sampling.choice().execution().name());
            int at = 0;
            for (int i = 0; i < pieces; i++) {
                int rows = i == pieces - 1 ? count - at : count / pieces;
                sampling.run(
                        7, first + at, rows, Map.of(), Progress.NONE, new CancelToken(), (done, k, outputs, traces) -> {
                            append(all, 0, outputs);
                            append(all, outputs.size(), traces);
                        });
                at += rows;
            }
        }
        return all;
    }

    private static void append(List<float[]> all, int from, List<float[]> more) {
        for (int i = 0; i < more.size(); i++) {
            if (all.size() <= from + i) {
                all.add(more.get(i));
            } else {
                float[] old = all.get(from + i);
                float[] joined = Arrays.copyOf(old, old.length + more.get(i).length);
                System.arraycopy(more.get(i), 0, joined, old.length, more.get(i).length);
                all.set(from + i, joined);
            }
        }
    }

    static java.util.stream.Stream<Arguments> cases() {
        return TestDevices.specs().stream()
                .flatMap(spec -> (spec.startsWith("cpu")
                                ? List.of("fused", "graph", "stepwise")
                                : List.of("graph", "stepwise"))
                        .stream().map(name -> Arguments.of(TestDevices.open(spec), name)));
    }

    /** Rows enough that the living ones move together, and pieces in which they do not: the same bits, those of the host. */
    @ParameterizedTest
    @MethodSource("cases")
    void everyExecutionInAnyPiecesGivesTheSameBits(Device device, String execution) {
        Plan plan = walk(INSIDE);
        List<float[]> whole;
        try (Device host = Device.open("cpu")) {
            whole = run(plan, host, "stepwise", false, 100, 2_500, 1);
        }
        List<float[]> now = run(plan, device, execution, false, 100, 2_500, 1);
        List<float[]> pieces = run(plan, device, execution, false, 100, 2_500, 3);
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(whole.get(i), now.get(i));
            assertArrayEquals(whole.get(i), pieces.get(i));
        }
    }

    /** Row by row against the interpreter in double: as many iterations, and the same place, but for rounding at the edge. */
    @ParameterizedTest
    @MethodSource("cases")
    void aRowStopsWhereItsFormulaSays(Device device, String execution) {
        Plan plan = walk(INSIDE);
        int count = 1_500;
        List<float[]> out = run(plan, device, execution, false, 0, count, 1);

        RowField score = (from, t, into) -> {
            double a = SDE.alpha(t);
            double variance = a * a * 0.09 + SDE.sigma(t) * SDE.sigma(t);
            for (int d = 0; d < 2; d++) {
                into[0][d] = (a * (d == 0 ? 0.1 : -0.2) - from[0][d]) / variance;
            }
        };
        Interpreter interpreter = Interpreter.of(plan, Map.of("score", score));
        int apart = 0;
        int last = 0;
        for (int r = 0; r < count; r++) {
            Interpreter.Row row = interpreter.row(7, r);
            boolean same = Math.abs(row.outputs()[1][0] - out.get(1)[r]) < 1e-3;
            for (int d = 0; d < 2 && same; d++) {
                same = Math.abs(row.outputs()[0][d] - out.get(0)[2 * r + d]) < 1e-4;
            }
            apart += same ? 0 : 1;
            last += row.evaluations() == MOST ? 1 : 0;
        }
        assertTrue(apart <= 2, apart + " rows of " + count + " are not the interpreter's");
        assertTrue(last > 0 && last < count / 4, last + " rows of " + count + " took all iterations");
    }

    /** A trace sees each row as it left the step, and changes nothing. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aTraceChangesNothing(Device device) {
        Plan plan = walk(INSIDE);
        int count = 1_000; // one run
        List<float[]> plain = run(plan, device, "stepwise", false, 5, count, 1);
        List<float[]> traced = run(plan, device, "stepwise", true, 5, count, 1);
        assertArrayEquals(plain.get(0), traced.get(0));
        assertArrayEquals(plain.get(1), traced.get(1));
        float[] x = traced.get(2);
        float[] n = traced.get(3);
        for (int r = 0; r < count; r++) {
            for (int d = 0; d < 2; d++) {
                assertEquals(plain.get(0)[2 * r + d], x[2 * count + 2 * r + d], "x behind the repeated step, row " + r);
            }
            assertEquals(Math.floor(plain.get(1)[r]), n[count + r], "iterations of row " + r);
        }
    }

    /** A function that is Java alone runs on the host, for living rows only, and the graph says why it declines. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aFunctionWithoutAKernelSeesLivingRowsOnly(Device device) {
        RowFunction java = new RowFunction() {
            @Override
            public String name() {
                return "inside";
            }

            @Override
            public void apply(double[][] from, double[][] into) {
                INSIDE.apply(from, into);
            }
        };
        List<float[]> kernel = run(walk(INSIDE), device, "stepwise", false, 0, 400, 1);
        List<float[]> onHost = run(walk(java), device, "stepwise", false, 0, 400, 1);
        assertArrayEquals(kernel.get(0), onHost.get(0));
        assertArrayEquals(kernel.get(1), onHost.get(1));
        Execution.Offer offer = new GraphReplay(false).offer(Program.of(walk(java), fields()), device, false);
        assertEquals("row function 'inside' has no kernel, so it runs on the host", offer.reason());
    }

    @Test
    void theGraphSaysThatAStepRepeats() {
        try (Device host = Device.open("cpu")) {
            String reason = new GraphReplay(false)
                    .offer(Program.of(walk(INSIDE), fields()), host, false)
                    .reason();
            assertTrue(reason.contains("those of a step that repeats as often as a row needs it"), reason);
        }
    }
}
