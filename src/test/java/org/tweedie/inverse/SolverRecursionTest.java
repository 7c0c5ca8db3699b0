package org.tweedie.inverse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.score.Guide;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;

/**
 * Each solver's formulas, as their papers print them, on two independent coordinates of which the first is seen: a recursion of a mean and a variance for each,
 * written down here, step by step. Shares and steps other than the usual ones, which the table of docs/inverse-problems.md does not have.
 */
class SolverRecursionTest {
    /** So short that its start matters. */
    private static final Sde VP = new VpSde(0.1, 4).on(Space.euclidean(2));

    private static final TimeGrid GRID = TimeGrid.uniformLogSnr(VP, 12);
    private static final double[] MEAN = {0.5, -1};
    private static final double[] VARIANCE = {0.7, 1.6};
    private static final GaussianMixture DATA =
            GaussianMixture.gaussian(MEAN, new double[][] {{VARIANCE[0], 0}, {0, VARIANCE[1]}});
    private static final double Y = 1.3;
    private static final double NOISE = 0.5;
    private static final Observation SEEN = Observation.of(LinearOperator.mask(2, 0), NOISE);

    /** The law of a coordinate under way, and what is known of it. */
    private static final class Line {
        private final int d;
        private double mean;
        private double variance = 1;

        Line(int d) {
            this.d = d;
        }

        /** x &larr; factor x + shift + N(0, noise). */
        void go(double factor, double shift, double noise) {
            mean = factor * mean + shift;
            variance = factor * factor * variance + noise;
        }

        /** The score: factor and shift of x. */
        double[] score(double t) {
            double v = alpha(t) * alpha(t) * VARIANCE[d] + sigma(t) * sigma(t);
            return new double[] {-1 / v, alpha(t) * MEAN[d] / v};
        }

        /** D = (x + sigma^2 score)/alpha: factor and shift. The factor is dD/dx. */
        double[] denoised(double t, double[] score) {
            double square = sigma(t) * sigma(t);
            return new double[] {(1 + square * score[0]) / alpha(t), square * score[1] / alpha(t)};
        }

        /** DDPM's step, by D and the noise that a score means. */
        void ddpm(double t, double s, double[] score) {
            double[] clean = denoised(t, score);
            double ratio = alpha(t) / alpha(s);
            double fresh =
                    Math.pow(sigma(s) / sigma(t), 2) * (sigma(t) * sigma(t) - ratio * ratio * sigma(s) * sigma(s));
            double left = -Math.sqrt(sigma(s) * sigma(s) - fresh) * sigma(t);
            go(alpha(s) * clean[0] + left * score[0], alpha(s) * clean[1] + left * score[1], fresh);
        }
    }

    private static double alpha(double t) {
        return VP.alpha(t);
    }

    private static double sigma(double t) {
        return VP.sigma(t);
    }

    /** sigma/alpha. */
    private static double n(double t) {
        return sigma(t) / alpha(t);
    }

    private static Plan steered(Guide guide, Plan plan) {
        Guide.Target target =
                new Guide.Target(VP, new double[2], new double[] {1, 1}, () -> Fakes.differentiable(VP.space()));
        return guide.on(target).steer(plan);
    }

    /** DDIM without noise from given rows. */
    private static Plan flow(Guide guide) {
        return steered(guide, new GivenStart().steer(new Ddim(0).plan(VP, GRID)));
    }

    private static void assertLaws(Line[] wanted, Guide guide) {
        AffineField score = DATA.affineScore(VP);
        Map<String, AffineField> fields = new HashMap<>();
        fields.put(Sde.SCORE, score);
        fields.put(Observation.NAME + ".gradient", Fakes.gradient(guide, VP, score));
        Moments given = new Moments(
                List.of(new Register("given", Space.euclidean(1), true)), new double[] {Y}, new double[1][1]);
        Plan plan = steered(guide, new Ddim(1).plan(VP, GRID));
        Moments got = MomentOracle.after(plan, fields, Map.of(Observation.NAME, given));
        int x = plan.register("x");
        for (int d = 0; d < 2; d++) {
            assertEquals(wanted[d].mean, got.mean(x)[d], 1e-10, guide.spec() + " mean " + d);
            assertEquals(wanted[d].variance, got.covariance(x)[d][d], 1e-10, guide.spec() + " variance " + d);
        }
        assertEquals(0, got.covariance(x)[0][1], 1e-12, guide.spec());
    }

