package org.tweedie.bridge;

import java.util.Arrays;
import org.tweedie.sde.SquareMatrix;
import org.tweedie.sde.SymmetricEigen;

/**
 * A normal law N(mean, covariance). Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param covariance symmetric and positive definite
 */
public record Gaussian(double[] mean, double[][] covariance) {
    private static final double LEAST =
            1e-10; // of correlations; columns rounded to f32 miss what determines them by 1e-14

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

    /**
     * The normal law that has the means and covariances of rows, divided by their number: those of the rows as a law, each of the same weight.
     *
     * @param rows [row][coordinate], row-major
     * @throws IllegalArgumentException if there is no row, or they lie in a plane of fewer dimensions: a coordinate has one value, or others determine it
     */
    public static Gaussian ofRows(float[] rows, int width) {
        if (width < 1 || rows.length == 0 || rows.length % width != 0) {
            throw new IllegalArgumentException(
                    "rows of width " + width + " are whole and one at least, got " + rows.length + " numbers");
        }
        double share = (double) width / rows.length;
        double[] mean = new double[width]; // from the first row on, so that what is far from 0 costs no digit
        for (int i = 0; i < rows.length; i++) {
            mean[i % width] += share * ((double) rows[i] - rows[i % width]);
        }
        double[][] covariance = new double[width][width];
        double[] apart = new double[width];
        for (int i = 0; i < rows.length; i += width) {
            for (int d = 0; d < width; d++) {
                apart[d] = (double) rows[i + d] - rows[d] - mean[d];
                for (int e = 0; e <= d; e++) {
                    covariance[d][e] += share * apart[d] * apart[e];
                }
            }
        }
        for (int d = 0; d < width; d++) {
            mean[d] += rows[d];
            for (int e = 0; e < d; e++) {
                covariance[e][d] = covariance[d][e];
            }
        }
        requireFull(covariance);
        return new Gaussian(mean, covariance);
    }

    private static void requireFull(double[][] covariance) {
        int width = covariance.length;
        double[][] correlation = new double[width][width];
        for (int d = 0; d < width; d++) {
            if (!(covariance[d][d] > 0)) {
                throw new IllegalArgumentException("coordinate " + (d + 1)
                        + " of the rows has one value, so they have no normal law; leave it out");
            }
            for (int e = 0; e < width; e++) {
                correlation[d][e] = covariance[d][e] / StrictMath.sqrt(covariance[d][d] * covariance[e][e]);
            }
        }
        double least =
                Arrays.stream(SymmetricEigen.of(correlation).values()).min().orElseThrow();
        if (!(least > LEAST)) {
            throw new IllegalArgumentException(
                    "the coordinates of the rows determine one another: the least eigenvalue of"
                            + " their correlations is " + (float) least
                            + ", so they have no normal law; leave one out, or give"
                            + " more rows than coordinates");
        }
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

    /**
     * The 2-Wasserstein distance, {@code W2^2 = |m0 - m1|^2 + tr(S0 + S1 - 2 (S0^(1/2) S1 S0^(1/2))^(1/2))} (Dowson and Landau 1982; Bures' distance
     * of the covariances). That of any two laws is at least that of the normal laws with their moments (Gelbrich 1990).
     */
    public double wasserstein(Gaussian other) {
        requireLike(other);
        double square = spread().plus(other.spread()).trace();
        for (int i = 0; i < mean.length; i++) {
            square += (mean[i] - other.mean[i]) * (mean[i] - other.mean[i]);
        }
        Dense root = spread().root();
        Dense cross = root.times(other.spread()).times(root).symmetric();
        double roots = cross.through(value -> StrictMath.sqrt(StrictMath.max(0, value)))
                .trace();
        return StrictMath.sqrt(StrictMath.max(0, square - 2 * roots));
    }

    void requireLike(Gaussian other) {
        if (other.dimension() != dimension()) {
            throw new IllegalArgumentException(
                    "the laws have " + dimension() + " and " + other.dimension() + " numbers; they must have as many");
        }
    }
}
