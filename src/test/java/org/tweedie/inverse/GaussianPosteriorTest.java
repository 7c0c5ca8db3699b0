package org.tweedie.inverse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.score.Guide;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.FinalDenoising;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Method;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SymmetricEigen;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;

/**
 * What each solver makes of Gaussian data, in closed form: everything it does is affine, so mean and covariance of its rows are exact, without
 * sampling. Beside the exact posterior: which are exact, and how far the others are off.
 */
class GaussianPosteriorTest {
    private static final Sde VP = new VpSde().on(Space.euclidean(3));

    private static final double[] MEAN = {0.5, -1, 0.2};
    private static final double[][] ROUND = {{0.64, 0, 0}, {0, 0.64, 0}, {0, 0, 0.64}};
    private static final double[][] DIAGONAL = {{1, 0, 0}, {0, 0.5, 0}, {0, 0, 2}};
    private static final double[][] CORRELATED = {{1, 0.7, 0.2}, {0.7, 1, 0.3}, {0.2, 0.3, 1}};

    private static final LinearOperator MIXED = LinearOperator.matrix(new double[][] {{1, 0.5, 0}, {0, -0.3, 1.2}});
    private static final double[] Y = {0.7, -0.4};

    /** A model whose rows are those of the data. */
    private static Guide.Target target(Sde sde) {
        double[] ones = new double[sde.space().width()];
        Arrays.fill(ones, 1);
        return new Guide.Target(sde, new double[ones.length], ones, () -> Fakes.differentiable(sde.space()));
    }

    /** The moments of x at the end. */
    private static Moments moments(
            Guide guide, Sde sde, GaussianMixture data, Method method, TimeGrid grid, double[] y) {
        Guide.Guided guided = guide.on(target(sde));
        Plan plan = guided.steer(new FinalDenoising(sde).steer(method.plan(sde, grid)));
        Map<String, AffineField> fields = new HashMap<>();
        AffineField score = data.affineScore(sde);
        fields.put(Sde.SCORE, score);
        fields.put(Observation.NAME + ".gradient", Fakes.gradient(guide, sde, score));
        Moments given = new Moments(
                List.of(new Register("given", Space.euclidean(y.length), true)), y, new double[y.length][y.length]);
        return MomentOracle.after(plan, fields, Map.of(Observation.NAME, given));
    }

    /**
     * How far a law is from the exact one.
     *
     * @param mean |S^-1/2 (m - m_exact)|: exact standard deviations that the mean is off
     * @param spread tr(S_exact^-1 S)/n: 1 where it is as wide as it should be
     */
    private record Off(double mean, double spread) {}

    private static Off off(Moments got, GaussianMixture exact) {
        SymmetricEigen eigen = SymmetricEigen.of(exact.covariance(0));
        double square = 0;
        double spread = 0;
        int n = 0;
        for (int e = 0; e < exact.dimension(); e++) {
            if (eigen.values()[e] < 1e-9) {
                continue; // known exactly
            }
            n++;
            double along = 0;
            for (int i = 0; i < exact.dimension(); i++) {
                along += eigen.vectors()[i][e] * (got.mean(0)[i] - exact.mean(0)[i]);
                for (int j = 0; j < exact.dimension(); j++) {
                    spread +=
                            eigen.vectors()[i][e] * got.covariance(0)[i][j] * eigen.vectors()[j][e] / eigen.values()[e];
                }
            }
            square += along * along / eigen.values()[e];
        }
        return new Off(Math.sqrt(square), spread / n);
    }

    private static Off off(Guide guide, double[][] covariance, int steps) {
        GaussianMixture data = GaussianMixture.gaussian(MEAN, covariance);
        Observation seen = Fakes.observation(guide);
        double[] y = Arrays.copyOf(Y, seen.operator().into());
        GaussianMixture exact = ExactPosterior.of(data, seen.operator(), seen.noise(), y);
        return off(moments(guide, VP, data, new Ddim(1), TimeGrid.uniformLogSnr(VP, steps), y), exact);
    }

    private static final double NOISE = 0.3;

    private static Observation mixed(double noise) {
        return Observation.of(MIXED, noise);
    }

    private static Observation masked(double noise) {
        return Observation.of(LinearOperator.mask(3, 0, 2), noise);
    }

