package org.tweedie.bridge;

import org.tweedie.sde.SquareMatrix;

/**
 * A normal law N(mean, covariance). Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param covariance symmetric and positive definite
 */
public record Gaussian(double[] mean, double[][] covariance) {
    /** @throws IllegalArgumentException if the sizes differ, or the covariance is not symmetric and positive definite */
    public Gaussian {
        if (mean.length == 0 || covariance.length != mean.length) {
            throw new IllegalArgumentException("a normal law of " + mean.length
                    + " numbers has as many rows of covariance, got " + covariance.length);
        }
        for (int i = 0; i < mean.length; i++) {
            if (covariance[i].length != mean.length) {
                throw new IllegalArgumentException("a covariance is square, got " + covariance[i].length
                        + " numbers in row " + i + " of " + mean.length);
            }
            if (!Double.isFinite(mean[i] + covariance[i][i])) {
                throw new IllegalArgumentException(
                        "a normal law has finite means and variances, got " + mean[i] + " and " + covariance[i][i]);
            }
            for (int j = 0; j < i; j++) {
                double most = StrictMath.max(StrictMath.abs(covariance[i][i]), StrictMath.abs(covariance[j][j]));
                if (!(StrictMath.abs(covariance[i][j] - covariance[j][i]) <= 1e-9 * most)) {
                    throw new IllegalArgumentException("a covariance is symmetric, got " + covariance[i][j] + " and "
                            + covariance[j][i] + " at (" + i + ", " + j + ")");
                }
            }
        }
        SquareMatrix.cholesky(covariance);
    }

    /** N(mean, variance I). */
    public static Gaussian of(double variance, double... mean) {
        return new Gaussian(mean, Dense.scalar(mean.length, variance).numbers());
    }

    public int dimension() {
        return mean.length;
    }

    Dense spread() {
        return new Dense(covariance);
    }

    /** KL(this | other) in nats. */
    public double divergence(Gaussian other) {
        requireLike(other);
        Dense precision = other.spread().inverse();
        double[] apart = new double[mean.length];
        for (int i = 0; i < apart.length; i++) {
            apart[i] = other.mean[i] - mean[i];
        }
        double[] pulled = precision.times(apart);
        double sum = precision.times(spread()).trace() - mean.length;
        for (int i = 0; i < apart.length; i++) {
            sum += apart[i] * pulled[i];
        }
        return 0.5 * (sum + other.spread().logDeterminant() - spread().logDeterminant());
    }

    void requireLike(Gaussian other) {
        if (other.dimension() != dimension()) {
            throw new IllegalArgumentException(
                    "the laws have " + dimension() + " and " + other.dimension() + " numbers; they must have as many");
        }
    }
}
