package org.tweedie.sde;

/**
 * What a row costs in nats under a {@link FlexibleSde} and a score, and how that changes with the process's numbers: the variational bound with
 * full matrices (Du et al., ICML 2023, arXiv 2206.10365; Huang, Lim and Courville, NeurIPS 2021, arXiv 2106.02808). With x = E x0 + L eps and
 * L L' = I - E E' at the time told,
 *
 * <pre>
 * prior            KL(N(E x0, Sigma) || N(0, I)) = (tr Sigma + |E x0|^2 - d - ln det Sigma)/2               at T
 * diffusion        integral of beta |R^(-1/2) (score(x; t) + L^(-T) eps)|^2/2 dt                          cutoff to T
 * reconstruction   |eps + L' score(x)|^2/2 + (d ln 2 pi + ln det Sigma + tr R^-1 B)/2                     at the cutoff
 * </pre>
 *
 * <p>Gradients are along ln of each rate, then along each number of omega; through E they go by the adjoint of the derivative of exp (Frechet), through
 * L by that of Cholesky's decomposition. Double. Immutable, shared by threads if the score is.
 */
public final class FlexibleBound {
    private final FlexibleSde sde;
    private final Score score;

    /** A score with its vector-Jacobian product. Immutable, shared by threads. */
    public interface Score {
        /** score(x; t). */
        double[] at(double[] x, double t);

        /** J' c, J the derivative of score(x; t) along x. */
        double[] back(double[] x, double t, double[] cotangent);
    }

    /**
     * A term of a row's cost. Immutable but for its array, which nobody may change while threads share it.
     *
     * @param value in nats
     * @param gradient along ln of each rate, then along each number of omega above its diagonal, row by row
     */
    public record Term(double value, double[] gradient) {}

    public FlexibleBound(FlexibleSde sde, Score score) {
        this.sde = sde;
        this.score = score;
    }

    /** What the prior costs a row. */
    public Term prior(double[] x0) {
        double c = sde.clock(sde.horizon());
        Law law = new Law(c);
        int d = x0.length;
        double[] mean = times(law.e, x0);
        double[][] ofE = outer(mean, x0);
        double[][] inverse = inverse(law.lower);
        double value = 0;
        for (int i = 0; i < d; i++) {
            value += 0.5 * (law.sigma[i][i] + mean[i] * mean[i] - 1) - StrictMath.log(law.lower[i][i]);
        }
        double[][] ofSigma = SquareMatrix.sum(0.5, SquareMatrix.identity(d), -0.5, inverse);
        return new Term(value, law.gradient(ofE, ofSigma, new double[d]));
    }

    /** The integrand of what the way costs a row, at time t and this noise; its mean over times uniform between cutoff and T, times their distance, is it. */
    public Term diffusion(double[] x0, double[] eps, double t) {
        Law law = new Law(sde.clock(t));
        int d = x0.length;
        double beta = sde.beta(t);
        double[] rates = sde.rates();
        double[] x = law.noisy(x0, eps);
        double[] whitened = law.whitened(eps);
        double[] s = score.at(x, t);
        double[] off = new double[d];
        double[] back = new double[d];
        double[] direct = new double[d];
        double value = 0;
        for (int i = 0; i < d; i++) {
            off[i] = s[i] + whitened[i];
            back[i] = beta * rates[i] * off[i];
            direct[i] = 0.5 * beta * off[i] * off[i];
            value += rates[i] * direct[i];
        }
        double[] ofX = score.back(x, t, back);
        // L^-T eps changes by -L^-T dL' L^-T eps: along L by -(L^-T eps) (L^-1 back)'
        double[][] ofLower = SquareMatrix.sum(1, outer(ofX, eps), -1, outer(whitened, times(law.inverseLower, back)));
        return new Term(value, law.gradient(outer(ofX, x0), law.ofSigma(ofLower), direct));
    }