    /** Only the method's own error of order 1 in the variance is left: 0.0061 and less of it at 1600 steps, a quarter of that at 400. */
    private static void assertExact(Guide guide, double[][] covariance) {
        Off coarse = off(guide, covariance, 400);
        Off fine = off(guide, covariance, 1600);
        assertEquals(0, fine.mean, 1e-4, guide.spec());
        assertEquals(1, fine.spread, 0.008, guide.spec());
        assertEquals(1, Math.log((1 - coarse.spread) / (1 - fine.spread)) / Math.log(4), 0.12, guide.spec() + " order");
    }

    @Test
    void pseudoInverseGuidanceIsExactOnRoundData() {
        assertExact(new PseudoInverseGuidance(mixed(NOISE), 0.8), ROUND);
        assertExact(new PseudoInverseGuidance(masked(NOISE), 0.8), ROUND);
        assertExact(new PseudoInverseGuidance(mixed(0), 0.8), ROUND);
    }

    @Test
    void replacementIsExactWhereTheSeenTellsNothingOfTheUnseen() {
        assertExact(new Replacement(masked(0)), DIAGONAL);
        assertExact(new Replacement(masked(0)), ROUND);
        assertExact(new Replacement(mixed(0)), ROUND);
    }

    /** The table of docs/inverse-problems.md: mean and spread after 400 steps of ddim:1, 20 for ddrm, on round, independent and correlated data. */
    @Test
    void theOthersAreOffByWhatTheDocumentationSays() {
        assertOff(new PseudoInverseGuidance(mixed(NOISE), 0.8), 400, 0.000, 0.975, 0.082, 0.928, 0.066, 0.934);
        assertOff(new AnnealedLikelihood(mixed(NOISE)), 400, 0.185, 0.777, 0.211, 0.810, 0.158, 0.838);
        assertOff(new DiffusionPosterior(mixed(NOISE)), 400, 0.337, 0.680, 0.243, 0.657, 0.243, 0.654);
        assertOff(new Ddrm(mixed(NOISE)), 20, 0.013, 0.381, 0.129, 0.393, 0.020, 0.403);
        assertOff(new Replacement(masked(0)), 400, 0.000, 0.976, 0.000, 0.976, 0.037, 1.219);
    }

    private static void assertOff(Guide guide, int steps, double... expected) {
        double[][][] data = {ROUND, DIAGONAL, CORRELATED};
        for (int i = 0; i < data.length; i++) {
            Off off = off(guide, data[i], steps);
            assertEquals(expected[2 * i], off.mean, 6e-4, guide.spec() + " mean " + i);
            assertEquals(expected[2 * i + 1], off.spread, 6e-4, guide.spec() + " spread " + i);
        }
    }

    /** Where alpha is 1 throughout. */
    @Test
    void solversKnowOtherProcesses() {
        Sde ve = new VeSde().on(Space.euclidean(3));
        GaussianMixture data = GaussianMixture.gaussian(MEAN, ROUND);
        GaussianMixture exact = ExactPosterior.of(data, MIXED, NOISE, Y);
        Guide guide = new PseudoInverseGuidance(mixed(NOISE), 0.8);
        Off off = off(moments(guide, ve, data, new Ddim(1), TimeGrid.uniformLogSnr(ve, 800), Y), exact);
        assertEquals(0, off.mean, 2e-3);
        assertEquals(1, off.spread, 0.03);
    }

    /** Sums over a grid, of what is multiplied point by point. */
    @Test
    void theExactPosteriorIsPriorTimesLikelihood() {
        GaussianMixture prior =
                new GaussianMixture(new double[] {0.3, 0.7}, new double[][] {{-1, 0.5}, {1, 0}}, new double[][][] {
                    {{0.3, 0.1}, {0.1, 0.2}}, {{0.4, 0}, {0, 0.25}}
                });
        LinearOperator operator = LinearOperator.matrix(new double[][] {{1, -0.5}});
        double[] y = {0.2};
        GaussianMixture posterior = ExactPosterior.of(prior, operator, 0.4, y);
        double step = 0.02;
        double total = 0;
        double worst = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (double a = -5; a <= 5; a += step) {
                for (double b = -5; b <= 5; b += step) {
                    double rest = (y[0] - a + 0.5 * b) / 0.4;
                    double product = Math.exp(prior.logDensity(new double[] {a, b}) - rest * rest / 2);
                    if (pass == 0) {
                        total += product * step * step;
                    } else {
                        worst = Math.max(
                                worst, Math.abs(product / total - Math.exp(posterior.logDensity(new double[] {a, b}))));
                    }
                }
            }
        }
        assertTrue(worst < 1e-9, "greatest difference of densities " + worst);
    }
}
