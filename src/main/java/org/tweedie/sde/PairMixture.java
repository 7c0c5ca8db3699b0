package org.tweedie.sde;

import java.util.Arrays;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.RowField;

/**
 * The law of position and velocity of Gaussian-mixture data under {@link CldSde}, a Gaussian mixture at every time: along an eigenvector of
 * component k with variance s the pair has mean (a, b) m and covariance {@link CldSde#covariance} of s and gamma M. The oracle of
 * samplers and training; in double. Immutable, safe for use by many threads.
 */
public final class PairMixture {
    private final GaussianMixture data;
    private final CldSde sde;
    private final SymmetricEigen[] eigen;

    public PairMixture(GaussianMixture data, CldSde sde) {
        this.data = data;
        this.sde = sde;
        eigen = new SymmetricEigen[data.components()];
        for (int k = 0; k < eigen.length; ++k) {
            eigen[k] = SymmetricEigen.of(data.covariance(k));
        }
    }

    public GaussianMixture data() {
        return data;
    }

    public CldSde sde() {
        return sde;
    }

    /** The covariance of position and velocity along a direction of variance s at time t. */
    private double[][] covariance(double s, double t) {
        return sde.covariance(t, StrictMath.max(0, s), sde.initialVariance());
    }

    /** ln p_t(x, v). */
    public double logDensity(double[] x, double[] v, double t) {
        double[] terms = new double[data.components()];
        for (int k = 0; k < terms.length; ++k) {
            terms[k] = term(k, x, v, t, new double[x.length]);
        }
        return logSumExp(terms);
    }

    /** grad_v ln p_t(x, v) as a field (x, v; t). */
    public RowField score() {
        return (from, t, into) -> {
            double[] terms = new double[data.components()];
            double[][] pulls = new double[terms.length][from[0].length];
            for (int k = 0; k < terms.length; ++k) {
                terms[k] = term(k, from[0], from[1], t, pulls[k]);
            }
            double total = logSumExp(terms);
            Arrays.fill(into[0], 0);
            for (int k = 0; k < terms.length; ++k) {
                double share = StrictMath.exp(terms[k] - total);
                for (int i = 0; i < into[0].length; ++i) {
                    into[0][i] += share * pulls[k][i];
                }
            }
        };
    }

    /**
     * The score of a single Gaussian as an affine field of (x, v).
     *
     * @throws IllegalArgumentException if there are several components
     */
    public AffineField affineScore() {
        if (data.components() != 1) {
            throw new IllegalArgumentException(
                    "the score of a mixture of " + data.components() + " is not affine; only one Gaussian's is");
        }
        int n = data.dimension();
        return t -> {
            double[] offset = new double[n];
            double[][] matrix = new double[n][2 * n];
            term(0, new double[n], new double[n], t, offset);
            for (int j = 0; j < 2 * n; ++j) {
                double[] x = new double[n];
                double[] v = new double[n];
                (j < n ? x : v)[j % n] = 1;
                double[] pull = new double[n];
                term(0, x, v, t, pull);
                for (int i = 0; i < n; ++i) {
                    matrix[i][j] = pull[i] - offset[i];
                }
            }
            return new AffineField.Affine(matrix, offset);
        };
    }

    /** ln of component k's part of the density; fills its own score of v. */
    private double term(int k, double[] x, double[] v, double t, double[] pull) {
        double[] factors = sde.mean(t);
        double[] m = data.mean(k);
        double sum = StrictMath.log(data.weight(k));
        for (int e = 0; e < x.length; ++e) {
            double dx = 0;
            double dv = 0;
            for (int i = 0; i < x.length; ++i) {
                dx += eigen[k].vectors()[i][e] * (x[i] - factors[0] * m[i]);
                dv += eigen[k].vectors()[i][e] * (v[i] - factors[1] * m[i]);
            }
            double[][] c = covariance(eigen[k].values()[e], t);
            double det = c[0][0] * c[1][1] - c[0][1] * c[0][1];
            double along = -(c[0][0] * dv - c[0][1] * dx) / det;
            sum -= StrictMath.log(2 * Math.PI)
                    + 0.5 * StrictMath.log(det)
                    + 0.5 * (c[1][1] * dx * dx - 2 * c[0][1] * dx * dv + c[0][0] * dv * dv) / det;
            for (int i = 0; i < x.length; ++i) {
                pull[i] += eigen[k].vectors()[i][e] * along;
            }
        }
        return sum;
    }

    private static double logSumExp(double[] terms) {
        double most = Arrays.stream(terms).max().orElseThrow();
        return most
                + StrictMath.log(Arrays.stream(terms)
                        .map(term -> StrictMath.exp(term - most))
                        .sum());
    }
}
