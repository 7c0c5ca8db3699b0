package org.tweedie.sde;

import java.util.Arrays;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.RowField;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * Data of law sum_k w_k N(m_k, S_k), for which everything is in closed form: under a linear SDE
 * p_t = sum_k w_k N(alpha m_k, alpha^2 S_k + sigma^2 I). The oracle of samplers, likelihoods and metrics; in double.
 *
 * <p>Immutable, safe for use by many threads.
 */
public final class GaussianMixture {
    private final double[] weights;
    private final double[][] means;
    private final double[][][] covariances;
    private final SymmetricEigen[] eigen;

    /**
     * A mixture.
     *
     * @param weights positive; scaled to sum to 1
     * @param means [component][dimension]
     * @param covariances [component][dimension][dimension], symmetric, no eigenvalue below 0
     */
    public GaussianMixture(double[] weights, double[][] means, double[][][] covariances) {
        int components = weights.length;
        if (components == 0 || means.length != components || covariances.length != components) {
            throw new IllegalArgumentException(
                    "a mixture has as many weights, means and covariances, at least one, got " + components + ", "
                            + means.length + " and " + covariances.length);
        }
        double total = Arrays.stream(weights).sum();
        this.weights = new double[components];
        this.means = new double[components][];
        this.covariances = new double[components][][];
        eigen = new SymmetricEigen[components];
        for (int k = 0; k < components; ++k) {
            if (!(weights[k] > 0 && total < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "weights must be positive and finite, got " + Arrays.toString(weights));
            }
            this.weights[k] = weights[k] / total;
            this.means[k] = means[k].clone();
            this.covariances[k] = checked(covariances[k], means[0].length);
            eigen[k] = SymmetricEigen.of(this.covariances[k]);
            if (means[k].length != means[0].length
                    || Arrays.stream(eigen[k].values()).anyMatch(v -> !(v >= -1e-12))) {
                throw new IllegalArgumentException("component " + k + " needs a mean of dimension " + means[0].length
                        + " and a covariance without negative eigenvalues, got mean " + Arrays.toString(means[k])
                        + " and eigenvalues "
                        + Arrays.toString(eigen[k].values()));
            }
        }
    }

    /** One Gaussian. */
    public static GaussianMixture gaussian(double[] mean, double[][] covariance) {
        return new GaussianMixture(new double[] {1}, new double[][] {mean}, new double[][][] {covariance});
    }

    /** Components that are round: N(m_k, variance I), of one weight. */
    public static GaussianMixture round(double variance, double[]... means) {
        double[] weights = new double[means.length];
        Arrays.fill(weights, 1);
        double[][][] covariances = new double[means.length][][];
        for (int k = 0; k < means.length; ++k) {
            covariances[k] = new double[means[k].length][means[k].length];
            for (int d = 0; d < means[k].length; ++d) {
                covariances[k][d][d] = variance;
            }
        }
        return new GaussianMixture(weights, means, covariances);
    }

    private static double[][] checked(double[][] covariance, int dimension) {
        double[][] copy = new double[covariance.length][];
        for (int i = 0; i < copy.length; ++i) {
            copy[i] = covariance[i].clone();
            for (int j = 0; j < copy[i].length && copy[i].length == dimension && copy.length == dimension; ++j) {
                if (StrictMath.abs(covariance[i][j] - covariance[j][i])
                        > 1e-12 * (1 + StrictMath.abs(covariance[i][j]))) {
                    throw new IllegalArgumentException(
                            "a covariance is symmetric, got " + covariance[i][j] + " and " + covariance[j][i]);
                }
            }
            if (copy[i].length != dimension || copy.length != dimension) {
                throw new IllegalArgumentException("a covariance is " + dimension + " x " + dimension + " here, got "
                        + covariance.length + " rows, one of " + copy[i].length);
            }
        }
        return copy;
    }

    public int components() {
        return weights.length;
    }

    public int dimension() {
        return means[0].length;
    }

    public double weight(int component) {
        return weights[component];
    }

