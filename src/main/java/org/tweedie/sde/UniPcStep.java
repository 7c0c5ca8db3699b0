package org.tweedie.sde;

/** The weights of one step of {@link UniPc}. Immutable but for its arrays. */
final class UniPcStep {
    private final double x;
    private final double[] predicted;
    private final double[] corrected;

    private UniPcStep(double x, double[] predicted, double[] corrected) {
        this.x = x;
        this.predicted = predicted;
        this.corrected = corrected;
    }

    /** The factor of x. */
    double x() {
        return x;
    }

    /** The predictor's factor of the denoised row k steps back. */
    double predicted(int k) {
        return k < predicted.length ? predicted[k] : 0;
    }

    /**
     * What the corrector adds to the predicted row: k = 0 the factor of the denoised row at that very row, k &ge; 1 of those that the predictor
     * took, k - 1 steps back of it.
     */
    double corrected(int k) {
        return k < corrected.length ? corrected[k] : 0;
    }

    static UniPcStep of(UniPc method, Sde sde, TimeGrid grid, int i) {
        double t = grid.t(i);
        double s = grid.s(i);
        double x = sde.sigma(s) / sde.sigma(t);
        if (sde.sigma(s) == 0) {
            return new UniPcStep(x, new double[] {DpmSolver1S.share(sde, t, s)}, new double[0]);
        }
        int order = StrictMath.min(method.order(), i + 1);
        double h = 0.5 * (sde.logSnr(s) - sde.logSnr(t));
        double[] r = new double[order]; // of rows back, then 1 for the end of the step
        for (int k = 1; k < order; ++k) {
            r[k - 1] = 0.5 * (sde.logSnr(grid.t(i - k)) - sde.logSnr(t)) / h;
        }
        r[order - 1] = 1;
        double base = method.base().of(-h);
        double[] b = new double[order];
        double factorial = 1;
        for (int k = 1; k <= order; ++k) {
            factorial *= k;
            b[k - 1] = -h * phi(k + 1, -h) * factorial / base;
        }
        double scale = -sde.alpha(s) * base;
        double[] p = order == 2 ? new double[] {0.5} : solve(r, b, order - 1);
        double[] c = order == 1 ? new double[] {0.5} : solve(r, b, order);

        double[] predicted = new double[order];
        double[] corrected = new double[order + 1];
        predicted[0] = DpmSolver1S.share(sde, t, s);
        for (int k = 1; k < order; ++k) {
            double weight = scale * p[k - 1] / r[k - 1];
            predicted[k] += weight;
            predicted[0] -= weight;
            double more = scale * (c[k - 1] - p[k - 1]) / r[k - 1];
            corrected[1 + k] += more;
            corrected[1] -= more;
        }
        corrected[0] = scale * c[order - 1];
        corrected[1] -= scale * c[order - 1];
        return new UniPcStep(x, predicted, corrected);
    }

    /** phi_k(z) = sum over j of z^j/(j + k)!. */
    private static double phi(int k, double z) {
        if (StrictMath.abs(z) > 1) {
            double value = StrictMath.expm1(z) / z; // phi_1
            double factorial = 1;
            for (int j = 1; j < k; ++j) {
                factorial *= j;
                value = (value - 1 / factorial) / z;
            }
            return value;
        }
        double term = 1;
        for (int j = 2; j <= k; ++j) {
            term /= j;
        }
        double sum = 0;
        for (int j = 1; j <= 24; ++j) {
            sum += term;
            term *= z / (j + k);
        }
        return sum;
    }

    /** The w with sum over k of r_k^(j - 1) w_k = b_j for j = 1 ... n. */
    private static double[] solve(double[] r, double[] b, int n) {
        double[][] m = new double[n][n + 1];
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                m[j][k] = StrictMath.pow(r[k], j);
            }
            m[j][n] = b[j];
        }
        for (int j = 0;
                j < n;
                ++j) { // a Vandermonde matrix of distinct numbers: the pivots are products of their differences
            for (int row = 0; row < n; ++row) {
                double factor = row == j ? 0 : m[row][j] / m[j][j];
                for (int k = j; k <= n && row != j; ++k) {
                    m[row][k] -= factor * m[j][k];
                }
            }
        }
        double[] w = new double[n];
        for (int j = 0; j < n; ++j) {
            w[j] = m[j][n] / m[j][j];
        }
        return w;
    }
}
