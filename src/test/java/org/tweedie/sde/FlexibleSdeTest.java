package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.sde.MethodContractTest.assertSays;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** A linear process of matrices: its kernel against its own differential equation, and its samplers by exact moments. */
class FlexibleSdeTest {
    /** A process of some numbers, d coordinates wide. */
    static FlexibleSde some(int d, long seed) {
        Words words = Philox.words(seed, 0, Purpose.DATA, 0);
        double[] rates = new double[d];
        double[] turns = new double[d * (d - 1) / 2];
        for (int i = 0; i < d; i++) {
            rates[i] = StrictMath.exp(0.5 * words.normal(i));
        }
        for (int i = 0; i < turns.length; i++) {
            turns[i] = words.normal(100 + i);
        }
        return FlexibleSde.standard(d).with(rates, turns);
    }

    private static double[][] times(double[][] a, double[][] b) {
        return SquareMatrix.product(a, b);
    }

    private static double far(double[][] a, double[][] b) {
        double far = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a.length; j++) {
                far = Math.max(far, Math.abs(a[i][j] - b[i][j]));
            }
        }
        return far;
    }

    /** E' = A E, Sigma' = A Sigma + Sigma A' + R^-1 in the clock, by the classical Runge-Kutta method in steps of 1/2000. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void theKernelFollowsItsDifferentialEquation(int d) {
        FlexibleSde sde = some(d, 3);
        double[][] a = sde.drift();
        double[][] noise = new double[d][d];
        for (int i = 0; i < d; i++) {
            noise[i][i] = sde.rates()[i];
        }
        double[][] e = SquareMatrix.identity(d);
        double[][] v = new double[d][d];
        double h = 1 / 2000.0;
        for (int k = 1; k <= 6000; k++) {
            double[][] e1 = times(a, e);
            double[][] e2 = times(a, SquareMatrix.sum(1, e, h / 2, e1));
            double[][] e3 = times(a, SquareMatrix.sum(1, e, h / 2, e2));
            double[][] e4 = times(a, SquareMatrix.sum(1, e, h, e3));
            e = step(e, h, e1, e2, e3, e4);
            double[][] v1 = slope(a, noise, v);
            double[][] v2 = slope(a, noise, SquareMatrix.sum(1, v, h / 2, v1));
            double[][] v3 = slope(a, noise, SquareMatrix.sum(1, v, h / 2, v2));
            double[][] v4 = slope(a, noise, SquareMatrix.sum(1, v, h, v3));
            v = step(v, h, v1, v2, v3, v4);
            if (k == 1 || k == 60 || k == 1500 || k == 6000) {
                assertEquals(0, far(e, sde.transition(k * h)), 1e-11);
                assertEquals(0, far(v, sde.covariance(k * h)), 1e-11 * Math.min(1, 10 * k * h));
            }
        }
    }

    private static double[][] slope(double[][] a, double[][] noise, double[][] v) {
        double[][] av = times(a, v);
        return SquareMatrix.sum(1, SquareMatrix.sum(1, av, 1, SquareMatrix.transposed(av)), 1, noise);
    }

    private static double[][] step(double[][] x, double h, double[][] k1, double[][] k2, double[][] k3, double[][] k4) {
        return SquareMatrix.sum(
                1,
                SquareMatrix.sum(1, x, h / 6, SquareMatrix.sum(1, k1, 1, k4)),
                h / 3,
                SquareMatrix.sum(1, k2, 1, k3));
    }

    /** N(0, I) stays, for any of them: E E' + Sigma = I; and what is added is a covariance at every time. */
    @Test
    void theStandardNormalLawStaysAndNoiseIsPositive() {
        for (long seed = 0; seed < 20; seed++) {
            FlexibleSde sde = some(2 + (int) (seed % 5), seed);
            double before = 0;
            for (double t = sde.cutoff(); t <= 1; t = t < 0.5 ? 2 * t : t + 0.0999) {
                double c = sde.clock(t);
                double[][] e = sde.transition(c);
                double[][] v = sde.covariance(c);
                double[][] sum = SquareMatrix.sum(1, times(e, SquareMatrix.transposed(e)), 1, v);
                assertEquals(0, far(SquareMatrix.identity(e.length), sum), 1e-12);
                double least = Double.POSITIVE_INFINITY;
                for (double value : SymmetricEigen.of(v).values()) {
                    least = Math.min(least, value);
                }
                double now = least;
                assertTrue(now > before, () -> sde + " at the clock " + c + ": " + now);
                before = now;
                double[][] lower = sde.noise(c);
                assertEquals(0, far(v, times(lower, SquareMatrix.transposed(lower))), 1e-14);
            }
        }
    }

    /** With R = I and omega = 0 each number is that of VP, and so is each plan. */
    @Test
    void itIsVpToTheBitWhereItHasNothingElse() {
        FlexibleSde plain = FlexibleSde.standard(3);
        VpSde vp = new VpSde().on(Space.euclidean(3));
        for (double t : new double[] {1e-3, 0.1, 0.7, 1}) {
            double c = plain.clock(t);
            for (int i = 0; i < 3; i++) {
                assertEquals(vp.alpha(t), plain.transition(c)[i][i]);
                assertEquals(vp.sigma(t), plain.noise(c)[i][i]);
            }
            assertEquals(vp.beta(t), plain.beta(t));
        }
        TimeGrid grid = TimeGrid.uniform(vp, 7);
        for (OneStep method :
                new OneStep[] {new EulerMaruyama(), new ProbabilityFlowEuler(), new ExponentialIntegrator()}) {
            assertEquals(
                    method.plan(vp, grid).toString(), method.plan(plain, grid).toString());
        }
        assertEquals(plain, plain.with(new double[] {1, 1, 1}, new double[3]));
    }

    @Test
    void theTransitionsDerivativeIsThatOfDifferences() {
        FlexibleSde sde = some(3, 8);
        double h = 1e-5;
        for (double c : new double[] {0.01, 0.6, 3}) {
            for (int i = 0; i < 3; i++) {
                double[] up = sde.turns();
                double[] down = sde.turns();
                up[i] += h;
                down[i] -= h;
                double[][] change = new double[3][3];
                int row = i < 2 ? 0 : 1;
                int column = i == 0 ? 1 : 2;
                change[row][column] = -1;
                change[column][row] = 1;
                assertDerivative(sde, c, change, sde.with(sde.rates(), up), sde.with(sde.rates(), down), h);
                double[] more = sde.rates();
                double[] less = sde.rates();
                more[i] += h;
                less[i] -= h;
                double[][] faster = new double[3][3];
                faster[i][i] = -0.5;
                assertDerivative(sde, c, faster, sde.with(more, sde.turns()), sde.with(less, sde.turns()), h);
            }
        }
    }

    private static void assertDerivative(
            FlexibleSde sde, double c, double[][] change, FlexibleSde up, FlexibleSde down, double h) {
        double[][] difference = SquareMatrix.sum(0.5 / h, up.transition(c), -0.5 / h, down.transition(c));
        assertEquals(0, far(difference, sde.transitionDerivative(c, change)), 1e-8);
    }

    private static final double[][] DATA = {{1.5, 0.6}, {0.6, 0.4}};

    /** The covariance of X_t for Gaussian data. */
    private static double[][] law(FlexibleSde sde, double t) {
        double c = sde.clock(t);
        double[][] e = sde.transition(c);
        return SquareMatrix.sum(1, times(times(e, DATA), SquareMatrix.transposed(e)), 1, sde.covariance(c));
    }

    private static double[][] inverse(double[][] m) {
        double[][] lower = SquareMatrix.inverseLower(SquareMatrix.cholesky(m));
        return times(SquareMatrix.transposed(lower), lower);
    }

    /** The exact score of Gaussian data, exact moments of every register: each sampler reaches the data's law at order 1. */
    @Test
    void everySamplerReachesTheDataAtOrderOne() {
        FlexibleSde sde = new FlexibleSde(0.5, 30, 1e-3, new double[] {0.7, 2}, new double[] {0.8});
        AffineField score =
                t -> new AffineField.Affine(SquareMatrix.sum(-1, inverse(law(sde, t)), 0, DATA), new double[2]);
        for (OneStep method :
                new OneStep[] {new EulerMaruyama(), new ProbabilityFlowEuler(), new ExponentialIntegrator()}) {
            double[] errors = new double[2];
            for (int i = 0; i < 2; i++) {
                Plan plan = method.plan(sde, TimeGrid.uniform(sde, 1000 << i));
                Moments moments = MomentOracle.after(plan, Map.of(Sde.SCORE, score));
                int x = plan.register("x");
                assertArrayEquals(new double[2], moments.mean(x));
                errors[i] = far(law(sde, 1e-3), moments.covariance(x));
            }
            assertTrue(errors[0] < 0.4, () -> method.spec() + " errs by " + errors[0]);
            assertEquals(1, Math.log(errors[0] / errors[1]) / Math.log(2), 0.25, method.spec());
        }
    }

    @Test
    void whatItIsNotIsSaid() {
        FlexibleSde sde = some(2, 1);
        TimeGrid grid = TimeGrid.uniform(sde, 3);
        assertSays("sampled by em, ei or pf", () -> new Ddim(0).plan(sde, grid));
        assertSays("knows SDEs", () -> new Heun().plan(sde, grid));
        assertSays("from its horizon 1 down", () -> new EulerMaruyama().plan(sde, grid.reversed()));
        assertSays("rates of noise lie between", () -> sde.with(new double[] {0, 1}, new double[1]));
        assertSays("1 numbers above its diagonal", () -> sde.with(new double[] {1, 1}, new double[2]));
        assertSays("at most 1000.0 in size", () -> sde.with(new double[] {1, 1}, new double[] {1e9}));
        assertSays("cannot go to 3", () -> sde.on(Space.euclidean(3)));
        assertSays("1 to 64 coordinates", () -> FlexibleSde.standard(65));
        assertTrue(sde.spec().startsWith("flexible:0.1,20,0.001;"), sde.spec());
    }
}
