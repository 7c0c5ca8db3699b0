package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** The bound with full matrices: its gradient is that of differences, its value the entropy of Gaussian data and what the prior is off. */
class FlexibleBoundTest {
    private static final double[][] DATA = {{2, 0.9}, {0.9, 0.6}};

    /** tanh, mixed by a matrix and scaled by time: no law's score. */
    private static final FlexibleBound.Score BENT = new FlexibleBound.Score() {
        private final double[][] mix = {{-0.9, 0.3}, {0.5, -1.2}};

        @Override
        public double[] at(double[] x, double t) {
            double[] s = new double[2];
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < 2; j++) {
                    s[i] += mix[i][j] * Math.tanh(x[j] + t);
                }
            }
            return s;
        }

        @Override
        public double[] back(double[] x, double t, double[] cotangent) {
            double[] back = new double[2];
            for (int j = 0; j < 2; j++) {
                double th = Math.tanh(x[j] + t);
                for (int i = 0; i < 2; i++) {
                    back[j] += cotangent[i] * mix[i][j] * (1 - th * th);
                }
            }
            return back;
        }
    };

    /** The score of N(0, DATA) under a process. */
    private static FlexibleBound.Score exact(FlexibleSde sde) {
        return new FlexibleBound.Score() {
            private double[] times(double[] x, double t) {
                double[][] lower = SquareMatrix.inverseLower(SquareMatrix.cholesky(law(sde, sde.clock(t))));
                double[][] precision = SquareMatrix.product(SquareMatrix.transposed(lower), lower);
                return new double[] {
                    -precision[0][0] * x[0] - precision[0][1] * x[1], -precision[1][0] * x[0] - precision[1][1] * x[1]
                };
            }

            @Override
            public double[] at(double[] x, double t) {
                return times(x, t);
            }

            @Override
            public double[] back(double[] x, double t, double[] cotangent) {
                return times(cotangent, t);
            }
        };
    }

    private static double[][] law(FlexibleSde sde, double c) {
        double[][] e = sde.transition(c);
        return SquareMatrix.sum(
                1,
                SquareMatrix.product(SquareMatrix.product(e, DATA), SquareMatrix.transposed(e)),
                1,
                sde.covariance(c));
    }

    private static double logDeterminant(double[][] m) {
        return Math.log(m[0][0] * m[1][1] - m[0][1] * m[1][0]);
    }

    private static FlexibleSde moved(FlexibleSde sde, double[] by) {
        double[] rates = sde.rates();
        double[] turns = sde.turns();
        for (int i = 0; i < 2; i++) {
            rates[i] *= Math.exp(by[i]);
        }
        turns[0] += by[2];
        return sde.with(rates, turns);
    }

    @Test
    void eachTermHasTheGradientOfItsDifferences() {
        FlexibleSde some = new FlexibleSde(0.4, 5, 1e-3, new double[] {0.6, 1.8}, new double[] {0.7});
        FlexibleSde straight = FlexibleSde.standard(2);
        double[] x0 = {0.8, -1.1};
        double[] eps = {0.3, 1.4};
        for (FlexibleSde sde : new FlexibleSde[] {some, straight}) {
            assertGradient(sde, of -> new FlexibleBound(of, BENT).prior(x0));
            assertGradient(sde, of -> new FlexibleBound(of, BENT).reconstruction(x0, eps));
            for (double t : new double[] {0.02, 0.3, 0.9}) {
                assertGradient(sde, of -> new FlexibleBound(of, BENT).diffusion(x0, eps, t));
            }
        }
    }

    /** A network's output in the place of the score: its own factors, which follow the process, move each term too. */
    @Test
    void theJointLossHasTheGradientOfItsDifferences() {
        double[] x0 = {0.8, -1.1};
        double[] eps = {0.3, 1.4};
        for (FlexibleSde sde : new FlexibleSde[] {
            new FlexibleSde(0.4, 5, 1e-3, new double[] {0.6, 1.8}, new double[] {0.7}), FlexibleSde.standard(2)
        }) {
            for (double t : new double[] {1e-3, 0.02, 0.3, 0.9}) {
                assertGradient(sde, of -> joint(of, t, x0, eps, false));
                assertGradient(sde, of -> joint(of, t, x0, eps, true));
            }
        }
    }

    private static FlexibleBound.Term joint(FlexibleSde sde, double t, double[] x0, double[] eps, boolean end) {
        FlexibleMoment at = new FlexibleParametrisation(sde).at(t);
        FlexibleTerms terms = new FlexibleTerms(at);
        double[] x = at.noisy(x0, eps);
        double[] out = BENT.at(x, t);
        double[] share = {at.gain(0) * out[0], at.gain(1) * out[1]};
        double[] score = {share[0] - x[0], share[1] - x[1]};
        double[] back = end ? terms.end(0.7, eps, score) : terms.way(0.7, eps, score);
        terms.scaled(back, share);
        double[] through = BENT.back(x, t, new double[] {at.gain(0) * back[0], at.gain(1) * back[1]});
        terms.moved(new double[] {through[0] - back[0], through[1] - back[1]}, x0, eps);
        FlexibleBound.Term term = terms.term();
        if (!end) { // beta |R^(-1/2) (score + L^-T eps)|^2/2 is one weight times the squared error of the output
            double[] target = FlexibleParametrisationTest.target(at, x0, eps);
            double square = Math.pow(out[0] - target[0], 2) + Math.pow(out[1] - target[1], 2);
            assertEquals(0.7 * at.weight() * square, term.value(), 1e-11 * term.value());
        }
        return term;
    }

    private static void assertGradient(FlexibleSde sde, Function<FlexibleSde, FlexibleBound.Term> term) {
        double[] gradient = term.apply(sde).gradient();
        double h = 1e-5;
        for (int i = 0; i < 3; i++) {
            double[] up = new double[3];
            double[] down = new double[3];
            up[i] = h;
            down[i] = -h;
            double difference = (term.apply(moved(sde, up)).value()
                            - term.apply(moved(sde, down)).value())
                    / (2 * h);
            assertEquals(difference, gradient[i], 1e-6 * (1 + Math.abs(difference)), sde + " along " + i);
        }
    }

    /** With the exact score the bound is tight but for the prior and the cutoff's last step. */
    private static double closedForm(FlexibleSde sde) {
        double[][] last = law(sde, sde.clock(1));
        double off = 0.5 * (last[0][0] + last[1][1] - 2 - logDeterminant(last));
        // H(x | x at the cutoff) is at most that of the decoder, which has one covariance, E^-1 Sigma E^-T, for the
        // posterior's
        double c = sde.clock(sde.cutoff());
        double[][] v = sde.covariance(c);
        double[][] lower = SquareMatrix.inverseLower(SquareMatrix.cholesky(law(sde, c)));
        double[][] precision = SquareMatrix.product(SquareMatrix.transposed(lower), lower);
        double[][] shrunk = SquareMatrix.product(v, precision); // error eps + L' s has covariance I - L' C^-1 L
        double trace = 2 - shrunk[0][0] - shrunk[1][1];
        double[][] left = SquareMatrix.sum(1, SquareMatrix.identity(2), -1, shrunk);
        double entropy = Math.log(2 * Math.PI) + 1 + 0.5 * logDeterminant(DATA);
        return entropy + off + 0.5 * (trace - 2 - logDeterminant(left));
    }

    @Test
    void withTheExactScoreItIsTheEntropyAndWhatThePriorIsOff() {
        for (FlexibleSde sde : new FlexibleSde[] {
            FlexibleSde.standard(2), new FlexibleSde(0.4, 3, 1e-2, new double[] {0.6, 1.8}, new double[] {0.7})
        }) {
            FlexibleBound bound = new FlexibleBound(sde, exact(sde));
            int rows = 6000;
            double sum = 0;
            double squares = 0;
            for (int r = 0; r < rows; r++) {
                double cost = cost(bound, sde, r).value();
                sum += cost / rows;
                squares += cost * cost / rows;
            }
            double error = Math.sqrt((squares - sum * sum) / rows);
            assertEquals(closedForm(sde), sum, 4.5 * error, sde.spec());
            assertTrue(error < 0.2, () -> sde + " errs by " + error);
        }
    }

    /** One row's cost: a row of the data, a time uniform in ln B, its noise. */
    private static FlexibleBound.Term cost(FlexibleBound bound, FlexibleSde sde, int r) {
        Words data = Philox.words(5, r, Purpose.DATA, 0);
        Words noise = Philox.words(5, r, Purpose.NOISE, 0);
        double[][] root = SquareMatrix.cholesky(DATA);
        double[] x0 = {root[0][0] * data.normal(0), root[1][0] * data.normal(0) + root[1][1] * data.normal(1)};
        double low = Math.log(sde.cutoff());
        double t = Math.exp(low * (1 - Philox.words(5, r, Purpose.TIME, 0).uniform(0)));
        double density = 1 / (-low * t);
        FlexibleBound.Term prior = bound.prior(x0);
        FlexibleBound.Term way = bound.diffusion(x0, new double[] {noise.normal(0), noise.normal(1)}, t);
        FlexibleBound.Term end = bound.reconstruction(x0, new double[] {noise.normal(2), noise.normal(3)});
        double[] gradient = new double[3];
        for (int i = 0; i < 3; i++) {
            gradient[i] = prior.gradient()[i] + way.gradient()[i] / density + end.gradient()[i];
        }
        return new FlexibleBound.Term(prior.value() + way.value() / density + end.value(), gradient);
    }

    /** A slow clock leaves the prior off; rates and turn that follow the gradient, the score following them, cost less than VP. */
    @Test
    void whatIsLearnedCostsNoMoreThanVp() {
        FlexibleSde sde = new FlexibleSde(0.1, 3, 1e-2, new double[] {1, 1}, new double[] {0.3});
        double vp = closedForm(sde.with(new double[] {1, 1}, new double[1]));
        double before = closedForm(sde);
        assertEquals(vp, before, 1e-4, "a turn alone changes nothing of an exact bound but the last step's share");
        for (int k = 0; k < 40; k++) {
            FlexibleBound bound = new FlexibleBound(sde, exact(sde));
            double[] by = new double[3];
            int rows = 100;
            for (int r = 0; r < rows; r++) {
                double[] gradient = cost(bound, sde, k * rows + r).gradient();
                for (int i = 0; i < 3; i++) {
                    by[i] -= 0.4 * gradient[i] / rows;
                }
            }
            for (int i = 0; i < 3; i++) {
                by[i] = Math.max(-0.1, Math.min(0.1, by[i]));
            }
            sde = moved(sde, by);
        }
        double after = closedForm(sde);
        FlexibleSde learned = sde;
        assertTrue(after < vp - 0.005, () -> after + " of " + learned + ", VP's " + vp);
    }
}
