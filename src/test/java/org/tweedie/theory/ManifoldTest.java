package org.tweedie.theory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.sde.ExponentialIntegrator;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;

class ManifoldTest {
    private static final double[][] FIVE = {{0, 0}, {3, 0}, {0, 3}, {-3, 0}, {0, -3}};
    private static final Sde VP = new VpSde().on(Space.euclidean(2));

    /** Rows as a mixture of points: the closed form of the score written elsewhere. */
    @Test
    void theScoreOfRowsIsThatOfTheirMixture() {
        EmpiricalScore score = EmpiricalScore.of(FIVE, VP);
        GaussianMixture points = GaussianMixture.round(0, FIVE);
        for (double t : new double[] {1e-3, 0.1, 0.9}) {
            double[][] x = {{1.4, -0.2}};
            double[][] s = new double[1][2];
            score.evaluate(x, t, s);
            assertArrayEquals(points.score(VP, x[0], t), s[0], 1e-9 / t);
        }
        assertArrayEquals(new double[] {3, 0}, score.denoised(new double[] {2.9, 0.1}, 1e-4), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> EmpiricalScore.of(new double[0][], VP));
        assertThrows(IllegalArgumentException.class, () -> EmpiricalScore.of(new double[][] {{1}, {1, 2}}, VP));
    }

    /**
     * Sampling with the score of five points gives five points back, each as often, at a Rayleigh law's mean distance; with a constant
     * added the distances stay and the frequencies go: the support is kept, the weights are wrong.
     */
    @Test
    void samplingWithTheScoreOfRowsGivesTheRowsBack() {
        double end = 1e-2;
        TimeGrid grid = StepSchedule.GEOMETRIC.grid(VP, 100, end);
        Gap normal = Gap.of(ProductLaw.gaussian(0, 0, 1), new ExponentialIntegrator(), new VpSde(), grid, 0);
        double rayleigh = normal.w2ToData() * Math.sqrt(Math.PI / 2); // the deviation of a coordinate, steps and all
        for (double bias : new double[] {0, 2}) {
            EmpiricalScore exact = EmpiricalScore.of(FIVE, VP);
            RowField used = (from, t, into) -> {
                exact.evaluate(from, t, into);
                into[0][0] += bias;
            };
            Plan plan = new ExponentialIntegrator().plan(VP, grid);
            int rows = 1500;
            double[][] samples = Interpreter.of(plan, Map.of(Sde.SCORE, used)).rows(0, 11, 0, rows);
            int[] hits = new int[FIVE.length];
            double distance = 0;
            double squares = 0;
            for (double[] sample : samples) {
                int nearest = 0;
                double least = Double.POSITIVE_INFINITY;
                for (int k = 0; k < FIVE.length; k++) {
                    double gap = Math.hypot(
                            sample[0] - VP.alpha(end) * FIVE[k][0] - bias * VP.sigma(end) * VP.sigma(end),
                            sample[1] - VP.alpha(end) * FIVE[k][1]);
                    if (gap < least) {
                        least = gap;
                        nearest = k;
                    }
                }
                hits[nearest]++;
                distance += least / rows;
                squares += least * least / rows;
            }
            double error = Math.sqrt((squares - distance * distance) / rows);
            assertEquals(rayleigh, distance, 4 * error + (bias == 0 ? 0 : 0.05 * rayleigh));
            double share = hits[1] / (double) rows;
            if (bias == 0) {
                for (int hit : hits) {
                    assertEquals(0.2, hit / (double) rows, 5 * Math.sqrt(0.16 / rows)); // 5 of them: false alarm 3e-6
                }
            } else {
                assertTrue(share > 0.5, "the right point draws most samples: " + share);
            }
        }
    }