    public double[] mean(int component) {
        return means[component].clone();
    }

    public double[][] covariance(int component) {
        return Arrays.stream(covariances[component]).map(double[]::clone).toArray(double[][]::new);
    }

    /** The mean of the mixture. */
    public double[] mean() {
        double[] mean = new double[dimension()];
        for (int k = 0; k < components(); ++k) {
            for (int d = 0; d < mean.length; ++d) {
                mean[d] += weights[k] * means[k][d];
            }
        }
        return mean;
    }

    /** The covariance of the mixture. */
    public double[][] covariance() {
        double[] mean = mean();
        double[][] covariance = new double[mean.length][mean.length];
        for (int k = 0; k < components(); ++k) {
            for (int i = 0; i < mean.length; ++i) {
                for (int j = 0; j < mean.length; ++j) {
                    covariance[i][j] +=
                            weights[k] * (covariances[k][i][j] + (means[k][i] - mean[i]) * (means[k][j] - mean[j]));
                }
            }
        }
        return covariance;
    }

    /** The law at time t: alpha X + sigma Z. */
    public GaussianMixture at(Sde sde, double t) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        double[][] moved = new double[components()][dimension()];
        double[][][] spread = new double[components()][dimension()][dimension()];
        for (int k = 0; k < components(); ++k) {
            for (int i = 0; i < dimension(); ++i) {
                moved[k][i] = alpha * means[k][i];
                for (int j = 0; j < dimension(); ++j) {
                    spread[k][i][j] = alpha * alpha * covariances[k][i][j] + (i == j ? sigma * sigma : 0);
                }
            }
        }
        return new GaussianMixture(weights, moved, spread);
    }

    /** ln of the density. */
    public double logDensity(double[] x) {
        double[] terms = new double[components()];
        double[] centred = new double[dimension()];
        for (int k = 0; k < terms.length; ++k) {
            terms[k] = logTerm(k, 1, 0, x, centred);
        }
        return logSumExp(terms);
    }

    /** grad ln of the density at time t of the data carried along by the SDE. */
    public double[] score(Sde sde, double[] x, double t) {
        double[] score = new double[dimension()];
        score(sde.alpha(t), sde.sigma(t), x, score);
        return score;
    }

    /** The score under an SDE as a field (x; t) -> score. */
    public RowField score(Sde sde) {
        return (from, t, into) -> score(sde.alpha(t), sde.sigma(t), from[0], into[0]);
    }

    /**
     * The score under an SDE of a single Gaussian as an affine field: -(alpha^2 S + sigma^2 I)^-1 (x - alpha m).
     *
     * @throws IllegalArgumentException if there are several components
     */
    public AffineField affineScore(Sde sde) {
        if (components() != 1) {
            throw new IllegalArgumentException(
                    "the score of a mixture of " + components() + " is not affine; only one Gaussian's is");
        }
        return t -> {
            double alpha = sde.alpha(t);
            double sigma = sde.sigma(t);
            int n = dimension();
            double[][] matrix = new double[n][n];
            double[] offset = new double[n];
            for (int i = 0; i < n; ++i) {
                for (int j = 0; j < n; ++j) {
                    for (int e = 0; e < n; ++e) {
                        double variance = alpha * alpha * eigen[0].values()[e] + sigma * sigma;
                        matrix[i][j] -= eigen[0].vectors()[i][e] * eigen[0].vectors()[j][e] / variance;
                    }
                    offset[i] -= matrix[i][j] * alpha * means[0][j];
                }
            }
            return new AffineField.Affine(matrix, offset);
        };
    }

    /** Row {@code index} of the sample of {@code seed}: component by inverse distribution, then its eigenvectors times normals. */
    public double[] sample(long seed, long index) {
        double u = Philox.words(seed, index, Purpose.DATA, 0).uniform(0);
        int k = 0;
        for (double below = weights[0]; k + 1 < components() && u > below; below += weights[k]) {
            ++k;
        }
        Words words = Philox.words(seed, index, Purpose.DATA, 1);
        double[] x = means[k].clone();
        for (int e = 0; e < x.length; ++e) {
            double z = StrictMath.sqrt(StrictMath.max(0, eigen[k].values()[e])) * words.normal(e);
            for (int i = 0; i < x.length; ++i) {
                x[i] += eigen[k].vectors()[i][e] * z;
            }
        }
        return x;
    }

    /** Rows 0 to count of the sample of {@code seed}. */
    public double[][] samples(long seed, int count) {
        double[][] rows = new double[count][];
        for (int i = 0; i < count; ++i) {
            rows[i] = sample(seed, i);
        }
        return rows;
    }

    /** The Jacobian of the score at time t of the data carried along by the SDE, row by row: the Hessian of ln p_t. */
    public double[][] scoreJacobian(Sde sde, double[] x, double t) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        int n = dimension();
        double[] terms = new double[components()];
        double[][] centred = new double[components()][n];
        for (int k = 0; k < terms.length; ++k) {
            terms[k] = logTerm(k, alpha, sigma, x, centred[k]);
        }
        double total = logSumExp(terms);
        double[] score = score(sde, x, t);
        double[][] jacobian = new double[n][n];
        for (int k = 0; k < terms.length; ++k) {
            double share = StrictMath.exp(terms[k] - total);
            double[] pull = new double[n];
            for (int e = 0; e < n; ++e) {
                double precision = 1 / (alpha * alpha * eigen[k].values()[e] + sigma * sigma);
                for (int i = 0; i < n; ++i) {
                    pull[i] -= eigen[k].vectors()[i][e] * centred[k][e] * precision;
                    for (int j = 0; j < n; ++j) {
                        jacobian[i][j] -= share * precision * eigen[k].vectors()[i][e] * eigen[k].vectors()[j][e];
                    }
                }
            }
            for (int i = 0; i < n; ++i) {
                for (int j = 0; j < n; ++j) {
                    jacobian[i][j] += share * pull[i] * pull[j];
                }
            }
        }
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                jacobian[i][j] -= score[i] * score[j];
            }
        }
        return jacobian;
    }

    private void score(double alpha, double sigma, double[] x, double[] into) {
        double[] terms = new double[components()];
        double[][] centred = new double[components()][dimension()];
        for (int k = 0; k < terms.length; ++k) {
            terms[k] = logTerm(k, alpha, sigma, x, centred[k]);
        }
        double total = logSumExp(terms);
        Arrays.fill(into, 0);
        for (int k = 0; k < terms.length; ++k) {
            double share = StrictMath.exp(terms[k] - total);
            for (int e = 0; e < into.length; ++e) {
                double pull = -share * centred[k][e] / (alpha * alpha * eigen[k].values()[e] + sigma * sigma);
                for (int i = 0; i < into.length; ++i) {
                    into[i] += eigen[k].vectors()[i][e] * pull;
                }
            }
        }
    }

    /** ln (w_k N(x; alpha m_k, alpha^2 S_k + sigma^2 I)); fills x - alpha m_k in eigenvectors. */
    private double logTerm(int k, double alpha, double sigma, double[] x, double[] centred) {
        double sum = StrictMath.log(weights[k]);
        for (int e = 0; e < x.length; ++e) {
            double along = 0;
            for (int i = 0; i < x.length; ++i) {
                along += eigen[k].vectors()[i][e] * (x[i] - alpha * means[k][i]);
            }
            centred[e] = along;
            double variance = alpha * alpha * eigen[k].values()[e] + sigma * sigma;
            sum -= 0.5 * (StrictMath.log(2 * Math.PI * variance) + along * along / variance);
        }
        return sum;
    }

    private static double logSumExp(double[] terms) {
        double most = Arrays.stream(terms).max().orElseThrow();
        double sum = 0;
        for (double term : terms) {
            sum += StrictMath.exp(term - most);
        }
        return most + StrictMath.log(sum);
    }
}
