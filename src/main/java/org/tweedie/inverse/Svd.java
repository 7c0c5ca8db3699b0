package org.tweedie.inverse;

import java.util.stream.IntStream;

/**
 * A = U diag(values) V', of the values that are not 0. Immutable but for its array, which nobody may change while threads share it.
 *
 * @param u from {@code values.length} numbers to those of A x, columns orthonormal
 * @param values positive
 * @param v from {@code values.length} numbers to those of x, columns orthonormal
 */
public record Svd(LinearOperator u, double[] values, LinearOperator v) {
    /** Of the greatest singular value: what is less is 0 but for roundings. */
    private static final double SMALLEST = 1e-10;

    public Svd {
        if (u.from() != values.length || v.from() != values.length) {
            throw new IllegalArgumentException("a decomposition of rank " + values.length + " has as many columns, got "
                    + u.from() + " and " + v.from());
        }
    }

    /** By rotations that make the rows of the matrix, or its columns if they are fewer, orthogonal (Hestenes). */
    public static Svd of(double[][] matrix) {
        int rows = matrix.length;
        int columns = matrix[0].length;
        return rows <= columns ? ofWide(matrix) : ofWide(transposed(matrix)).swapped();
    }

    private Svd swapped() {
        return new Svd(v, values, u);
    }

    /** W A has orthogonal rows s_i v_i', W orthogonal: A = W' diag(s) V'. */
    private static Svd ofWide(double[][] matrix) {
        int n = matrix.length;
        double[][] a = new double[n][];
        double[][] w = new double[n][n];
        for (int i = 0; i < n; i++) {
            a[i] = matrix[i].clone();
            w[i][i] = 1;
        }
        boolean turned = true;
        for (int sweep = 0; turned && sweep < 60; sweep++) {
            turned = false;
            for (int i = 0; i < n; i++) {
                for (int j = i + 1; j < n; j++) {
                    turned |= orthogonalise(a, w, i, j);
                }
            }
        }
        double[] lengths = new double[n];
        double most = 0;
        for (int i = 0; i < n; i++) {
            lengths[i] = StrictMath.sqrt(dot(a[i], a[i]));
            most = StrictMath.max(most, lengths[i]);
        }
        double least = SMALLEST * most;
        int[] kept = IntStream.range(0, n).filter(i -> lengths[i] > least).toArray();
        if (kept.length == 0) {
            throw new IllegalArgumentException("an operator that sees nothing, its matrix is 0, has no decomposition");
        }
        double[] values = new double[kept.length];
        double[][] u = new double[n][kept.length];
        double[][] v = new double[matrix[0].length][kept.length];
        for (int k = 0; k < kept.length; k++) {
            values[k] = lengths[kept[k]];
            for (int i = 0; i < n; i++) {
                u[i][k] = w[kept[k]][i];
            }
            for (int i = 0; i < v.length; i++) {
                v[i][k] = a[kept[k]][i] / values[k];
            }
        }
        return new Svd(new Matrix(u), values, new Matrix(v));
    }

    /** Turns rows i and j of both matrices until those of a are orthogonal; false where they are. */
    private static boolean orthogonalise(double[][] a, double[][] w, int i, int j) {
        double along = dot(a[i], a[j]);
        double first = dot(a[i], a[i]);
        double second = dot(a[j], a[j]);
        if (StrictMath.abs(along) <= 1e-15 * StrictMath.sqrt(first * second)) {
            return false;
        }
        double zeta = (second - first) / (2 * along);
        double t = StrictMath.copySign(1, zeta) / (StrictMath.abs(zeta) + StrictMath.hypot(zeta, 1));
        double c = 1 / StrictMath.hypot(t, 1);
        double s = c * t;
        turn(a, i, j, c, s);
        turn(w, i, j, c, s);
        return true;
    }

    private static void turn(double[][] a, int i, int j, double c, double s) {
        for (int k = 0; k < a[i].length; k++) {
            double x = a[i][k];
            double y = a[j][k];
            a[i][k] = c * x - s * y;
            a[j][k] = s * x + c * y;
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum = Math.fma(a[i], b[i], sum);
        }
        return sum;
    }

    private static double[][] transposed(double[][] matrix) {
        double[][] transposed = new double[matrix[0].length][matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix[i].length; j++) {
                transposed[j][i] = matrix[i][j];
            }
        }
        return transposed;
    }
}