    /**
     * Mean distance over the noise left after 400 geometric steps to t = 1/100, 1/1000, 1/10000: that of a Rayleigh law, sqrt(pi/2) = 1.2533, and what the steps add. Numbers
     * of an independent program's 40,000 samples, whose standard error is 0.0033.
     */
    @Test
    void distancesAreThoseOfARayleighLaw() {
        double[] sampled = {1.2685, 1.2663, 1.2645};
        for (int k = 0; k < 3; k++) {
            double end = Math.pow(10, -k - 2);
            TimeGrid grid = StepSchedule.GEOMETRIC.grid(VP, 400, end);
            Gap point = Gap.of(ProductLaw.gaussian(0, 0, 1), new ExponentialIntegrator(), new VpSde(), grid, 0);
            assertEquals(
                    sampled[k], point.w2ToData() * Math.sqrt(Math.PI / 2) / VP.sigma(end), 4 * 0.0033, "end " + end);
        }
    }

    /**
     * A score that is cut to a length of 20 leaves rows where they are, however late one stops: at distances of 0.079, 0.070, 0.069, which are 1.8, 6.7 and 21.8 times the
     * noise left. Numbers of an independent program, of other points; 4.5 standard errors of these 200 rows, and of its own last digit.
     */
    @Test
    void aClippedScoreStaysAwayFromTheRows() {
        double[] known = {0.079, 0.070, 0.069};
        double[] ratios = {1.8, 6.7, 21.8};
        EmpiricalScore exact = EmpiricalScore.of(FIVE, VP);
        RowField clipped = (from, t, into) -> {
            exact.evaluate(from, t, into);
            double length = Math.hypot(into[0][0], into[0][1]);
            for (int d = 0; d < 2 && length > 20; d++) {
                into[0][d] *= 20 / length;
            }
        };
        for (int k = 0; k < 3; k++) {
            double end = Math.pow(10, -k - 2);
            Plan plan = new ExponentialIntegrator().plan(VP, StepSchedule.GEOMETRIC.grid(VP, 400, end));
            double distance = 0;
            double squares = 0;
            for (double[] sample :
                    Interpreter.of(plan, Map.of(Sde.SCORE, clipped)).rows(0, 13, 0, 200)) {
                double least = Double.POSITIVE_INFINITY;
                for (double[] point : FIVE) {
                    least = Math.min(
                            least,
                            Math.hypot(sample[0] - VP.alpha(end) * point[0], sample[1] - VP.alpha(end) * point[1]));
                }
                distance += least / 200;
                squares += least * least / 200;
            }
            double error = 4.5 * Math.sqrt((squares - distance * distance) / 200) + 0.0005;
            assertEquals(known[k], distance, error, "end " + end);
            assertEquals(ratios[k], distance / VP.sigma(end), (error + 0.0005) / VP.sigma(end), "end " + end);
        }
    }

    /** Beside a line in the plane: an error b is integrable; a score that does not grow is off by z/sigma, and I = g^2/sigma^2 ~ 1/t is not. */
    @Test
    void aBoundedScoreLosesTheManifold() {
        GaussianMixture line = GaussianMixture.gaussian(new double[2], new double[][] {{1, 0}, {0, 0}});
        RowField exact = line.score(VP);
        double[][] rows = line.samples(7, 200);
        RowField biased = (from, t, into) -> {
            exact.evaluate(from, t, into);
            into[0][0] += 0.5;
        };
        DriftError bias = DriftError.of(biased, exact, VP, rows, 1e-5, 61, 1);
        assertTrue(bias.converges());
        assertEquals(0, bias.exponent(), 0.1); // beta itself grows a little
        assertEquals(0.25 * 10.05, bias.integral(), 0.1); // 0.25 times the integral of beta, by 60 trapezoids
        RowField flat = (from, t, into) -> {
            exact.evaluate(from, t, into);
            into[0][1] = 0;
        };
        DriftError bounded = DriftError.of(flat, exact, VP, rows, 1e-5, 61, 1);
        assertFalse(bounded.converges());
        assertEquals(1, bounded.exponent(), 0.05);
        assertThrows(IllegalArgumentException.class, () -> DriftError.of(flat, exact, VP, rows, 0, 13, 1));
    }
}
