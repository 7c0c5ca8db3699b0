package org.tweedie.sde;

/**
 * A symmetric matrix as Q diag(values) Q', by Jacobi's rotations. Immutable but for its arrays, which nobody may
 * change while threads share them.
 *
 * @param vectors [dimension][dimension], one eigenvector a column
 */
public record SymmetricEigen(double[] values, double[][] vectors) {
    /** The decomposition; eigenvalues in no order. */
    public static SymmetricEigen of(double[][] symmetric) {
        int n = symmetric.length;
        double[][] a = new double[n][];
        double[][] q = new double[n][n];
        for (int i = 0; i < n; ++i) {
            a[i] = symmetric[i].clone();
            q[i][i] = 1;
        }
        for (int sweep = 0; sweep < 64 && offDiagonal(a) > 0; ++sweep) {
            for (int i = 0; i < n; ++i) {
                for (int j = i + 1; j < n; ++j) {
                    rotate(a, q, i, j);
                }
            }
        }
        double[] values = new double[n];
        for (int i = 0; i < n; ++i) {
            values[i] = a[i][i];
        }
        return new SymmetricEigen(values, q);
    }

    /** Largest |a_ij| that is not lost beside its diagonal. */
    private static double offDiagonal(double[][] a) {
        double most = 0;
        for (int i = 0; i < a.length; ++i) {
            for (int j = 0; j < i; ++j) {
                double size = StrictMath.abs(a[i][j]);
                if (size > 1e-17 * (StrictMath.abs(a[i][i]) + StrictMath.abs(a[j][j]))) {
                    most = StrictMath.max(most, size);
                }
            }
        }
        return most;
    }

    private static void rotate(double[][] a, double[][] q, int i, int j) {
        if (a[i][j] == 0) {
            return;
        }
        double theta = (a[j][j] - a[i][i]) / (2 * a[i][j]);
        double tangent = StrictMath.copySign(1, theta) / (StrictMath.abs(theta) + StrictMath.hypot(theta, 1));
        double c = 1 / StrictMath.hypot(tangent, 1);
        double s = tangent * c;
        for (double[] row : a) {
            turn(row, i, j, c, s);
        }
        for (int k = 0; k < a.length; ++k) {
            double x = a[i][k];
            double y = a[j][k];
            a[i][k] = c * x - s * y;
            a[j][k] = s * x + c * y;
        }
        for (double[] row : q) {
            turn(row, i, j, c, s);
        }
    }

    private static void turn(double[] row, int i, int j, double c, double s) {
        double x = row[i];
        double y = row[j];
        row[i] = c * x - s * y;
        row[j] = s * x + c * y;
    }
}
