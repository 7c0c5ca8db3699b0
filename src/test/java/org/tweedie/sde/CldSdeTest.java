package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;

/** The kernels of critically damped Langevin diffusion: the paper's closed forms, numbers known, and Van Loan's block exponential. */
class CldSdeTest {
    private static final List<CldSde> SDES = List.of(
            new CldSde(), new CldSde(4, 4, 1), new CldSde(10, 0.25, 0.04), CldSde.unit(3), new CldSde(30, 9, 0.5));

    /** beta 4, M 1/4, x_0 known, v_0 ~ N(0, 0.01): computed by the matrix exponential. */
    @Test
    void hasTheCovariancesKnown() {
        CldSde sde = new CldSde();
        double[][] known = {
            {0.1, 0.22181006, 0.12985984, 0.21575835},
            {0.5, 0.98646073, 0.00528689, 0.24793355},
            {1, 0.99998397, 7.0762e-6, 0.24999688}
        };
        for (double[] row : known) {
            double[][] noise = sde.noise(row[0]);
            assertEquals(row[1], noise[0][0], 5e-9);
            assertEquals(row[2], noise[0][1], row[0] == 1 ? 5e-11 : 5e-9);
            assertEquals(row[2], noise[1][0], row[0] == 1 ? 5e-11 : 5e-9);
            assertEquals(row[3], noise[1][1], 5e-9);
        }
    }

    /** Dockhorn et al., appendix B.1, with the integral of beta. */
    @Test
    void isThePapersClosedForm() {
        for (CldSde sde : SDES) {
            for (double t : new double[] {1e-3, 0.05, 0.3, 1}) {
                double b = sde.beta() * t;
                double f = sde.friction();
                double g = 1 / f;
                double c = StrictMath.exp(-2 * b * g);
                double q = c * c;
                assertArrayEquals(new double[] {c * (1 + 2 * b * g), -c * b}, sde.mean(t), 1e-13 * (1 + b));
                double sx = 0.7;
                double sv = sde.initialVariance();
                double xx = q
                        * (sx
                                + 1 / q
                                - 1
                                + 4 * b * g * (sx - 1)
                                + 4 * b * b * g * g * (sx - 2)
                                + 16 * g * g * g * g * b * b * sv);
                double xv = q * (-sx * b + 4 * g * g * b * sv - 2 * g * b * b * (sx - 2) - 8 * g * g * g * b * b * sv);
                double vv = q
                        * (f * f * (1 / q - 1) / 4
                                + f * b
                                - 4 * g * b * sv
                                + 4 * g * g * b * b * sv
                                + sv
                                + b * b * (sx - 2));
                double[][] got = sde.covariance(t, sx, sv);
                assertEquals(xx, got[0][0], 1e-12 * (1 + xx));
                assertEquals(xv, got[0][1], 1e-12 * (1 + vv));
                assertEquals(vv, got[1][1], 1e-12 * (1 + vv));
            }
        }
    }

    /** All three linear SDEs: exp of [[-A, Q], [0, A']] h holds both the flow and the covariance (Van Loan 1978). */
    @Test
    void isVanLoans() {
        for (CldSde sde : SDES) {
            for (CriticalBlock block : List.of(sde.forward(), sde.backward(), sde.swing())) {
                for (double h : new double[] {1e-3, 0.02, 0.2}) {
                    if (StrictMath.abs(block.vv() * h) > 8) {
                        continue; // exp(-A h) swamps exp(A h): the oracle is no good
                    }
                    double[][] big = {
                        {0, -block.xv() * h, 0, 0},
                        {-block.vx() * h, -block.vv() * h, 0, block.q() * h},
                        {0, 0, 0, block.vx() * h},
                        {0, 0, block.xv() * h, block.vv() * h}
                    };
                    double[][] e = exponential(big);
                    double[][] flow = {{e[2][2], e[3][2]}, {e[2][3], e[3][3]}}; // transposed
                    double[][] got = block.flow(h);
                    double[][] covariance = block.covariance(h);
                    for (int i = 0; i < 2; ++i) {
                        for (int j = 0; j < 2; ++j) {
                            double most = StrictMath.abs(flow[1][1]) + StrictMath.abs(flow[0][1]) + 1;
                            assertEquals(flow[i][j], got[i][j], 1e-12 * most);
                            double sum = flow[i][0] * e[0][2 + j] + flow[i][1] * e[1][2 + j];
                            assertEquals(sum, covariance[i][j], 1e-11 * (covariance[0][0] + covariance[1][1]));
                        }
                    }
                    // int exp(A r) (0, 1) dr: the flow's change is A times it
                    double[] push = block.push(h);
                    assertEquals(flow[0][1], block.xv() * push[1], 1e-12 * (1 + StrictMath.abs(flow[0][1])));
                    assertEquals(
                            flow[1][1] - 1,
                            block.vx() * push[0] + block.vv() * push[1],
                            1e-12 * (1 + StrictMath.abs(flow[1][1])));
                }
            }
        }
    }

    /** By Taylor's series of a 2^12th, squared 12 times. */
    private static double[][] exponential(double[][] a) {
        int n = a.length;
        int halvings = 12;
        double[][] small = new double[n][n];
        double[][] sum = new double[n][n];
        double[][] term = new double[n][n];
        for (int i = 0; i < n; ++i) {
            sum[i][i] = 1;
            term[i][i] = 1;
            for (int j = 0; j < n; ++j) {
                small[i][j] = a[i][j] / (1 << halvings);
            }
        }
        for (int k = 1; k < 20; ++k) {
            term = product(term, small, 1.0 / k);
            for (int i = 0; i < n; ++i) {
                for (int j = 0; j < n; ++j) {
                    sum[i][j] += term[i][j];
                }
            }
        }
        for (int k = 0; k < halvings; ++k) {
            sum = product(sum, sum, 1);
        }
        return sum;
    }

