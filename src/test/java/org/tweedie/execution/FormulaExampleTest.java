package org.tweedie.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;

/** The example of a row function in docs/extending.md. */
class FormulaExampleTest {
    // snippet: ball
    /** Into the ball of that radius, along the ray: x <- x min(1, radius / |x|). */
    static Formula intoBall(int dimension, double radius) {
        FormulaWriter f = Formula.writer("into the ball");
        Value x = f.input(dimension);
        Value outside = x.dot(x).minus(radius * radius);
        Value scale = f.number(radius).over(x.dot(x).root());
        return f.output(x.times(outside.select(scale, f.number(1)))).formula();
    }
    // end

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void rowsComeIntoTheBall(Device device) {
        // snippet: plan
        Plan.Writer w = Plan.writer();
        int x = w.register("x", Space.euclidean(3));
        int y = w.register("y", Space.euclidean(3));
        w.step(1, 1).normal(Purpose.PRIOR, x).apply(intoBall(3, 0.5), new int[] {x}, y);
        Plan plan = w.plan(y);
        // end
        Interpreter interpreter = Interpreter.of(plan, Map.of());
        try (Sampling sampling = Sampling.open(Program.of(plan, Map.of()), device, 100, false, "graph")) {
            sampling.run(3, 0, 100, Map.of(), Progress.NONE, new CancelToken(), (done, rows, outputs, traces) -> {
                for (int r = 0; r < rows; r++) {
                    double square = 0;
                    double[] exact = interpreter.row(3, done + r).outputs()[0];
                    for (int d = 0; d < 3; d++) {
                        float at = outputs.get(0)[3 * r + d];
                        assertEquals(exact[d], at, 1e-6);
                        square += (double) at * at;
                    }
                    assertTrue(
                            square <= 0.25 * (1 + 1e-6), "row " + r + " is " + Math.sqrt(square) + " from the middle");
                }
            });
        }
    }
}
