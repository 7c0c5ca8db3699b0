package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.kernels.Lab.sameOnOneThread;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.RandomFormulas;
import org.tweedie.testing.TestDevices;

/** Formulas on every device: the bits of one host thread, and each operation against double. */
class RowFormulaTest {
    private static final int ROWS = 70;

    static java.util.stream.Stream<Arguments> widths() {
        return TestDevices.times(List.of(1, 2, 5, 16, 17, 32, 33, 100));
    }

    private static float[] random(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (4 * random.nextDouble() - 2);
        }
        return values;
    }

    /** Two formulas in one table, dead rows, gaps between rows, one input shared by all rows. */
    private static float[] both(Lab lab, int wide, long seed) {
        View x = lab.rows(random(ROWS * wide, seed), wide);
        View n = View.shared(lab.floats(random(3, seed + 1)), 1, 1);
        View y = lab.rows(random(ROWS * wide, seed + 2), wide);
        View out = lab.out(3, ROWS, wide, wide + 2);
        View number = lab.out(ROWS, 1);
        float[] alive = random(ROWS, 7);
        try (RowFormula table = RowFormula.open(
                lab.stream(),
                List.of(
                        new RowFormula.Use(RandomFormulas.of(seed, wide), List.of(x, n, y), List.of(out, number)),
                        new RowFormula.Use(
                                RandomFormulas.of(seed + 1, wide), List.of(y, number, x), List.of(x, number))))) {
            RowSet rows = lab.rows(1, 0, ROWS, null, alive, 0);
            table.run(lab.stream(), rows, 0);
            table.run(lab.stream(), rows, 1);
            float[] one = lab.read(out);
            float[] two = lab.read(x);
            float[] three = lab.read(number);
            float[] all = java.util.Arrays.copyOf(one, one.length + two.length + three.length);
            System.arraycopy(two, 0, all, one.length, two.length);
            System.arraycopy(three, 0, all, one.length + two.length, three.length);
            return all;
        }
    }

    @ParameterizedTest
    @MethodSource("widths")
    void everyDeviceGivesTheBitsOfOneThread(Device device, int wide) {
        for (long seed = 0; seed < 6; seed++) {
            long at = seed;
            float[] all = sameOnOneThread(device, "formulas " + seed + " x " + wide, lab -> both(lab, wide, at));
            int finite = 0;
            for (float value : all) {
                finite += Float.isFinite(value) ? 1 : 0;
            }
            assertTrue(finite > all.length * 9 / 10, finite + " of " + all.length + " are finite");
        }
    }

    private record Operation(String name, BiFunction<Value, Value, Value> written) {
        @Override
        public String toString() {
            return name;
        }
    }

    static java.util.stream.Stream<Arguments> operations() {
        return TestDevices.times(List.of(
                new Operation("negated", (x, y) -> x.negated()),
                new Operation("absolute", (x, y) -> x.absolute()),
                new Operation("root", (x, y) -> x.absolute().root()),
                new Operation("exp", (x, y) -> x.exp()),
                new Operation("log", (x, y) -> x.absolute().log()),
                new Operation("sin", (x, y) -> x.sin()),
                new Operation("cos", (x, y) -> x.cos()),
                new Operation("tanh", (x, y) -> x.tanh()),
                new Operation("floor", (x, y) -> x.floor()),
                new Operation("plus", Value::plus),
                new Operation("minus", Value::minus),
                new Operation("times", (x, y) -> x.times(y)),
                new Operation("over", Value::over),
                new Operation("least", Value::least),
                new Operation("greatest", Value::greatest),
                new Operation("fma", (x, y) -> x.fma(y, x)),
                new Operation("select", (x, y) -> x.select(y, x)),
                new Operation("sum", (x, y) -> x.sum()),
                new Operation("dot", Value::dot),
                new Operation("greatest of", (x, y) -> x.greatestOf())));
    }

    /** One rounding of the result, for sums one of each partial sum. */
    @ParameterizedTest
    @MethodSource("operations")
    void eachOperationIsThatOfDouble(Device device, Operation operation) {
        for (int wide : new int[] {3, 40}) {
            FormulaWriter f = Formula.writer(operation.name());
            Value value = operation.written().apply(f.input(wide), f.input(wide));
            Formula formula = f.output(value).formula();
            int width = value.width();
            float[] x = random(ROWS * wide, 11);
            float[] y = random(ROWS * wide, 12);
            float[] out = Lab.on(device, lab -> {
                View into = lab.out(ROWS, width);
                List<View> from = List.of(lab.rows(x, wide), lab.rows(y, wide));
                try (RowFormula table =
                        RowFormula.open(lab.stream(), List.of(new RowFormula.Use(formula, from, List.of(into))))) {
                    table.run(lab.stream(), lab.rows(0, 0, ROWS), 0);
                    return lab.read(into);
                }
            });
            double[][] from = new double[2][wide];
            double[][] into = new double[1][width];
            for (int r = 0; r < ROWS; r++) {
                double size = 0;
                for (int d = 0; d < wide; d++) {
                    from[0][d] = x[r * wide + d];
                    from[1][d] = y[r * wide + d];
                    size += Math.abs(from[0][d]) * Math.max(1, Math.abs(from[1][d]));
                }
                formula.apply(from, into);
                for (int d = 0; d < width; d++) {
                    double bound = width == 1 ? wide * 0x1p-24 * size : 2 * Math.ulp((float) into[0][d]);
                    assertEquals(into[0][d], out[r * width + d], bound, operation + " row " + r + " coordinate " + d);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void whatDoesNotFitIsNamed(Device device) {
        FormulaWriter f = Formula.writer("huge");
        Formula huge = f.output(f.input(20_000).exp()).formula();
        assertTrue(RowFormula.refusal(huge).orElseThrow().contains("takes 40000 numbers of scratch a row"));
        Formula small = RandomFormulas.of(1, 2);
        try (Lab lab = new Lab(device)) {
            View one = lab.out(4, 1);
            View two = lab.out(4, 2);
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> new RowFormula.Use(small, List.of(two, one, one), List.of(two, one)))
                    .getMessage();
            assertEquals("formula 'formula 1': its inputs are [2, 1, 2] wide, got [2, 1, 1]", message);
        }
    }
}
