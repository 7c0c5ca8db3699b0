package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;

/** Samplers of position and velocity on Gaussian data, moments in closed form: each at its own order. */
class CldMethodsTest {
    private static final CldSde SDE = new CldSde();
    private static final PairMixture PAIRS =
            new PairMixture(GaussianMixture.gaussian(new double[] {0.6}, new double[][] {{0.25}}), SDE);
    private static final double END = 0.1;

    /** Mean and covariance of position and velocity after going from the exact law's start. */
    private static double[] moments(Plan plan, Map<String, Moments> given) {
        Moments moments = MomentOracle.after(CellTable.of(plan), Map.of(Sde.SCORE, PAIRS.affineScore()), given);
        int x = 0;
        while (!moments.registers().get(x).name().equals("x")) {
            x++;
        }
        int v = 0;
        while (!moments.registers().get(v).name().equals(CldSde.VELOCITY)) {
            v++;
        }
        return new double[] {
            moments.mean(x)[0],
            moments.mean(v)[0],
            moments.covariance(x)[0][0],
            moments.covariance(x, v)[0][0],
            moments.covariance(v)[0][0]
        };
    }

    /** From the prior at T to END, against the finest grid's: no error but the steps'. */
    private static double error(Method method, int steps) {
        double[] coarse = moments(method.plan(SDE, grid(steps)), Map.of());
        double[] fine = moments(method.plan(SDE, grid(16 * steps)), Map.of());
        double sum = 0;
        for (int i = 0; i < coarse.length; i++) {
            sum += StrictMath.abs(coarse[i] - fine[i]);
        }
        return sum;
    }

    private static TimeGrid grid(int steps) {
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            times[i] = 1 + (END - 1) * i / steps;
        }
        return new TimeGrid(times);
    }

    @ParameterizedTest
    @CsvSource({"em,1", "ei,1", "pf,1", "heun,2", "sscs,1", "sscs:midpoint,2"})
    void reachesItsOrder(String spec, double order) {
        Method method = MethodSpec.method(spec);
        double coarse = error(method, 400);
        double fine = error(method, 800);
        assertEquals(order, StrictMath.log(coarse / fine) / StrictMath.log(2), 0.1);
        assertTrue(fine > 1e-12, "nothing is measured: " + fine);
    }

    /** What the steps converge to is the law itself: the prior's distance from p_1 is all that is left. */
    @ParameterizedTest
    @CsvSource({"em,4e-3", "ei,4e-3", "pf,8e-3", "heun,2e-3", "sscs,4e-3", "sscs:midpoint,2e-3"})
    void reachesTheData(String spec, double bound) {
        double[] got = moments(MethodSpec.method(spec).plan(SDE, TimeGrid.uniform(SDE, 4000)), Map.of());
        double t = SDE.cutoff();
        double[] mean = SDE.mean(t);
        double[][] law = SDE.covariance(t, 0.25, SDE.initialVariance());
        assertEquals(0.6 * mean[0], got[0], bound);
        assertEquals(0.6 * mean[1], got[1], bound);
        assertEquals(law[0][0], got[2], bound);
        assertEquals(law[0][1], got[3], bound);
        assertEquals(law[1][1], got[4], bound);
    }

    /** The flow goes up and comes down to where it was, one pair of numbers at a time. */
    @Test
    void flowsComeBack() {
        double[] times = TimeGrid.quadratic(SDE, 1000).times();
        TimeGrid down = new TimeGrid(Arrays.copyOfRange(times, 50, 1001));
        double[] up = carried(new Heun().plan(SDE, down.reversed()), 0.9, -0.03);
        assertTrue(StrictMath.abs(up[0] - 0.9) > 0.1, "it moved");
        double[] back = carried(new Heun().plan(SDE, down), up[0], up[1]);
        assertEquals(0.9, back[0], 1e-4);
        assertEquals(-0.03, back[1], 1e-4);
        assertThrows(IllegalArgumentException.class, () -> new EulerMaruyama().plan(SDE, down.reversed()));
    }

    private static double[] carried(Plan plan, double x, double v) {
        Map<String, Moments> given =
                Map.of("start", point(plan, "start", x), "start.velocity", point(plan, "start.velocity", v));
        return moments(plan, given);
    }

    private static Moments point(Plan plan, String register, double value) {
        return new Moments(
                List.of(plan.registers().get(plan.register(register))), new double[] {value}, new double[][] {{0}});
    }

    /** Where the score is the prior's, the swing is exact at any step: nothing moves. */
    @Test
    void splittingIsExactOnThePrior() {
        for (Method method : new Method[] {new Sscs(false), new Sscs(true)}) {
            AffineField prior = t -> new AffineField.Affine(new double[][] {{0, -SDE.inverseMass()}}, new double[] {0});
            Plan plan = method.plan(SDE, grid(3));
            Moments moments = MomentOracle.after(plan, Map.of(Sde.SCORE, prior));
            assertEquals(1, moments.covariance(plan.register("x"))[0][0], 1e-12);
            assertEquals(0.25, moments.covariance(plan.register("velocity"))[0][0], 1e-12);
        }
    }

    @Test
    void countsItsEvaluations() {
        assertEquals(10, MethodSpec.parse("sscs@10").plan(SDE).evaluations());
        assertEquals(
                20, MethodSpec.parse("sscs:midpoint@10,quadratic").plan(SDE).evaluations());
        assertEquals(20, MethodSpec.parse("heun@10").plan(SDE).evaluations());
        assertEquals(
                "sscs:midpoint@10,quadratic",
                MethodSpec.parse("sscs:midpoint@10,quadratic").spec());
    }

    @ParameterizedTest
    @CsvSource({
        "ddim:0@5",
        "dpm2m@5",
        "pc:0.16@5",
        "ald@5",
        "rk45@5",
        "ggf@5",
        "edm:1@5",
        "unipc@5",
        "'ula:5,0.1@1'",
        "lambda:1@5"
    })
    void othersSayWhatToTake(String spec) {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> MethodSpec.parse(spec).plan(SDE))
                .getMessage();
        assertTrue(message.contains("take em, ei, pf, heun or sscs"), message);
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> MethodSpec.parse("em@5,karras").plan(SDE))
                .getMessage()
                .contains("take uniform or quadratic"));
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> MethodSpec.parse("sscs@5").plan(new VpSde()))
                .getMessage()
                .contains("train with cld"));
    }
}
