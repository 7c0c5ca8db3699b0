package org.tweedie.sde;

/**
 * A {@link FlexibleSde} at one time t: the law N(E x0, Sigma) of x, its scores, and what a network learns of them there ({@link
 * FlexibleParametrisation}). With L L' = Sigma = I - M, M = E E':
 *
 * <pre>
 * x = E x0 + L eps        the score of x given x0 is -L^-T eps = -x + (E x0 - M L^-T eps)
 * </pre>
 *
 * Double. Immutable, shared by threads.
 */
public final class FlexibleMoment {
    /** What the square of the network's scale is at least, so that a target is a number where nothing of a row is left. */
    private static final double LEAST = 1e-200;

    final double clock;
    final double beta;
    final double[] rates;
    final double[][] e;
    final double[][] sigma;
    final double[][] lower;
    final double[][] inverseLower;

    /** M L^-T. */
    private final double[][] pulled;

    /** Sigma^-1 - I, its diagonal. */
    final double[] excess;

    /** Whether c^2 is what it should be, not its least. */
    final boolean told;

    private final double scale;
    private final FlexibleSde sde;

    /** @param t from the cutoff to 1 */
    public FlexibleMoment(FlexibleSde sde, double t) {
        this.sde = sde;
        clock = sde.clock(t);
        beta = sde.beta(t);
        rates = sde.rates();
        e = sde.transition(clock);
        sigma = sde.covariance(clock);
        lower = SquareMatrix.cholesky(sigma);
        inverseLower = SquareMatrix.inverseLower(lower);
        double[][] whitening = SquareMatrix.transposed(inverseLower);
        pulled = SquareMatrix.product(SquareMatrix.product(e, SquareMatrix.transposed(e)), whitening);
        int d = rates.length;
        excess = new double[d];
        double trace = 0;
        for (int i = 0; i < d; i++) { // M Sigma^-1 = (M L^-T) L^-1, without a difference of nearly equal numbers
            for (int j = 0; j < d; j++) {
                excess[i] += pulled[i][j] * inverseLower[j][i];
            }
            trace += rates[i] * excess[i];
        }
        told = trace > d * LEAST;
        scale = StrictMath.sqrt(told ? trace / d : LEAST);
    }

    FlexibleSde sde() {
        return sde;
    }

    /** c, the root of the mean over coordinates of R^-1 (Sigma^-1 - I): the network's target has variance 1 for data of N(0, I). */
    public double scale() {
        return scale;
    }

    /** The factor of coordinate i of the network's output in the score, c/sqrt(rate i). */
    public double gain(int i) {
        return scale / StrictMath.sqrt(rates[i]);
    }

    /** The weight of |out - target|^2 in the bound's integrand: beta c^2/2, for all coordinates one. */
    public double weight() {
        return 0.5 * beta * scale * scale;
    }

    /** E x0 + L eps. */
    public double[] noisy(double[] x0, double[] eps) {
        return sum(e, x0, 1, lower, eps);
    }

    /**
     * Target and x by one matrix of 2d x 2d: what each number of x0, then of eps, a row each, adds to each of the target, then of x. The target is what the
     * network's output is at its best, sqrt(R^-1) (E x0 - M L^-T eps)/c; x is {@link #noisy}.
     */
    public double[][] pairs() {
        int d = rates.length;
        double[][] pairs = new double[2 * d][2 * d];
        for (int i = 0; i < d; i++) {
            for (int j = 0; j < d; j++) {
                pairs[i][j] = e[j][i] / gain(j);
                pairs[i][d + j] = e[j][i];
                pairs[d + i][j] = -pulled[j][i] / gain(j);
                pairs[d + i][d + j] = lower[j][i];
            }
        }
        return pairs;
    }

    /** L^-T eps, minus the score of x given x0. */
    double[] whitened(double[] eps) {
        return times(SquareMatrix.transposed(inverseLower), eps);
    }

    /** Sigma^-1. */
    double[][] precision() {
        return SquareMatrix.product(SquareMatrix.transposed(inverseLower), inverseLower);
    }

    static double[] times(double[][] matrix, double[] x) {
        return sum(matrix, x, 0, matrix, x);
    }

    /** A x + b B y. */
    private static double[] sum(double[][] a, double[] x, double b, double[][] m, double[] y) {
        double[] sum = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double of = 0;
            double and = 0;
            for (int j = 0; j < x.length; j++) {
                of += a[i][j] * x[j];
                and += m[i][j] * y[j];
            }
            sum[i] = of + b * and;
        }
        return sum;
    }
}
