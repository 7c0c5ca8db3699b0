package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/** Densities of position and velocity in double, with exact scores: those of the closed form, and what bounds of positions are worth. */
class PairFlowDensityTest {
    /** Correlated, of unequal weights. */
    private static PairMixture pairs(String spec) {
        return new PairMixture(FlowDensityTest.MIXTURE, process(spec, 2));
    }

    private static PairMixture normal(String spec, double variance) {
        return new PairMixture(
                GaussianMixture.gaussian(new double[] {0}, new double[][] {{variance}}), process(spec, 1));
    }

    private static CldSde process(String spec, int width) {
        return (CldSde) ProcessSpec.process(spec).on(Space.euclidean(width));
    }

    private static double[] score(PairMixture pairs, double[] x, double[] v, double t) {
        double[][] into = new double[1][x.length];
        pairs.score().evaluate(new double[][] {x, v}, t, into);
        return into[0];
    }

    /** The derivative of the score along a direction of v, by differences of order 4: of the score alone, no formula of the derivative. */
    private static double[] along(PairMixture pairs, double[] x, double[] v, double[] u, double t) {
        double h = 2e-4;
        double[] sum = new double[x.length];
        int[] at = {-2, -1, 1, 2};
        double[] weights = {1, -8, 8, -1};
        for (int k = 0; k < 4; k++) {
            double[] moved = v.clone();
            for (int i = 0; i < v.length; i++) {
                moved[i] += at[k] * h * u[i];
            }
            double[] s = score(pairs, x, moved, t);
            for (int i = 0; i < v.length; i++) {
                sum[i] += weights[k] * s[i] / (12 * h);
            }
        }
        return sum;
    }

    private static RowField divergence(PairMixture pairs) {
        return (from, t, into) -> {
            System.arraycopy(score(pairs, from[0], from[1], t), 0, into[0], 0, into[0].length);
            into[1][0] = 0;
            for (int i = 0; i < into[0].length; i++) {
                double[] axis = new double[into[0].length];
                axis[i] = 1;
                into[1][0] += along(pairs, from[0], from[1], axis, t)[i];
            }
        };
    }

    private static RowField tangent(PairMixture pairs) {
        return (from, t, into) -> {
            System.arraycopy(score(pairs, from[0], from[1], t), 0, into[0], 0, into[0].length);
            System.arraycopy(along(pairs, from[0], from[1], from[2], t), 0, into[1], 0, into[0].length);
        };
    }

    /** ln p(x, v)/q(v | x) at the cutoff by the plan, from the exact law of the pair at the horizon; and what it should be. */
    private record Both(double got, double exact) {
        double error() {
            return Math.abs(got - exact);
        }
    }