    private static Line[] lines() {
        return new Line[] {new Line(0), new Line(1)};
    }

    /** What a solver adds to the score of the seen coordinate: factor and shift of x, from those of D. */
    private interface Gradient {
        double[] at(double t, double[] denoised);
    }

    private static void assertScores(Guide guide, Gradient gradient) {
        Line[] lines = lines();
        for (int i = 0; i < GRID.steps(); i++) {
            for (Line line : lines) {
                double[] score = line.score(GRID.t(i));
                double[] more = line.d == 0 ? gradient.at(GRID.t(i), line.denoised(GRID.t(i), score)) : new double[2];
                line.ddpm(GRID.t(i), GRID.s(i), new double[] {score[0] + more[0], score[1] + more[1]});
            }
        }
        assertLaws(lines, guide);
    }

    @Test
    void scoresGetTheGradientOfTheirLikelihood() {
        assertScores(new AnnealedLikelihood(SEEN), (t, d) -> {
            double width = alpha(t) * (NOISE * NOISE + n(t) * n(t));
            return new double[] {-1 / alpha(t) / width, Y / width};
        });
        assertScores(new DiffusionPosterior(SEEN), (t, d) -> pulled(d, NOISE * NOISE));
        assertScores(new PseudoInverseGuidance(SEEN, 0.8), (t, d) -> {
            double open = 1 / (1 / 0.64 + 1 / (n(t) * n(t)));
            return pulled(d, open + NOISE * NOISE);
        });
    }

    /** The gains that the plan itself computes, which exact moments have no place for: J gain (y - D), the gain 1/(r^2 + noise^2), by DDIM from a given row. */
    @Test
    void gainsOfThePseudoInverseAreThoseOfItsWidth() {
        for (double deviation : new double[] {1, 0.8}) {
            PseudoInverseGuidance guide = new PseudoInverseGuidance(SEEN, deviation);
            RowField gradient = (from, t, into) -> {
                for (int d = 0; d < 2; d++) {
                    double[] own = new Line(d).score(t);
                    into[0][d] = own[0] * from[0][d] + own[1];
                }
                double[] clean = new Line(0).denoised(t, new Line(0).score(t));
                into[1][0] = clean[0] * from[2][0] * (from[1][0] - clean[0] * from[0][0] - clean[1]);
                into[1][1] = 0;
            };
            Plan plan = flow(guide);
            double[] start = {0.4, -1.1};
            double x = start[0];
            for (int i = 0; i < GRID.steps(); i++) {
                double t = GRID.t(i);
                double s = GRID.s(i);
                double[] own = new Line(0).score(t);
                double[] more = pulled(
                        new Line(0).denoised(t, own),
                        1 / (1 / (deviation * deviation) + 1 / (n(t) * n(t))) + NOISE * NOISE);
                double score = (own[0] + more[0]) * x + own[1] + more[1];
                x = alpha(s) * (x + sigma(t) * sigma(t) * score) / alpha(t) - sigma(s) * sigma(t) * score;
            }
            double[] got = Interpreter.of(
                            plan, Map.of(Sde.SCORE, DATA.affineScore(VP), Observation.NAME + ".gradient", gradient))
                    .row(3, 0, Map.of("start", start, Observation.NAME, new double[] {Y}))
                    .outputs()[0];
            assertEquals(x, got[0], 1e-10, guide.spec());
        }
    }

    /** J (y - D)/width. */
    private static double[] pulled(double[] denoised, double width) {
        return new double[] {-denoised[0] * denoised[0] / width, denoised[0] * (Y - denoised[1]) / width};
    }

