package org.tweedie.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

class PlanTest {
    private static final Space LINE = Space.euclidean(1);
    private static final Space PLANE = Space.euclidean(2);

    @Test
    void unsoundPlansAreRefusedByName() {
        Plan.Writer empty = Plan.writer();
        int x = empty.register("x", LINE);
        int p = empty.register("p", PLANE);
        int given = empty.given("given", LINE);
        assertSays("step(t, s) comes before", () -> empty.normal(Purpose.STEP, x));
        assertSays("two registers named 'x'", () -> empty.register("x", LINE));
        assertSays("step 0, Combine reads 'x' before anything wrote it", () -> written(w -> w.set(x, 1, x)));
        assertSays("which the caller gives", () -> written(w -> w.normal(Purpose.STEP, given)));
        assertSays(
                "keeps to one width, got 1 in 'x' and 2 in 'p'",
                () -> written(
                        w -> w.normal(Purpose.STEP, x).normal(Purpose.STEP, p).set(x, 1, x, 1, p)));
        assertSays(
                "only a combine may",
                () -> written(w -> w.normal(Purpose.STEP, x).evaluate("f", 0.5, x, x)));
        assertSays(
                "has width 2, needs 1",
                () -> written(w -> w.normal(Purpose.STEP, p).evaluate("f", new int[] {given}, Time.of(p), x)));
        assertSays("names register 7 of 3", () -> written(w -> w.normal(Purpose.STEP, 7)));
        assertSays("weights are finite", () -> written(w -> w.set(x, Double.NaN, given)));
        assertSays("the outputs reads 'x' before anything wrote it", () -> written(w -> w.normal(Purpose.STEP, p)));
        assertSays("a weight for each register", () -> written(w -> w.combine(x, new double[] {1, 2}, given)));
        assertSays(
                "no register 'y' in the plan; it has [x, p, given]",
                () -> written(w -> w.set(x, 1, given)).register("y"));
        assertSays("at least once", () -> new Until(0, 0));
        assertSays("a number or a register", () -> new Time(1, 1));
        assertSays("finite times", () -> new Step(Double.NaN, 0, List.of(), Optional.empty()));
    }

    private static void assertSays(String what, Executable call) {
        RuntimeException thrown = assertThrows(RuntimeException.class, call);
        assertTrue(thrown.getMessage().contains(what), thrown.getMessage());
    }

    private static Plan written(Consumer<Plan.Writer> stages) {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", LINE);
        writer.register("p", PLANE);
        writer.given("given", LINE);
        stages.accept(writer.step(1, 0));
        return writer.plan(x);
    }

    @Test
    void combineIsSimultaneous() {
        Plan.Writer writer = Plan.writer();
        int a = writer.given("a", LINE);
        int x = writer.register("x", LINE);
        int y = writer.register("y", LINE);
        writer.step(1, 0).set(x, 1, a).set(y, 10, a);
        writer.combine(new int[] {x, y}, new double[][] {{0, 1}, {1, 1}}, x, y);
        double[][] row = Interpreter.of(writer.plan(x, y), Map.of())
                .row(0, 0, Map.of("a", new double[] {2}))
                .outputs();
        assertArrayEquals(new double[][] {{20}, {22}}, row);
    }

    @Test
    void drawsAreTheWordsOfSeedIndexPurposeAndOrdinal() {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", PLANE);
        int y = writer.register("y", PLANE);
        int u = writer.register("u", PLANE);
        writer.step(1, 0).normal(Purpose.STEP, x).normal(Purpose.STEP, y).draw(Law.UNIFORM, Purpose.STEP, u);
        double[][] row = Interpreter.of(CellTable.of(writer.plan(x, y, u)), Map.of())
                .row(99, 1L << 40)
                .outputs();
        for (int d = 0; d < 2; ++d) {
            assertEquals(Philox.words(99, 1L << 40, Purpose.STEP, 0).normal(d), row[0][d]);
            assertEquals(Philox.words(99, 1L << 40, Purpose.STEP, 1).normal(d), row[1][d]);
            assertEquals(Philox.words(99, 1L << 40, Purpose.STEP, 2).uniform(d), row[2][d]);
        }
    }