    /** What the cutoff costs a row. */
    public Term reconstruction(double[] x0, double[] eps) {
        double t = sde.cutoff();
        double c = sde.clock(t);
        Law law = new Law(c);
        int d = x0.length;
        double[] rates = sde.rates();
        double[] x = law.noisy(x0, eps);
        double[] s = score.at(x, t);
        double[] error = times(SquareMatrix.transposed(law.lower), s);
        double value = 0;
        double[] direct = new double[d];
        for (int i = 0; i < d; i++) {
            error[i] += eps[i];
            value += 0.5 * (error[i] * error[i] + StrictMath.log(2 * Math.PI) + rates[i] * c)
                    + StrictMath.log(law.lower[i][i]);
            direct[i] = 0.5 * c;
        }
        double[] ofX = score.back(x, t, times(law.lower, error));
        double[][] ofLower = SquareMatrix.sum(1, outer(ofX, eps), 1, outer(s, error));
        double[][] ofSigma = SquareMatrix.sum(1, law.ofSigma(ofLower), 0.5, inverse(law.lower));
        return new Term(value, law.gradient(outer(ofX, x0), ofSigma, direct));
    }

    /** The law of x given x0 at a clock. */
    private final class Law {
        private final double c;
        private final double[][] e;
        private final double[][] sigma;
        private final double[][] lower;
        private final double[][] inverseLower;

        Law(double c) {
            this.c = c;
            e = sde.transition(c);
            sigma = sde.covariance(c);
            lower = SquareMatrix.cholesky(sigma);
            inverseLower = SquareMatrix.inverseLower(lower);
        }

        double[] noisy(double[] x0, double[] eps) {
            double[] x = times(e, x0);
            double[] noise = times(lower, eps);
            for (int i = 0; i < x.length; i++) {
                x[i] += noise[i];
            }
            return x;
        }

        /** L^-T eps, minus the score of x given x0. */
        double[] whitened(double[] eps) {
            return times(SquareMatrix.transposed(inverseLower), eps);
        }

        /** What a change of L is to one of Sigma: L^-T (P + P')/2 L^-1, P the lower triangle of L' G with half its diagonal. */
        double[][] ofSigma(double[][] ofLower) {
            int d = ofLower.length;
            double[][] p = SquareMatrix.product(SquareMatrix.transposed(lower), ofLower);
            double[][] half = new double[d][d];
            for (int i = 0; i < d; i++) {
                for (int j = 0; j < i; j++) {
                    half[i][j] = 0.5 * p[i][j];
                    half[j][i] = 0.5 * p[i][j];
                }
                half[i][i] = 0.5 * p[i][i];
            }
            return SquareMatrix.product(
                    SquareMatrix.transposed(inverseLower), SquareMatrix.product(half, inverseLower));
        }

        /** Along the numbers, from what goes back to E, to Sigma = I - E E' and to the rates themselves. */
        double[] gradient(double[][] ofE, double[][] ofSigma, double[] direct) {
            double[][] all = SquareMatrix.sum(1, ofE, -2, SquareMatrix.product(ofSigma, e));
            double[][] ofDrift = sde.transitionAdjoint(c, all);
            double[] rates = sde.rates();
            int d = rates.length;
            double[] gradient = new double[d + d * (d - 1) / 2];
            int at = d;
            for (int i = 0; i < d; i++) {
                gradient[i] = rates[i] * (direct[i] - 0.5 * ofDrift[i][i]);
                for (int j = i + 1; j < d; j++) {
                    gradient[at++] = ofDrift[j][i] - ofDrift[i][j];
                }
            }
            return gradient;
        }
    }

    private static double[][] inverse(double[][] lower) {
        double[][] inverse = SquareMatrix.inverseLower(lower);
        return SquareMatrix.product(SquareMatrix.transposed(inverse), inverse);
    }

    private static double[] times(double[][] matrix, double[] x) {
        double[] product = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x.length; j++) {
                product[i] += matrix[i][j] * x[j];
            }
        }
        return product;
    }

    private static double[][] outer(double[] a, double[] b) {
        double[][] outer = new double[a.length][b.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b.length; j++) {
                outer[i][j] = a[i] * b[j];
            }
        }
        return outer;
    }
}