    private static double[][] product(double[][] a, double[][] b, double scale) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; ++i) {
            for (int j = 0; j < b[0].length; ++j) {
                for (int k = 0; k < b.length; ++k) {
                    c[i][j] += scale * a[i][k] * b[k][j];
                }
            }
        }
        return c;
    }

    /** The prior stays what it is: N(0, 1) x N(0, M). */
    @Test
    void keepsItsPrior() {
        for (CldSde sde : SDES) {
            double[][] got = sde.covariance(0.37, 1, sde.mass());
            assertEquals(1, got[0][0], 1e-12);
            assertEquals(0, got[0][1], 1e-12);
            assertEquals(sde.mass(), got[1][1], 1e-12 * (1 + sde.mass()));
            Plan.Writer writer = Plan.writer();
            int x = writer.register("x", Space.euclidean(1));
            int v = writer.register("v", Space.euclidean(1));
            writer.step(1, 1);
            sde.prior(writer, x, v);
            Moments moments = MomentOracle.after(writer.plan(x, v), java.util.Map.of());
            assertEquals(1, moments.covariance(x)[0][0], 1e-12);
            assertEquals(0, moments.covariance(x, v)[0][0], 0);
            assertEquals(sde.mass(), moments.covariance(v)[0][0], 1e-12 * sde.mass());
        }
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", Space.euclidean(1));
        writer.step(1, 1);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new CldSde().prior(writer, x))
                .getMessage()
                .contains("position and velocity"));
    }

    /** The score of v is the slope of the log-density; of one Gaussian it is affine. */
    @Test
    void scoreIsTheSlopeOfTheLogDensity() {
        GaussianMixture data =
                new GaussianMixture(new double[] {0.3, 0.7}, new double[][] {{1, -1}, {-0.5, 0.4}}, new double[][][] {
                    {{0.2, 0.1}, {0.1, 0.4}}, {{0.05, 0}, {0, 0.3}}
                });
        PairMixture pairs = new PairMixture(data, new CldSde());
        double[] x = {0.2, 0.3};
        for (double t : new double[] {0.02, 0.3, 0.9}) {
            double[] v = {0.1, -0.2};
            double[][] score = new double[1][2];
            pairs.score().evaluate(new double[][] {x, v}, t, score);
            for (int i = 0; i < 2; ++i) {
                double step = 1e-5;
                double[] up = v.clone();
                double[] down = v.clone();
                up[i] += step;
                down[i] -= step;
                double slope = (pairs.logDensity(x, up, t) - pairs.logDensity(x, down, t)) / (2 * step);
                assertEquals(slope, score[0][i], 1e-6 * (1 + StrictMath.abs(slope)));
            }
        }
        PairMixture one = new PairMixture(
                GaussianMixture.gaussian(new double[] {1, -1}, new double[][] {{0.2, 0.1}, {0.1, 0.4}}), new CldSde());
        double[][] exact = new double[1][2];
        double[][] affine = new double[1][2];
        double[][] from = {{0.2, 0.3}, {0.1, -0.2}};
        one.score().evaluate(from, 0.2, exact);
        one.affineScore().evaluate(from, 0.2, affine);
        assertArrayEquals(exact[0], affine[0], 1e-12);
        assertThrows(IllegalArgumentException.class, pairs::affineScore);
    }

    /** Sampled to time 0.5 by the forward kernel, the density is the mixture's: its integral over v is N of x. */
    @Test
    void densityHasTheMarginalOfPositions() {
        CldSde sde = new CldSde();
        PairMixture pairs = new PairMixture(GaussianMixture.gaussian(new double[] {0.5}, new double[][] {{0.3}}), sde);
        double t = 0.2;
        double[][] c = sde.covariance(t, 0.3, sde.initialVariance());
        double sum = 0;
        for (double v = -4; v < 4; v += 0.01) {
            sum += 0.01 * StrictMath.exp(pairs.logDensity(new double[] {0.9}, new double[] {v}, t));
        }
        double d = 0.9 - sde.mean(t)[0] * 0.5;
        assertEquals(StrictMath.exp(-d * d / (2 * c[0][0])) / StrictMath.sqrt(2 * Math.PI * c[0][0]), sum, 1e-9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cld:4,4,0.04", "cld-mixed:4,4,0.04", "cld:2,1,1,0.01"})
    void isSpelled(String spec) {
        Noising process = ProcessSpec.process(spec);
        assertEquals(spec, process.spec());
        assertEquals(process, ProcessSpec.process(process.spec()));
        assertEquals(3, process.on(Space.euclidean(3)).space().width());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ProcessSpec.parse(spec))
                .getMessage()
                .contains("velocity"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cld:4",
                "cld:4,4",
                "cld:0,4,0.04",
                "cld:4,0,0.04",
                "cld:4,4,0",
                "cld:4,4,2",
                "cld:4,4,0.1,1",
                "cld:"
            })
    void refusesWhatItIsNot(String spec) {
        assertThrows(IllegalArgumentException.class, () -> ProcessSpec.process(spec));
    }
}
