package org.tweedie.train;

import java.util.Arrays;
import org.tweedie.device.Device;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.SquareMatrix;

/**
 * J = KL(rho | N(m, S)). Of the law that y = x + T(x) has where x is of mu it is
 *
 * <pre>{@code   E[ (y - m)' S^-1 (y - m) / 2 + ln det(2 pi S) / 2 - ln det(I + dT/dx) ] + E ln mu(x)}</pre>
 *
 * <p>whose last term T does not change, and which is left out. The determinant costs a derivative of the network for each column, and each of those once more on the
 * way back. Where it is at most 2^-40 its logarithm goes on along a tangent: a map that folds has a great but finite J, which unfolds it. Immutable.
 *
 * @param target one component, of 1 to {@value #MOST} columns, its covariance positive definite
 */
public record KullbackLeibler(GaussianMixture target) implements Functional {
    /** Columns that a row may have. */
    public static final int MOST = 8;

    public KullbackLeibler {
        if (target.components() != 1) {
            throw new IllegalArgumentException("the target of a KL is one normal law, got a mixture of "
                    + target.components() + "; take a KernelDiscrepancy to rows of it");
        }
        if (target.dimension() < 1 || target.dimension() > MOST) {
            throw new IllegalArgumentException("a KL to a normal law takes 1 to " + MOST + " columns, got "
                    + target.dimension() + ": each costs a derivative; take a KernelDiscrepancy to rows of it");
        }
        if (Arrays.stream(target.mean(0)).anyMatch(m -> !Double.isFinite(m))) {
            throw new IllegalArgumentException(
                    "the mean of a normal law is finite, got " + Arrays.toString(target.mean(0)));
        }
        SquareMatrix.cholesky(target.covariance(0));
    }

    /**
     * To N(mean, covariance).
     *
     * @throws IllegalArgumentException if the covariance is not symmetric and positive definite, or there are too many columns
     */
    public static KullbackLeibler to(double[] mean, double[][] covariance) {
        return new KullbackLeibler(GaussianMixture.gaussian(mean, covariance));
    }

    @Override
    public int width() {
        return target.dimension();
    }

    @Override
    public String spec() {
        return "kl " + Arrays.toString(target.mean(0)) + " " + Arrays.deepToString(target.covariance(0));
    }

    /** S^-1 = L^-T L^-1. */
    double[][] precision() {
        int n = width();
        double[][] inverse = SquareMatrix.inverseLower(SquareMatrix.cholesky(target.covariance(0)));
        double[][] precision = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                for (int k = Math.max(i, j); k < n; k++) {
                    precision[i][j] += inverse[k][i] * inverse[k][j];
                }
            }
        }
        return precision;
    }

    /** ln det(2 pi S) / 2. */
    double logSize() {
        double[][] lower = SquareMatrix.cholesky(target.covariance(0));
        double sum = 0;
        for (int i = 0; i < lower.length; i++) {
            sum += StrictMath.log(lower[i][i]) + 0.5 * StrictMath.log(2 * Math.PI);
        }
        return sum;
    }

    @Override
    public Gradient open(WassersteinStep step, Device device, int rows) {
        return new KullbackLeiblerGradient(this, step, device, rows);
    }
}
