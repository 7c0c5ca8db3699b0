package org.tweedie.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.tweedie.plan.FormulaWriter.Value;

/** What a formula is in double, and what its writer refuses. */
class FormulaTest {
    private static double[][] apply(Formula formula, double[]... from) {
        double[][] into = new double[formula.outputs().length][];
        for (int i = 0; i < into.length; i++) {
            into[i] = new double[formula.outputs()[i]];
        }
        formula.apply(from, into);
        return into;
    }

    private static void same(
            String what, ToDoubleFunction<Double> expected, java.util.function.UnaryOperator<Value> written) {
        FormulaWriter f = Formula.writer(what);
        Value x = f.input(1);
        Formula formula = f.output(written.apply(x)).formula();
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            double at = 6 * random.nextDouble() - 3;
            assertEquals(expected.applyAsDouble(at), apply(formula, new double[] {at})[0][0], 0, what + " of " + at);
        }
    }

    @Test
    void eachOperationIsItsFunction() {
        same("negated", x -> -x, Value::negated);
        same("absolute", Math::abs, Value::absolute);
        same("root", x -> Math.sqrt(x * x + 1), x -> x.square().plus(1).root());
        same("root of little", x -> 0.0, x -> x.square().times(0x1p-120).root());
        same("exp", StrictMath::exp, Value::exp);
        same("log", x -> StrictMath.log(x * x + 1), x -> x.square().plus(1).log());
        same("log of nothing", x -> Double.NEGATIVE_INFINITY, x -> x.minus(x).log());
        same("sin", StrictMath::sin, Value::sin);
        same("cos", StrictMath::cos, Value::cos);
        same("tanh", StrictMath::tanh, Value::tanh);
        same("floor", Math::floor, Value::floor);
        same("minus, over", x -> (x - 2.5) / 3, x -> x.minus(2.5).over(3));
        same("least", x -> Math.min(x, 0.5), x -> x.least(x.minus(x).plus(0.5)));
        same("greatest", x -> Math.max(x, 0.5), x -> x.greatest(x.minus(x).plus(0.5)));
        same("fma", x -> Math.fma(x, x, x), x -> x.fma(x, x));
        same(
                "select",
                x -> x > 0 ? -x : 7,
                x -> x.select(x.negated(), x.minus(x).plus(7)));
    }

    @Test
    void rowsAreAddedMultipliedCutAndJoined() {
        FormulaWriter f = Formula.writer("rows");
        Value x = f.input(3);
        Value y = f.input(1);
        Value m = x.times(new double[][] {{1, 2, 3}, {0, -1, 0.5}});
        Formula formula = f.output(f.joined(x.part(1, 2).times(y), m, f.literal(new double[] {9, 8})))
                .output(x.dot(x.plus(y)))
                .output(x.greatestOf())
                .output(x.sum())
                .formula();
        double[][] out = apply(formula, new double[] {0.5, -2, 4}, new double[] {10});
        assertArrayEquals(new double[] {-20, 40, 8.5, 4, 9, 8}, out[0]);
        assertEquals(0.5 * 10.5 - 2 * 8 + 4 * 14, out[1][0]);
        assertEquals(4, out[2][0]);
        assertEquals(2.5, out[3][0]);
    }

    @Test
    void curvesAreThoseOfTheTable() {
        FormulaWriter f = Formula.writer("curves");
        Curves curves = RandomFormulas.curves();
        Formula formula = f.output(f.curves(curves, f.input(1))).formula();
        for (double t : new double[] {0.1, 0.5, 0.77, 1, 2.9, 5}) {
            assertArrayEquals(curves.at(t), apply(formula, new double[] {t})[0]);
            double inside = Math.log(Math.max(0.5, Math.min(3, t)));
            assertEquals(Math.sin(inside), curves.at(t)[0], 1e-5);
            assertEquals(2 + inside, curves.at(t)[1], 1e-6);
        }
    }

    /** A long formula reuses the places of what nobody reads any more, and still means the same. */
    @Test
    void placesAreReused() {
        FormulaWriter f = Formula.writer("long");
        Value x = f.input(2);
        Value y = x;
        double[] expected = {0.3, -0.2};
        for (int i = 0; i < 100; i++) {
            y = y.times(0.9).plus(x);
            for (int d = 0; d < 2; d++) {
                expected[d] = expected[d] * 0.9 + new double[] {0.3, -0.2}[d];
            }
        }
        Formula formula = f.output(y).output(x).formula();
        assertTrue(formula.room() <= 10, "room " + formula.room());
        double[][] out = apply(formula, new double[] {0.3, -0.2});
        assertArrayEquals(expected, out[0]);
        assertArrayEquals(new double[] {0.3, -0.2}, out[1]);
    }

    @Test
    void aLinearFormulaTellsItsMatrix() {
        FormulaWriter f = Formula.writer("linear");
        Value x = f.input(2);
        Value y = f.input(2);
        Value z = x.times(3).minus(y.over(2)).fma(f.number(2), x.negated());
        Formula formula = f.output(z).output(z.sum()).formula();
        assertArrayEquals(
                new double[][] {{5, 0, -1, 0}, {0, 5, 0, -1}, {5, 5, -1, -1}},
                formula.linear().orElseThrow());
        FormulaWriter affine = Formula.writer("affine");
        assertTrue(affine.output(affine.input(1).plus(1)).formula().linear().isEmpty());
        FormulaWriter square = Formula.writer("square");
        assertTrue(square.output(square.input(1).square()).formula().linear().isEmpty());
        FormulaWriter choice = Formula.writer("choice");
        Value c = choice.input(1);
        assertTrue(choice.output(c.select(c, c.negated())).formula().linear().isEmpty());
    }

    private static void refused(String says, org.junit.jupiter.api.function.Executable written) {
        String message = assertThrows(IllegalArgumentException.class, written).getMessage();
        assertTrue(message.contains(says), message);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        FormulaWriter f = Formula.writer("step");
        Value x = f.input(3);
        Value y = f.input(2);
        refused("formula 'step': ADD of rows of 2 and 3 coordinates", () -> x.plus(y));
        refused("3 and 2 coordinates", () -> x.dot(y));
        refused("coordinates 2 to 4 of a row of 3", () -> x.part(2, 2));
        refused("finite", () -> x.times(Double.NaN));
        refused("a matrix of 2 columns", () -> x.times(new double[][] {{1, 2}}));
        refused("one wide", () -> f.curves(RandomFormulas.curves(), x));
        refused("no output", f::formula);
        FormulaWriter g = Formula.writer("other");
        refused("got one of formula 'step'", () -> g.output(g.input(3).plus(x)));
        f.output(x.plus(1));
        Formula formula = f.formula();
        refused(
                "its input 1 is 3 wide",
                () -> formula.apply(new double[][] {{1, 2, 3}, {1, 2, 3}}, new double[][] {{0, 0, 0}}));
        assertThrows(IllegalStateException.class, () -> f.input(1));
    }
}
