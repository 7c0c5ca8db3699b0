package org.tweedie.sde;

/** Small dense square matrices in double, [row][column]. Stateless. */
public final class SquareMatrix {
    private SquareMatrix() {}

    static double[][] identity(int n) {
        double[][] one = new double[n][n];
        for (int i = 0; i < n; i++) {
            one[i][i] = 1;
        }
        return one;
    }

    /** a A + b B. */
    static double[][] sum(double a, double[][] x, double b, double[][] y) {
        int n = x.length;
        double[][] sum = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                sum[i][j] = a * x[i][j] + b * y[i][j];
            }
        }
        return sum;
    }

    static double[][] product(double[][] x, double[][] y) {
        int n = x.length;
        double[][] product = new double[n][n];
        for (int i = 0; i < n; i++) {
            double[] into = product[i];
            for (int k = 0; k < n; k++) { // rows by names of their own: then the compiler takes many j at once
                double factor = x[i][k];
                double[] row = y[k];
                for (int j = 0; j < n; j++) {
                    into[j] += factor * row[j];
                }
            }
        }
        return product;
    }

    static double[][] transposed(double[][] x) {
        int n = x.length;
        double[][] turned = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                turned[j][i] = x[i][j];
            }
        }
        return turned;
    }

    /** The greatest sum of sizes in a row. */
    static double norm(double[][] x) {
        double norm = 0;
        for (double[] row : x) {
            double sum = 0;
            for (double value : row) {
                sum += StrictMath.abs(value);
            }
            norm = StrictMath.max(norm, sum);
        }
        return norm;
    }

    /** exp(X): Taylor's series of X/2^k, of norm at most 1/2, squared k times; the rest of the series is below 1e-20. */
    static double[][] exp(double[][] x) {
        double norm = norm(x);
        int halves = norm <= 0.5 ? 0 : Math.max(0, Math.getExponent(norm) + 2);
        double scale = Math.scalb(1.0, -halves);
        double[][] small = sum(scale, x, 0, x);
        double[][] power = identity(x.length);
        double[][] exp = power;
        for (int k = 1; k <= 16; k++) {
            power = sum(1.0 / k, product(power, small), 0, power);
            exp = sum(1, exp, 1, power);
        }
        for (int k = 0; k < halves; k++) {
            exp = product(exp, exp);
        }
        return exp;
    }

    /** The corner [0, n) x [n, 2n) of exp of [[X, Y], [0, Z]]: the integral of exp(X (1 - r)) Y exp(Z r) over r in [0, 1]. */
    static double[][] corner(double[][] x, double[][] y, double[][] z) {
        int n = x.length;
        double[][] block = new double[2 * n][2 * n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(x[i], 0, block[i], 0, n);
            System.arraycopy(y[i], 0, block[i], n, n);
            System.arraycopy(z[i], 0, block[n + i], n, n);
        }
        double[][] exp = exp(block);
        double[][] corner = new double[n][n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(exp[i], n, corner[i], 0, n);
        }
        return corner;
    }

    /**
     * The lower triangle L with L L' = X.
     *
     * @throws IllegalArgumentException if X is not positive definite
     */
    public static double[][] cholesky(double[][] x) {
        int n = x.length;
        double[][] lower = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = x[i][j];
                for (int k = 0; k < j; k++) {
                    sum -= lower[i][k] * lower[j][k];
                }
                if (i == j && !(sum > 0)) {
                    throw new IllegalArgumentException("a covariance is positive definite, got the pivot " + sum
                            + " in row " + i + "; add a little to its diagonal");
                }
                lower[i][j] = i == j ? StrictMath.sqrt(sum) : sum / lower[j][j];
            }
        }
        return lower;
    }

    /** The inverse of a lower triangle, a lower triangle too. */
    public static double[][] inverseLower(double[][] lower) {
        int n = lower.length;
        double[][] inverse = new double[n][n];
        for (int j = 0; j < n; j++) {
            for (int i = j; i < n; i++) {
                double sum = i == j ? 1 : 0;
                for (int k = j; k < i; k++) {
                    sum -= lower[i][k] * inverse[k][j];
                }
                inverse[i][j] = sum / lower[i][i];
            }
        }
        return inverse;
    }
}
