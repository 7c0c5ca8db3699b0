package org.tweedie.metric;

import java.util.Arrays;
import org.tweedie.kernels.Pairs;

/** A kernel k(x, y) of the distance |x - y|, for {@link MeanDiscrepancy}. Immutable. */
public sealed interface PairKernel {
    /** The function of the squared distance that the device sums. */
    Pairs.Function function();

    /** The function's factor. */
    float factor();

    /** What the function is multiplied by, 1 or -1. */
    double sign();

    /** {@code exp(-|x - y|^2 / (2 bandwidth^2))}; the bandwidth between 1e-15 and 1e15. */
    record Rbf(double bandwidth) implements PairKernel {
        public Rbf {
            if (!(bandwidth >= 1e-15 && bandwidth <= 1e15)) {
                throw new IllegalArgumentException("a bandwidth must be between 1e-15 and 1e15, got " + bandwidth
                        + "; the median of distances is 0 where most rows are equal: choose one");
            }
        }

        @Override
        public Pairs.Function function() {
            return Pairs.Function.EXPONENTIAL;
        }

        @Override
        public float factor() {
            return (float) (-0.5 / (bandwidth * bandwidth));
        }

        @Override
        public double sign() {
            return 1;
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
        public Pairs.Function function() {
            return power == 1 ? Pairs.Function.ROOT : Pairs.Function.POWER;
        }

        @Override
        public float factor() {
            return power == 1 ? 0 : (float) (power / 2);
        }

        @Override
        public double sign() {
            return -1;
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

    /** The median of squared distances between different rows, in double on the host: they are few. */
    static double medianSquare(Points points) {
        int rows = points.rows();
        int width = points.width();
        float[] at = points.values();
        double[] below = new double[rows * (rows - 1) / 2];
        int next = 0;
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < i; j++) {
                double square = 0;
                for (int d = 0; d < width; d++) {
                    double apart = (double) at[i * width + d] - at[j * width + d];
                    square += apart * apart;
                }
                below[next++] = square;
            }
        }
        Arrays.sort(below);
        return (below[(below.length - 1) / 2] + below[below.length / 2]) / 2;
    }
}
