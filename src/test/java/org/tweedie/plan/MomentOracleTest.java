package org.tweedie.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/** Moments against those of many rows that the interpreter ran, and what has none. */
class MomentOracleTest {
    private static final int ROWS = 100_000;
    private static final double[] GIVEN = {0.5, -1};
    private static final Map<String, AffineField> FIELDS = Map.of(
            "f",
            t -> new AffineField.Affine(
                    new double[][] {{-t, 0.5, 1}, {0.25, -1, t}, {0, 2, -0.5}}, new double[] {t, 1, -0.25}));

    private static final RowFunction ROTATION = new RowFunction() {
        @Override
        public String name() {
            return "rotation";
        }

        @Override
        public void apply(double[][] from, double[][] into) {
            into[0][0] = 0.6 * from[0][0] - 0.8 * from[0][1];
            into[0][1] = 0.8 * from[0][0] + 0.6 * from[0][1];
        }

        @Override
        public Optional<double[][]> linear() {
            return Optional.of(new double[][] {{0.6, -0.8}, {0.8, 0.6}});
        }
    };

    /** Draws of each law, a field of two inputs and two results, a function, mixtures of several registers at once. */
    private static Plan plan() {
        Plan.Writer writer = Plan.writer();
        int given = writer.given("given", Space.euclidean(2));
        int x = writer.register("x", Space.euclidean(2));
        int u = writer.register("u", Space.euclidean(1));
        int y = writer.register("y", Space.euclidean(2));
        int v = writer.register("v", Space.euclidean(1));
        int z = writer.register("z", Space.euclidean(2));
        writer.step(1, 0.5)
                .normal(Purpose.PRIOR, x)
                .draw(Law.UNIFORM, Purpose.STEP, u)
                .draw(Law.RADEMACHER, Purpose.STEP, y)
                .set(x, 0.5, x, 2, y, 1, given)
                .evaluate("f", new int[] {x, u}, Time.at(0.75), y, v)
                .step(0.5, 0)
                .apply(ROTATION, new int[] {y}, z)
                .combine(new int[] {x, y}, new double[][] {{1, -0.5, 0.25}, {0, 1, 3}}, x, y, z)
                .draw(Law.UNIFORM, Purpose.NOISE, z)
                .set(y, 1, y, -0.5, z);
        return writer.plan(x, u, y, v);
    }

    @Test
    void momentsAreThoseOfManyRows() {
        Plan plan = plan();
        double[][] spread = {{0.0, 0.0}, {0.0, 0.0}};
        Moments exact = MomentOracle.after(
                plan,
                FIELDS,
                Map.of("given", new Moments(List.of(new Register("given", Space.euclidean(2), true)), GIVEN, spread)));
        int[] registers = {1, 2, 3, 4};
        double[][] rows = new double[ROWS][];
        Interpreter interpreter = Interpreter.of(plan, FIELDS);
        for (int i = 0; i < ROWS; i++) {
            double[][] outputs = interpreter.row(7, i, Map.of("given", GIVEN)).outputs();
            rows[i] = new double[] {
                outputs[0][0], outputs[0][1], outputs[1][0], outputs[2][0], outputs[2][1], outputs[3][0]
            };
        }
        double[] mean = new double[6];
        double[][] covariance = new double[6][6];
        int at = 0;
        for (int a : registers) {
            double[] ofA = exact.mean(a);
            int column = 0;
            for (int b : registers) {
                double[][] block = exact.covariance(a, b);
                for (int i = 0; i < block.length; i++) {
                    System.arraycopy(block[i], 0, covariance[at + i], column, block[i].length);
                }
                column += block[0].length;
            }
            System.arraycopy(ofA, 0, mean, at, ofA.length);
            at += ofA.length;
        }
        for (int i = 0; i < 6; i++) {
            double sum = 0;
            for (double[] row : rows) {
                sum += row[i];
            }
            assertEquals(mean[i], sum / ROWS, 5 * Math.sqrt(covariance[i][i] / ROWS), "mean " + i);
            for (int j = 0; j < 6; j++) {
                double product = 0;
                double square = 0;
                for (double[] row : rows) {
                    double one = (row[i] - mean[i]) * (row[j] - mean[j]);
                    product += one;
                    square += one * one;
                }
                product /= ROWS;
                double error = Math.sqrt((square / ROWS - product * product) / ROWS);
                assertEquals(covariance[i][j], product, 5 * error + 1e-12, "covariance " + i + ", " + j);
            }
        }
    }

