package org.tweedie.metric;

import java.util.Arrays;

/** A kernel k(x, y) of the distance |x - y|, for {@link MeanDiscrepancy}. Immutable. */
public sealed interface PairKernel {
    /** Replaces squared distances by the kernel's values. */
    void apply(double[] squares, int count);

    /** {@code exp(-|x - y|^2 / (2 bandwidth^2))}. */
    record Rbf(double bandwidth) implements PairKernel {
        public Rbf {
            if (!(bandwidth > 0 && bandwidth < 1e100)) {
                throw new IllegalArgumentException("a bandwidth must be positive and finite, got " + bandwidth
                        + "; the median of distances is 0 where most rows are equal: choose one");
            }
        }

        @Override
        public void apply(double[] squares, int count) {
            double factor = -0.5 / (bandwidth * bandwidth);
            for (int j = 0; j < count; j++) {
                squares[j] = Exponential.of(factor * squares[j]);
            }
        }
    }

    /** {@code -|x - y|^power}; the power 1 makes the squared energy distance. */
    record Riesz(double power) implements PairKernel {
        public Riesz {
            if (!(power > 0 && power < 2)) {
                throw new IllegalArgumentException(
                        "the power of a Riesz kernel must be above 0 and below 2, got " + power + "; 1 is usual");
            }
        }

        @Override
        public void apply(double[] squares, int count) {
            if (power == 1) {
                for (int j = 0; j < count; j++) {
                    squares[j] = -Math.sqrt(squares[j]);
                }
            } else {
                for (int j = 0; j < count; j++) {
                    squares[j] = -StrictMath.pow(squares[j], power / 2);
                }
            }
        }
    }

    /**
     * The Gaussian kernel whose bandwidth is the median of all distances between different rows of both samples (Gretton et al.
     * 2012, section 8), of the first 512 rows of each.
     */
    static Rbf medianRbf(Points x, Points y) {
        Points.requireComparable(x, y);
        return new Rbf(Math.sqrt(medianSquare(Points.pooled(x.first(512), y.first(512)))));
    }

    /** The median of squared distances between different rows. */
    static double medianSquare(Points points) {
        int rows = points.rows();
        double[] below = new double[rows * (rows - 1) / 2];
        Pairs.each(points, points, (i, from, squares, count) -> {
            for (int j = from; j < Math.min(i, from + count); j++) {
                below[i * (i - 1) / 2 + j] = squares[j - from];
            }
        });
        Arrays.sort(below);
        return (below[(below.length - 1) / 2] + below[below.length / 2]) / 2;
    }
}
