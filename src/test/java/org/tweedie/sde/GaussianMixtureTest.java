package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.tweedie.sde.MethodContractTest.assertSays;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GaussianMixtureTest {
    private static final GaussianMixture THREE = new GaussianMixture(
            new double[] {2, 3, 5}, new double[][] {{-2, 1, 0}, {1, 1, 3}, {0, -2, 0.5}}, new double[][][] {
                {{1, 0.5, 0.1}, {0.5, 2, -0.3}, {0.1, -0.3, 0.7}},
                {{0.2, 0, 0}, {0, 0.2, 0}, {0, 0, 0.2}},
                {{1, 0.9, 0}, {0.9, 1, 0}, {0, 0, 0.01}}
            });

    /** The density of a plane Gaussian, by the inverse of a 2 x 2 matrix written out. */
    @Test
    void densityOfAPlaneGaussianIsItsFormula() {
        double a = 0.5;
        double b = 0.2;
        double c = 0.3;
        GaussianMixture plane = GaussianMixture.gaussian(new double[] {1, -1}, new double[][] {{a, b}, {b, c}});
        double x = 0.3;
        double y = 0.7;
        double determinant = a * c - b * b;
        double square = (c * Math.pow(x - 1, 2) - 2 * b * (x - 1) * (y + 1) + a * Math.pow(y + 1, 2)) / determinant;
        assertEquals(
                -0.5 * square - Math.log(2 * Math.PI * Math.sqrt(determinant)),
                plane.logDensity(new double[] {x, y}),
                1e-13);
    }

    @Test
    void scoreIsTheSlopeOfTheLogDensity() {
        SdeList.all().forEach(sde -> {
            for (double t : new double[] {0.02, 0.3, sde.horizon()}) {
                GaussianMixture law = THREE.at(sde, t);
                double[] x = {0.4, -0.8, 1.1};
                double[] score = THREE.score(sde, x, t);
                for (int d = 0; d < 3; ++d) {
                    double h = 1e-3;
                    double slope = (8 * (moved(law, x, d, h) - moved(law, x, d, -h))
                                    - (moved(law, x, d, 2 * h) - moved(law, x, d, -2 * h)))
                            / (12 * h);
                    assertEquals(slope, score[d], 1e-7 * (1 + Math.abs(slope)), () -> sde.spec() + " at " + t);
                }
            }
        });
    }

    private static double moved(GaussianMixture law, double[] x, int d, double by) {
        double[] at = x.clone();
        at[d] += by;
        return law.logDensity(at);
    }

    @Test
    void affineScoreIsTheScore() {
        GaussianMixture one = GaussianMixture.gaussian(THREE.mean(0), THREE.covariance(0));
        VpSde sde = new VpSde();
        double[] x = {0.4, -0.8, 1.1};
        double[][] into = new double[1][3];
        one.affineScore(sde).evaluate(new double[][] {x}, 0.3, into);
        assertArrayEquals(one.score(sde, x, 0.3), into[0], 1e-12);
        assertSays("mixture of 3 is not affine", () -> THREE.affineScore(sde));
    }

    @Test
    void farFromAllModesTheScoreStillPointsHome() {
        double[] score = GaussianMixture.round(1e-4, new double[] {1}, new double[] {-1})
                .score(new VpSde(), new double[] {1e6}, 0.001);
        VpSde sde = new VpSde();
        double variance = sde.alpha(0.001) * sde.alpha(0.001) * 1e-4 + sde.sigma(0.001) * sde.sigma(0.001);
        assertEquals((sde.alpha(0.001) - 1e6) / variance, score[0], 1e-9 * 1e6 / variance);
    }

    /** 40,000 rows; 4.5 standard errors of a mean, and of a variance with the kurtosis of the rows themselves: 1 in 150,000 a number. */
    @Test
    void samplesHaveTheMoments() {
        int n = 40_000;
        double[][] rows = THREE.samples(11, n);
        assertArrayEquals(THREE.sample(11, 39_999), rows[39_999]);
        double[] mean = THREE.mean();
        double[][] covariance = THREE.covariance();
        for (int i = 0; i < 3; ++i) {
            for (int j = 0; j <= i; ++j) {
                double sum = 0;
                double squares = 0;
                for (double[] row : rows) {
                    double product = (row[i] - mean[i]) * (row[j] - mean[j]);
                    sum += product;
                    squares += product * product;
                }
                double error = Math.sqrt((squares / n - Math.pow(sum / n, 2)) / n);
                assertEquals(covariance[i][j], sum / n, 4.5 * error);
            }
            int d = i;
            double average = Arrays.stream(rows).mapToDouble(row -> row[d]).sum() / n;
            assertEquals(mean[i], average, 4.5 * Math.sqrt(covariance[i][i] / n));
        }
        assertEquals(0.3, THREE.weight(1), 1e-15);
    }

    @Test
    void singularCovariancesAreAllowedAndBadOnesNamed() {
        GaussianMixture line = GaussianMixture.gaussian(new double[] {0, 0}, new double[][] {{1, 1}, {1, 1}});
        double[] row = line.sample(1, 2);
        assertEquals(row[0], row[1], 1e-7);
        assertSays(
                "without negative eigenvalues",
                () -> GaussianMixture.gaussian(new double[] {0, 0}, new double[][] {{1, 2}, {2, 1}}));
        assertSays(
                "a covariance is symmetric",
                () -> GaussianMixture.gaussian(new double[] {0, 0}, new double[][] {{1, 0}, {0.5, 1}}));
        assertSays(
                "a covariance is 2 x 2 here",
                () -> GaussianMixture.gaussian(new double[] {0, 0}, new double[][] {{1}}));
        assertSays(
                "as many weights, means and covariances",
                () -> new GaussianMixture(new double[0], new double[0][], new double[0][][]));
        assertSays(
                "weights must be positive",
                () -> new GaussianMixture(new double[] {0}, new double[][] {{0}}, new double[][][] {{{1}}}));
    }

    @Test
    void eigenvectorsRebuildTheMatrix() {
        double[][] matrix = new double[7][7];
        for (int i = 0; i < 7; ++i) {
            for (int j = 0; j < 7; ++j) {
                matrix[i][j] = Math.cos(3 * i + 3 * j) + (i == j ? i : 0) + 1.0 / (1 + i + j);
            }
        }
        SymmetricEigen eigen = SymmetricEigen.of(matrix);
        for (int i = 0; i < 7; ++i) {
            for (int j = 0; j < 7; ++j) {
                double rebuilt = 0;
                double product = 0;
                for (int e = 0; e < 7; ++e) {
                    rebuilt += eigen.vectors()[i][e] * eigen.values()[e] * eigen.vectors()[j][e];
                    product += eigen.vectors()[e][i] * eigen.vectors()[e][j];
                }
                assertEquals(matrix[i][j], rebuilt, 1e-13);
                assertEquals(i == j ? 1 : 0, product, 1e-14);
            }
        }
    }
}
