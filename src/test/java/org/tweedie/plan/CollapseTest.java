package org.tweedie.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.rng.Purpose;

/** The cells come to what the stages come to, row by row, whatever the plan. */
class CollapseTest {
    private static final int PLANS = 400;

    @ParameterizedTest
    @CsvSource({"false, 2", "true, 2", "true, 5", "true, 12"})
    void cellsComeToWhatThePlanSays(boolean repeats, int registers) {
        for (int seed = 0; seed < PLANS; ++seed) {
            Plan plan = RandomPlans.of(seed, repeats, registers);
            Interpreter.Row literal = run(Interpreter.of(plan, RandomPlans.FIELDS));
            Interpreter.Row collapsed = run(Interpreter.of(CellTable.of(plan), RandomPlans.FIELDS));
            String which = "plan " + seed;
            assertNear(literal.outputs(), collapsed.outputs(), which);
            assertEquals(literal.evaluations(), collapsed.evaluations(), which);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 2", "true, 2", "true, 5", "true, 12"})
    void traceIsRightAndChangesNoBit(boolean repeats, int registers) {
        for (int seed = 0; seed < PLANS; ++seed) {
            Plan plan = RandomPlans.of(seed, repeats, registers);
            String[] all = plan.registers().stream().map(Register::name).toArray(String[]::new);
            Plan traced = plan.traced(all);
            CellTable table = CellTable.of(traced);
            Interpreter.Row literal = run(Interpreter.of(traced, RandomPlans.FIELDS));
            Interpreter.Row collapsed = run(Interpreter.of(table, RandomPlans.FIELDS));
            Interpreter.Row silent = run(Interpreter.of(CellTable.of(plan), RandomPlans.FIELDS));
            String which = "plan " + seed;
            for (int k = 0; k < plan.steps().size(); ++k) {
                assertNear(literal.trace()[k], collapsed.trace()[k], which + ", step " + k);
            }
            assertArrayEquals(silent.outputs(), collapsed.outputs(), which); // bit for bit
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 2", "true, 5", "true, 12"})
    void mixesKeepToTheirLimits(boolean repeats, int registers) {
        for (int seed = 0; seed < PLANS; ++seed) {
            Plan plan = RandomPlans.of(seed, repeats, registers);
            CellTable table = CellTable.of(plan);
            int closed = 0;
            for (Cell cell : table.cells()) {
                assertEquals(closed, cell.step());
                closed += cell.closesStep() ? 1 : 0;
                for (Mix mix : cell.mixes()) {
                    assertTrue(mix.from().length <= CellTable.MOST_FROM
                            && mix.into().length <= CellTable.MOST_INTO
                            && mix.draws().size() <= CellTable.MOST_DRAWS);
                    assertEquals(mix.into().length, mix.weights().length);
                    for (double[] row : mix.weights()) {
                        assertEquals(mix.from().length + mix.draws().size(), row.length);
                    }
                    assertAscending(mix.into());
                    assertAscending(mix.from());
                    int width = table.registers().get(mix.into()[0]).width();
                    for (int r : concatenated(mix.into(), mix.from())) {
                        assertEquals(width, table.registers().get(r).width());
                    }
                    assertTrue(Arrays.stream(mix.into())
                            .noneMatch(r -> table.registers().get(r).given()));
                }
            }
            assertEquals(plan.steps().size(), closed);
        }
    }

    @Test
    void stepsOfOneEvaluationAreOneCellAndOneMixEach() {
        Plan plan = churned();
        CellTable table = CellTable.of(plan);
        assertEquals(1 + plan.steps().size() - 1, table.cells().size());
        for (Cell cell : table.cells()) {
            assertEquals(1, cell.mixes().size());
            assertTrue(cell.closesStep());
        }
        // "noise" lives only inside the mixes
        assertEquals(
                List.of("x", "score"),
                table.registers().stream().map(Register::name).toList());
    }

    @Test
    void aTracedRegisterThatTheNextStepOverwritesIsKeptApart() {
        CellTable table = CellTable.of(churned().traced("x"));
        assertEquals(
                List.of("x", "score", "x@end"),
                table.registers().stream().map(Register::name).toList());
        assertArrayEquals(new int[] {2}, table.trace());
        assertArrayEquals(new int[] {0}, table.outputs());
    }

    @Test
    void ordinalsCountDrawsOfAPurposeAndLeaveRoomForRepeats() {
        Space line = Space.euclidean(1);
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", line);
        int y = writer.register("y", line);
        int alive = writer.register("alive", line);
        writer.step(1, 1).normal(Purpose.STEP, x).normal(Purpose.CORRECTOR, y).normal(Purpose.STEP, alive);
        writer.repeat(1, 0.5, alive, 10)
                .normal(Purpose.STEP, x)
                .normal(Purpose.STEP, y)
                .set(alive, 1, x);
        writer.step(0.5, 0).normal(Purpose.STEP, y).set(x, 1, x, 1, y);
        CellTable table = CellTable.of(writer.plan(x, alive));
        List<Integer> steps = new ArrayList<>();
        table.cells()
                .forEach(cell -> cell.mixes()
                        .forEach(mix -> mix.draws().stream()
                                .filter(noise -> noise.purpose() == Purpose.STEP)
                                .forEach(noise -> steps.add(noise.ordinal()))));
        assertEquals(List.of(2, 22), steps); // 0, 1 and 12 to 21 fill what nothing reads, and still count
        assertEquals(Optional.of(new Until(1, 10)), table.untils().get(1));
    }

    @Test
    void whatNothingReadsIsNotComputed() {
        Space line = Space.euclidean(1);
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", line);
        int idle = writer.register("idle", line);
        writer.step(1, 0).normal(Purpose.PRIOR, x).set(idle, 2, x).set(x, 3, x);
        CellTable table = CellTable.of(writer.plan(x));
        Mix mix = table.cells().get(0).mixes().get(0);
        assertEquals(1, table.registers().size());
        assertArrayEquals(new int[0], mix.from());
        assertArrayEquals(new double[][] {{3}}, mix.weights());
    }

    /** Each step adds noise before it evaluates. */
    private static Plan churned() {
        Space plane = Space.euclidean(2);
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", plane);
        int score = writer.register("score", plane);
        int noise = writer.register("noise", plane);
        writer.step(3, 3).normal(Purpose.PRIOR, x);
        for (int t = 3; t > 0; --t) {
            writer.step(t, t - 1).normal(Purpose.STEP, noise).set(x, 0.9, x, 0.1, noise);
            writer.evaluate("f", t, x, score).set(x, 1, x, 0.5, score);
        }
        return writer.plan(x);
    }

    private static Interpreter.Row run(Interpreter interpreter) {
        return interpreter.row(17, 3, RandomPlans.given(3));
    }

    private static void assertNear(double[][] expected, double[][] actual, String which) {
        assertEquals(expected.length, actual.length, which);
        for (int i = 0; i < expected.length; ++i) {
            for (int d = 0; d < expected[i].length; ++d) {
                assertEquals(
                        expected[i][d], actual[i][d], 1e-9 * (1 + Math.abs(expected[i][d])), which + ", register " + i);
            }
        }
    }

    private static void assertAscending(int[] registers) {
        for (int i = 1; i < registers.length; ++i) {
            assertTrue(registers[i - 1] < registers[i], Arrays.toString(registers));
        }
    }

    private static int[] concatenated(int[] a, int[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    @Test
    void momentsOfCellsAreThoseOfThePlan() {
        Plan plan = churned();
        AffineField field = t -> new AffineField.Affine(new double[][] {{-t, 0.5}, {0.25, -1}}, new double[] {t, 1});
        Moments literal = MomentOracle.after(plan, Map.of("f", field));
        Moments collapsed = MomentOracle.after(CellTable.of(plan), Map.of("f", field), Map.of());
        for (int i = 0; i < 2; ++i) {
            assertEquals(literal.mean(0)[i], collapsed.mean(0)[i], 1e-14);
            assertArrayEquals(literal.covariance(0)[i], collapsed.covariance(0)[i], 1e-14);
        }
    }
}