    /** Kawar et al., equations 7 and 8, for shares other than theirs: with x/alpha for their x, q = noise for their sigma_y/s. */
    @Test
    void ddrmIsItsPapersRecursion() {
        for (double[] shares : new double[][] {{0.85, 1}, {0.6, 0.7}, {1, 0.3}, {0, 1}}) {
            double eta = shares[0];
            double etaB = shares[1];
            Line[] lines = lines();
            double top = n(GRID.t(0));
            double rest = Math.sqrt(top * top - NOISE * NOISE) / top;
            lines[0].go(rest, alpha(GRID.t(0)) * Y, 0);
            for (int i = 0; i < GRID.steps(); i++) {
                double t = GRID.t(i);
                double s = GRID.s(i);
                for (Line line : lines) {
                    double[] clean = line.denoised(t, line.score(t));
                    double keeps = Math.sqrt(1 - eta * eta) * n(s);
                    double factor; // of x/alpha at s
                    double shift;
                    double noise;
                    if (line.d == 1) {
                        factor = clean[0] + keeps * (1 / alpha(t) - clean[0]) / n(t);
                        shift = clean[1] - keeps * clean[1] / n(t);
                        noise = eta * eta * n(s) * n(s);
                    } else if (n(s) < NOISE) {
                        factor = clean[0] - keeps * clean[0] / NOISE;
                        shift = clean[1] + keeps * (Y - clean[1]) / NOISE;
                        noise = eta * eta * n(s) * n(s);
                    } else {
                        factor = (1 - etaB) * clean[0];
                        shift = (1 - etaB) * clean[1] + etaB * Y;
                        noise = n(s) * n(s) - etaB * etaB * NOISE * NOISE;
                    }
                    line.go(alpha(s) * factor, alpha(s) * shift, alpha(s) * alpha(s) * noise);
                }
            }
            assertLaws(lines, new Ddrm(SEEN, eta, etaB));
        }
    }

    /** After the start and after every step the seen coordinate is so far on the way to alpha y + sigma z, at the end to y itself. */
    @Test
    void replacementGoesItsShareOfTheWay() {
        for (double share : new double[] {1, 0.6, 0.15}) {
            Line[] lines = lines();
            double first = share * sigma(GRID.t(0));
            lines[0].go(1 - share, share * alpha(GRID.t(0)) * Y, first * first);
            for (int i = 0; i < GRID.steps(); i++) {
                double s = GRID.s(i);
                for (Line line : lines) {
                    line.ddpm(GRID.t(i), s, line.score(GRID.t(i)));
                }
                boolean last = i == GRID.steps() - 1;
                double noise = last ? 0 : share * sigma(s);
                lines[0].go(1 - share, share * (last ? 1 : alpha(s)) * Y, noise * noise);
            }
            assertLaws(lines, new Replacement(Observation.of(LinearOperator.mask(2, 0), 0), share));
        }
    }

    /** Both coordinates seen: after each step of DDIM, x &larr; x + step J (y - D)/|y - D|, D and J of the step's start (Chung et al., algorithm 1, as they run it). */
    @Test
    void dpsWithAStepMovesByIt() {
        double size = 0.3;
        double[] y = {1.3, -0.2};
        DiffusionPosterior guide = new DiffusionPosterior(Observation.of(LinearOperator.mask(2, 0, 1), NOISE), size);
        AffineField score = DATA.affineScore(VP);
        Plan plan = flow(guide);
        Interpreter interpreter = Interpreter.of(
                plan, Map.of(Sde.SCORE, score, Observation.NAME + ".gradient", Fakes.gradient(guide, VP, score)));
        for (double[] start : new double[][] {{0.4, -1.1}, {-1.7, 0.3}}) {
            double[] x = start.clone();
            for (int i = 0; i < GRID.steps(); i++) {
                double t = GRID.t(i);
                double s = GRID.s(i);
                double[] change = new double[2];
                double norm = 0;
                for (int d = 0; d < 2; d++) {
                    Line line = new Line(d);
                    double[] own = line.score(t);
                    double[] clean = line.denoised(t, own);
                    double at = own[0] * x[d] + own[1];
                    double rest = y[d] - clean[0] * x[d] - clean[1];
                    change[d] = size * clean[0] * rest;
                    norm += rest * rest;
                    x[d] = alpha(s) * (clean[0] * x[d] + clean[1]) - sigma(s) * sigma(t) * at;
                }
                for (int d = 0; d < 2; d++) {
                    x[d] += change[d] / Math.sqrt(norm);
                }
            }
            double[] got = interpreter.row(3, 0, Map.of("start", start, Observation.NAME, y))
                    .outputs()[0];
            assertEquals(x[0], got[0], 1e-10, () -> Arrays.toString(start));
            assertEquals(x[1], got[1], 1e-10, () -> Arrays.toString(start));
        }
    }
}