    private static Both both(Optional<Law> probe, PairMixture pairs, int steps, double[] x, long index) {
        CldSde sde = pairs.sde();
        TimeGrid grid = TimeGrid.quadratic(sde, steps).reversed();
        Plan plan = new PairFlowDensity(probe).plan(sde, grid);
        plan = new Plan(
                plan.registers(),
                plan.steps(),
                new int[] {plan.outputs()[0], plan.outputs()[1], plan.register(CldSde.VELOCITY)},
                plan.trace());
        Interpreter.Row row = Interpreter.of(
                        plan, Map.of(FlowDensity.DIVERGENCE, divergence(pairs), FlowDensity.TANGENT, tangent(pairs)))
                .row(11, index, Map.of("x", x));
        assertEquals(4 * steps, row.evaluations());
        double[] law = PairFlowDensity.velocity(sde, grid.t(0));
        double[] v = new double[x.length];
        double proposed = 0;
        double prior = 0;
        for (int i = 0; i < x.length; i++) {
            double z = Philox.words(11, index, Purpose.PRIOR, 0).normal(i);
            v[i] = law[0] * x[i] + law[1] * z;
            proposed -= 0.5 * z * z + Math.log(law[1]) + 0.5 * Math.log(2 * Math.PI);
            double w = row.outputs()[2][i];
            prior -= 0.5 * w * w / sde.mass() + 0.5 * Math.log(2 * Math.PI * sde.mass());
        }
        // change and volume hold the prior of v at the horizon; here the pair's own law is taken instead
        double got = row.outputs()[1][0]
                + x.length * PairFlowDensity.logVolume(sde, grid)
                - prior
                + pairs.logDensity(row.outputs()[0], row.outputs()[2], sde.horizon());
        return new Both(got, pairs.logDensity(x, v, sde.cutoff()) - proposed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cld", "cld:4,4,1", "cld:3,1,0.3"})
    void theDensityIsThatOfTheClosedForm(String spec) {
        for (int i = 0; i < 6; i++) {
            Both both = both(Optional.empty(), pairs(spec), 200, FlowDensityTest.MIXTURE.sample(3, i), i);
            assertEquals(both.exact, both.got, 1e-5, spec + " row " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cld", "cld:3,1,0.3"})
    void theErrorFallsWithTheFourthPowerOfTheStep(String spec) {
        double[] x = {0.4, -0.7};
        double coarse = both(Optional.empty(), pairs(spec), 80, x, 0).error();
        double fine = both(Optional.empty(), pairs(spec), 160, x, 0).error();
        double order = Math.log(coarse / fine) / Math.log(2);
        assertEquals(4, order, 0.35, spec + ": errors " + coarse + " and " + fine);
    }

    /** Of data N(0, 1) velocities are drawn from their own law: every draw is ln p(x), and no bound is loose. */
    @ParameterizedTest
    @ValueSource(strings = {"cld", "cld:4,4,1"})
    void nothingIsLostOnNormalData(String spec) {
        PairMixture pairs = normal(spec, 1);
        double variance = pairs.sde().covariance(CldSde.CUTOFF, 1, pairs.sde().initialVariance())[0][0];
        for (int i = 0; i < 5; i++) {
            double x = 0.4 * i - 0.9;
            double exact = -0.5 * (x * x / variance + Math.log(2 * Math.PI * variance));
            assertEquals(exact, both(Optional.empty(), pairs, 200, new double[] {x}, i).got, 1e-6);
        }
    }

    /**
     * Of narrower data at a later time the mean of the draws is ln p(x) less the KL between the two laws of velocities, both normal, and the mean of their
     * exponentials p(x): within 4 standard errors.
     */
    @Test
    void theBoundIsBelowByTheLawsOfVelocities() {
        double s = 0.02;
        PairMixture pairs = normal("cld:4,4,0.04,0.02", s);
        CldSde sde = pairs.sde();
        double x = 0.15;
        double[][] c = sde.covariance(sde.cutoff(), s, sde.initialVariance());
        double exact = -0.5 * (x * x / c[0][0] + Math.log(2 * Math.PI * c[0][0]));
        double[] q = PairFlowDensity.velocity(sde, sde.cutoff());
        double own = c[1][1] - c[0][1] * c[0][1] / c[0][0];
        double apart = (q[0] - c[0][1] / c[0][0]) * x;
        double kl = 0.5 * ((q[1] * q[1] + apart * apart) / own - 1 - Math.log(q[1] * q[1] / own));
        assertTrue(kl > 0.02, "the laws differ: " + kl);
        int draws = 600;
        double[] sums = new double[4];
        for (int i = 0; i < draws; i++) {
            double log = both(Optional.empty(), pairs, 60, new double[] {x}, i).got - exact;
            double weight = Math.exp(log);
            sums[0] += log / draws;
            sums[1] += log * log / draws;
            sums[2] += weight / draws;
            sums[3] += weight * weight / draws;
        }
        double error = Math.sqrt((sums[1] - sums[0] * sums[0]) / draws);
        assertEquals(-kl, sums[0], 4 * error);
        assertTrue(error < kl / 4, "few draws tell: " + error);
        assertEquals(1, sums[2], 4 * Math.sqrt((sums[3] - sums[2] * sums[2]) / draws));
    }

    /** The mean over probes is the exact trace's, within 4 standard errors. */
    @ParameterizedTest
    @EnumSource(names = {"NORMAL", "RADEMACHER"})
    void probesAreRightOnAverage(StandardLaw law) {
        double[] x = {0.2, 0.3};
        int probes = 100;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < probes; i++) {
            double apart = both(Optional.of(law), pairs("cld"), 25, x, i).got
                    - both(Optional.empty(), pairs("cld"), 25, x, i).got;
            sum += apart / probes;
            squares += apart * apart / probes;
        }
        double error = Math.sqrt((squares - sum * sum) / probes);
        assertTrue(error > 1e-4, "the probes differ: " + error);
        assertEquals(0, sum, 4 * error);
    }

    @Test
    void whatIsNoWayUpIsRefused() {
        CldSde sde = process("cld", 2);
        PairFlowDensity density = new PairFlowDensity(Optional.empty());
        String falls = assertThrows(
                        IllegalArgumentException.class, () -> density.plan(sde, TimeGrid.quadratic(sde, 10)))
                .getMessage();
        assertTrue(falls.contains("rises") && falls.contains("reversed()"), falls);
        assertThrows(IllegalArgumentException.class, () -> new PairFlowDensity(Optional.of(Law.UNIFORM)));
    }
}
