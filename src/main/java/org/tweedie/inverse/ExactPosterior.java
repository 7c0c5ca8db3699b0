package org.tweedie.inverse;

import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.SymmetricEigen;

/**
 * The law of x given y = A x + noise z for x of a Gaussian mixture, which is a mixture again: with G_k = S_k A'(A S_k A' + noise^2 I)^-1,
 *
 * <pre>w_k N(y; A m_k, A S_k A' + noise^2 I),    m_k + G_k (y - A m_k),    S_k - G_k A S_k.</pre>
 *
 * What solvers are measured against. Stateless.
 */
public final class ExactPosterior {
    private ExactPosterior() {}

    /** @param noise above 0, or 0 where A S_k A' has full rank */
    public static GaussianMixture of(GaussianMixture prior, LinearOperator operator, double noise, double[] y) {
        if (operator.from() != prior.dimension() || operator.into() != y.length) {
            throw new IllegalArgumentException("an operator from " + operator.from() + " to " + operator.into()
                    + " numbers does not take a mixture in " + prior.dimension() + " dimensions to a row of "
                    + y.length);
        }
        double[][] a = operator.matrix();
        double[] logs = new double[prior.components()];
        double[][] means = new double[logs.length][];
        double[][][] covariances = new double[logs.length][][];
        double most = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < logs.length; k++) {
            double[][] covariance = prior.covariance(k);
            double[][] cross = times(a, covariance); // A S
            double[][] marginal = times(cross, transposed(a));
            for (int i = 0; i < y.length; i++) {
                marginal[i][i] += noise * noise;
            }
            SymmetricEigen eigen = SymmetricEigen.of(marginal);
            double[] rest = y.clone();
            double[] mean = prior.mean(k);
            for (int i = 0; i < rest.length; i++) {
                for (int j = 0; j < mean.length; j++) {
                    rest[i] -= a[i][j] * mean[j];
                }
            }
            logs[k] = StrictMath.log(prior.weight(k));
            for (int e = 0; e < rest.length; e++) {
                double variance = eigen.values()[e];
                if (!(variance > 0)) {
                    throw new IllegalArgumentException("component " + k
                            + " gives observations without spread in a direction, and the noise is " + noise
                            + "; noise must be above 0");
                }
                double[] gain = new double[mean.length];
                double along = 0;
                for (int i = 0; i < rest.length; i++) {
                    double q = eigen.vectors()[i][e];
                    along += q * rest[i];
                    for (int j = 0; j < gain.length; j++) {
                        gain[j] += q * cross[i][j];
                    }
                }
                logs[k] -= 0.5 * (StrictMath.log(2 * Math.PI * variance) + along * along / variance);
                for (int i = 0; i < gain.length; i++) {
                    mean[i] += gain[i] * along / variance;
                    for (int j = 0; j < gain.length; j++) {
                        covariance[i][j] -= gain[i] * gain[j] / variance;
                    }
                }
            }
            means[k] = mean;
            covariances[k] = covariance;
            most = StrictMath.max(most, logs[k]);
        }
        double[] weights = new double[logs.length];
        for (int k = 0; k < logs.length; k++) {
            weights[k] = StrictMath.max(Double.MIN_NORMAL, StrictMath.exp(logs[k] - most));
        }
        return new GaussianMixture(weights, means, covariances);
    }

    private static double[][] times(double[][] a, double[][] b) {
        double[][] product = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < b[0].length; j++) {
                    product[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return product;
    }

    private static double[][] transposed(double[][] a) {
        double[][] t = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < t.length; j++) {
                t[j][i] = a[i][j];
            }
        }
        return t;
    }
}
