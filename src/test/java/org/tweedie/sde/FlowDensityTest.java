package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;

/** Densities along the probability-flow ODE in double, with exact scores: those of the closed form. */
class FlowDensityTest {
    private static final Space PLANE = Space.euclidean(2);

    /** Correlated, of unequal weights, so that no symmetry hides a factor. */
    static final GaussianMixture MIXTURE =
            new GaussianMixture(new double[] {0.3, 0.7}, new double[][] {{-1, 0.5}, {0.8, -0.4}}, new double[][][] {
                {{0.3, 0.1}, {0.1, 0.2}}, {{0.15, -0.05}, {-0.05, 0.4}}
            });

    static List<Sde> processes() {
        return List.of(
                new VpSde().on(PLANE), new VeSde().on(PLANE), new SubVpSde().on(PLANE), new CosineVpSde(1e-3, PLANE));
    }

    private static RowField divergence(Sde sde) {
        return (from, t, into) -> {
            fill(into[0], MIXTURE.score(sde, from[0], t));
            double[][] jacobian = MIXTURE.scoreJacobian(sde, from[0], t);
            into[1][0] = jacobian[0][0] + jacobian[1][1];
        };
    }

    private static RowField tangent(Sde sde) {
        return (from, t, into) -> {
            fill(into[0], MIXTURE.score(sde, from[0], t));
            double[][] jacobian = MIXTURE.scoreJacobian(sde, from[0], t);
            for (int i = 0; i < 2; i++) {
                into[1][i] = jacobian[i][0] * from[1][0] + jacobian[i][1] * from[1][1];
            }
        };
    }

    private static double[] fill(double[] into, double[] from) {
        System.arraycopy(from, 0, into, 0, into.length);
        return into;
    }

    /** ln p at the cutoff by the plan, from the exact law at the horizon. */
    private static double log(FlowDensity density, Sde sde, int steps, double[] x, long index) {
        Plan plan = density.plan(sde, TimeGrid.uniformLogSnr(sde, steps).reversed());
        Interpreter interpreter = Interpreter.of(
                plan, Map.of(FlowDensity.DIVERGENCE, divergence(sde), FlowDensity.TANGENT, tangent(sde)));
        Interpreter.Row row = interpreter.row(11, index, Map.of("x", x));
        assertEquals(4 * steps, row.evaluations());
        return MIXTURE.at(sde, sde.horizon()).logDensity(row.outputs()[0])
                + 2 * Math.log(sde.alpha(sde.horizon()) / sde.alpha(sde.cutoff()))
                + row.outputs()[1][0];
    }

    private static double exact(Sde sde, double[] x) {
        return MIXTURE.at(sde, sde.cutoff()).logDensity(x);
    }

    /** Systems section 4, oracle (a) and (b): 1e-4 nats. */
    @ParameterizedTest
    @MethodSource("processes")
    void theDensityIsThatOfTheClosedForm(Sde sde) {
        for (int i = 0; i < 10; i++) {
            double[] x = MIXTURE.sample(3, i);
            assertEquals(exact(sde, x), log(FlowDensity.exact(), sde, 200, x, 0), 1e-4, sde.spec() + " row " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("processes")
    void theErrorFallsWithTheFourthPowerOfTheStep(Sde sde) {
        double[] x = {0.4, -0.7};
        double coarse = Math.abs(log(FlowDensity.exact(), sde, 160, x, 0) - exact(sde, x));
        double fine = Math.abs(log(FlowDensity.exact(), sde, 320, x, 0) - exact(sde, x));
        double order = Math.log(coarse / fine) / Math.log(2);
        assertEquals(4, order, 0.35, sde.spec() + ": errors " + coarse + " and " + fine);
    }

    /** Oracle (b): the mean over probes is the exact trace's, within 4 standard errors. */
    @ParameterizedTest
    @EnumSource(names = {"NORMAL", "RADEMACHER"})
    void probesAreRightOnAverage(org.tweedie.rng.StandardLaw law) {
        Sde sde = new VpSde().on(PLANE);
        double[] x = {0.2, 0.3};
        int probes = 400;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < probes; i++) {
            double log = log(FlowDensity.probed(law), sde, 30, x, i);
            sum += log;
            squares += log * log;
        }
        double mean = sum / probes;
        double error = Math.sqrt((squares / probes - mean * mean) / probes);
        assertTrue(error > 0.001, "the probes differ: " + error);
        assertEquals(log(FlowDensity.exact(), sde, 30, x, 0), mean, 4 * error);
    }

    /** The Hessian against central differences of the score. */
    @Test
    void theJacobianIsThatOfTheScore() {
        Sde sde = new VpSde().on(PLANE);
        double[] x = {0.3, -0.2};
        double[][] jacobian = MIXTURE.scoreJacobian(sde, x, 0.2);
        for (int j = 0; j < 2; j++) {
            double[] up = x.clone();
            double[] down = x.clone();
            up[j] += 1e-5;
            down[j] -= 1e-5;
            double[] a = MIXTURE.score(sde, up, 0.2);
            double[] b = MIXTURE.score(sde, down, 0.2);
            assertArrayEquals(
                    new double[] {jacobian[0][j], jacobian[1][j]},
                    new double[] {(a[0] - b[0]) / 2e-5, (a[1] - b[1]) / 2e-5},
                    1e-7);
        }
    }

    @Test
    void whatIsNoWayUpIsRefused() {
        Sde sde = new VpSde().on(PLANE);
        String falls = assertThrows(
                        IllegalArgumentException.class,
                        () -> FlowDensity.exact().plan(sde, TimeGrid.uniform(sde, 10)))
                .getMessage();
        assertTrue(falls.contains("rises") && falls.contains("reversed()"), falls);
        assertThrows(
                IllegalArgumentException.class,
                () -> FlowDensity.exact().plan(sde, new TimeGrid(new double[] {0.1, 0.5})));
        assertThrows(IllegalArgumentException.class, () -> FlowDensity.probed(Law.UNIFORM));
    }
}
