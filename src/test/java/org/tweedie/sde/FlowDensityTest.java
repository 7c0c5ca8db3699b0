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

    private static RowField divergence(GaussianMixture law, Sde sde) {
        return (from, t, into) -> {
            fill(into[0], law.score(sde, from[0], t));
            double[][] jacobian = law.scoreJacobian(sde, from[0], t);
            into[1][0] = jacobian[0][0] + jacobian[1][1];
        };
    }

    private static RowField tangent(GaussianMixture law, Sde sde) {
        return (from, t, into) -> {
            fill(into[0], law.score(sde, from[0], t));
            double[][] jacobian = law.scoreJacobian(sde, from[0], t);
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
                plan,
                Map.of(FlowDensity.DIVERGENCE, divergence(MIXTURE, sde), FlowDensity.TANGENT, tangent(MIXTURE, sde)));
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

    /**
     * Of Gaussian rows the Jacobian of the score is the same for all, and symmetric: signs v miss its trace by 2 v_1 v_2 J_12, whose square has the mean
     * 2 sum of J_ij^2 over i != j (systems section 4, oracle (e)). Over the way, with the eigenvalues a = 1.8 and b = 0.2 of the rows' covariance along the diagonals of the
     * plane and u = alpha^2, that is v_1 v_2 (L(a) - L(b))/2, where L(a) is the change of ln(u/(1 + (a - 1) u)).
     */
    @Test
    void signsMissTheTraceByWhatIsBesideTheDiagonal() {
        Sde sde = new VpSde().on(PLANE);
        GaussianMixture law = GaussianMixture.gaussian(new double[] {0.2, -0.1}, new double[][] {{1, 0.8}, {0.8, 1}});
        double first = Math.pow(sde.alpha(sde.cutoff()), 2);
        double last = Math.pow(sde.alpha(sde.horizon()), 2);
        double miss = 0.5
                * (Math.log(first / (1 + 0.8 * first) / (last / (1 + 0.8 * last)))
                        - Math.log(first / (1 - 0.8 * first) / (last / (1 - 0.8 * last))));
        TimeGrid grid = TimeGrid.uniformLogSnr(sde, 200).reversed();
        Map<String, RowField> fields =
                Map.of(FlowDensity.DIVERGENCE, divergence(law, sde), FlowDensity.TANGENT, tangent(law, sde));
        double[] x = {0.4, 1.1};
        double trace = Interpreter.of(FlowDensity.exact().plan(sde, grid), fields)
                .row(11, 0, Map.of("x", x))
                .outputs()[1][0];
        Interpreter probed = Interpreter.of(FlowDensity.probed(Law.RADEMACHER).plan(sde, grid), fields);
        int above = 0;
        for (int i = 0; i < 64; i++) {
            double apart = probed.row(11, i, Map.of("x", x)).outputs()[1][0] - trace;
            assertEquals(Math.abs(miss), Math.abs(apart), 1e-6, "probe " + i);
            above += apart > 0 ? 1 : 0;
        }
        assertEquals(32, above, 18); // 4.5 standard errors
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