    @Test
    void aStepIsRepeatedWhileTheRowIsAlive() {
        Plan.Writer writer = Plan.writer();
        int left = writer.given("left", LINE);
        int one = writer.given("one", LINE);
        int alive = writer.register("alive", LINE);
        int count = writer.register("count", LINE);
        int sum = writer.register("sum", LINE);
        int z = writer.register("z", LINE);
        writer.step(1, 1).set(alive, 1, left).set(count, 0, one).set(sum, 0, one);
        writer.repeat(1, 0, alive, 4);
        writer.normal(Purpose.STEP, z)
                .set(sum, 1, sum, 1, z)
                .set(count, 1, count, 1, one)
                .set(alive, 1, alive, -1, one);
        Plan plan = writer.plan(count, sum);
        for (double rows : new double[] {-3, 0, 1, 2, 3.5, 4, 100}) {
            Interpreter.Row row = Interpreter.of(plan, Map.of())
                    .row(5, 6, Map.of("left", new double[] {rows}, "one", new double[] {1}));
            int times = (int) Math.max(1, Math.min(4, Math.ceil(rows)));
            assertEquals(times, row.outputs()[0][0]);
            double expected = 0;
            for (int i = 0; i < times; ++i) {
                expected += Philox.words(5, 6, Purpose.STEP, i).normal(0);
            }
            assertEquals(expected, row.outputs()[1][0], 1e-14);
        }
    }

    @Test
    void givenInputsReachEveryEvaluation() {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", LINE);
        int f = writer.register("f", LINE);
        writer.step(1, 0)
                .normal(Purpose.PRIOR, x)
                .evaluate("f", 1, x, f)
                .set(x, 1, x, 1, f)
                .evaluate("f", 0.5, x, f)
                .set(x, 1, x, 1, f);
        Plan plan = GivenInputs.of("f", "y", PLANE)
                .then(GivenInputs.of("f", "w", LINE))
                .then(GivenInputs.of("other", "v", LINE))
                .steer(writer.plan(x));
        RowField field = (from, t, into) -> into[0][0] = from[1][0] + 10 * from[1][1] + 100 * from[2][0];
        double end = Interpreter.of(CellTable.of(plan), Map.of("f", field))
                .row(1, 2, Map.of("y", new double[] {1, 2}, "w", new double[] {3}))
                .outputs()[0][0];
        assertEquals(Philox.words(1, 2, Purpose.PRIOR, 0).normal(0) + 2 * 321, end, 1e-12);
        assertEquals(2, plan.evaluations());
        assertEquals(List.of("f"), plan.fields());
    }

    @Test
    void givenStartReplacesTheFirstDraw() {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", LINE);
        int v = writer.register("v", LINE);
        writer.step(1, 1)
                .normal(Purpose.PRIOR, x)
                .normal(Purpose.PRIOR, v)
                .step(1, 0)
                .set(x, 1, x, 2, v);
        Plan plan = new GivenStart().steer(writer.plan(x));
        double[][] row = Interpreter.of(plan, Map.of())
                .row(0, 0, Map.of("start", new double[] {3}, "start.v", new double[] {5}))
                .outputs();
        assertEquals(13, row[0][0]);
    }

    @Test
    void missingRowsAndFieldsAreNamed() {
        Plan.Writer writer = Plan.writer();
        int y = writer.given("y", PLANE);
        int x = writer.register("x", LINE);
        writer.step(1, 0).evaluate("denoiser", 1, y, x);
        Plan plan = writer.plan(x);
        assertSays(
                "the plan evaluates 'denoiser', and the fields given are [f]",
                () -> Interpreter.of(plan, Map.of("f", (RowField) (from, t, into) -> {})));
        Interpreter interpreter = Interpreter.of(plan, Map.of("denoiser", (RowField) (from, t, into) -> {}));
        assertSays("needs a row of width 2 given for 'y', got none", () -> interpreter.row(0, 0));
        assertSays("got width 1", () -> interpreter.row(0, 0, Map.of("y", new double[1])));
    }
}