    /** x &larr; a g + b n: mean a m, covariance a^2 C + b^2, and that with g is a C. */
    @Test
    void givenMomentsGoThrough() {
        Plan.Writer writer = Plan.writer();
        int g = writer.given("g", Space.euclidean(2));
        int x = writer.register("x", Space.euclidean(2));
        Plan plan =
                writer.step(1, 0).normal(Purpose.STEP, x).set(x, -3, g, 0.5, x).plan(x);
        Register register = new Register("g", Space.euclidean(2), true);
        double[][] spread = {{2, 0.5}, {0.5, 1}};
        Moments moments = MomentOracle.after(
                plan, Map.of(), Map.of("g", new Moments(List.of(register), new double[] {1, -2}, spread)));
        assertArrayEquals(new double[] {-3, 6}, moments.mean(1), 1e-14);
        assertArrayEquals(new double[] {18.25, 4.5}, moments.covariance(1)[0], 1e-14);
        assertArrayEquals(new double[] {4.5, 9.25}, moments.covariance(1)[1], 1e-14);
        assertArrayEquals(new double[] {-6, -1.5}, moments.covariance(1, 0)[0], 1e-14);
        assertArrayEquals(new double[] {2, 0.5}, moments.covariance(0)[0], 0);
    }

    private static void assertSays(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }

    @Test
    void whatHasNoClosedFormIsRefusedByName() {
        assertSays("moments of width 2 given for 'given'", () -> MomentOracle.after(plan(), FIELDS));
        Register narrow = new Register("given", Space.euclidean(1), true);
        Moments one = new Moments(List.of(narrow), new double[1], new double[1][1]);
        assertSays("moments of width 2", () -> MomentOracle.after(plan(), FIELDS, Map.of("given", one)));
        assertSays("1 and 2", () -> new Moments(List.of(narrow), new double[1], new double[2][1]));
        assertSays("2 and 1", () -> new Moments(List.of(narrow), new double[2], new double[1][1]));

        assertSays("evaluates 'h'", () -> MomentOracle.after(of(w -> w.evaluate("h", 1, 0, 1)), FIELDS));
        assertSays(
                "a time per row",
                () -> MomentOracle.after(of(w -> w.evaluate("f", new int[] {0}, Time.of(0), 1)), FIELDS));
        RowFunction bent = new RowFunction() {
            @Override
            public String name() {
                return "square";
            }

            @Override
            public void apply(double[][] from, double[][] into) {
                into[0][0] = from[0][0] * from[0][0];
            }
        };
        assertSays(
                "'square' is not linear", () -> MomentOracle.after(of(w -> w.apply(bent, new int[] {0}, 1)), FIELDS));
        Law custom = (words, from, into) -> into[0] = words.uniform(0);
        assertSays("moments of law", () -> MomentOracle.after(of(w -> w.draw(custom, Purpose.STEP, 1)), FIELDS));
        assertSays(
                "depends on registers",
                () -> MomentOracle.after(of(w -> w.draw(RandomPlans.SCALED, Purpose.STEP, 1, 0)), FIELDS));
        assertSays("repeats row by row", () -> MomentOracle.after(repeating(), FIELDS));
    }

    private interface Stages {
        Plan.Writer on(Plan.Writer writer);
    }

    /** A stage from register 0, which is drawn, into register 1, which is also set before. */
    private static Plan of(Stages stages) {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", Space.euclidean(1));
        int y = writer.register("y", Space.euclidean(1));
        writer.step(1, 0).normal(Purpose.PRIOR, x).set(y, 2, x);
        return stages.on(writer).plan(y);
    }

    private static Plan repeating() {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", Space.euclidean(1));
        writer.step(1, 0.5).normal(Purpose.PRIOR, x);
        return writer.repeat(0.5, 0, x, 3).set(x, 0.5, x).plan(x);
    }

    @Test
    void rowsAreTheRowsOneByOne() {
        Interpreter interpreter = Interpreter.of(repeating(), Map.of());
        double[][] rows = interpreter.rows(0, 3, 10, 4);
        assertEquals(4, rows.length);
        for (int i = 0; i < 4; i++) {
            assertArrayEquals(interpreter.row(3, 10 + i).outputs()[0], rows[i], 0);
        }
    }

    @Test
    void aTableCountsItsEvaluations() {
        assertEquals(1, CellTable.of(plan()).evaluations());
        assertEquals(0, CellTable.of(repeating()).evaluations());
    }

    @Test
    void aPlanSaysWhatItIs() {
        assertEquals("Plan[[given, x, u, y, v, z], 2 steps, 1 evaluations, outputs [1, 2, 3, 4]]", plan().toString());
    }
}
