package org.tweedie.theory;

import java.util.Arrays;
import org.tweedie.plan.RowField;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SymmetricEigen;

/**
 * The dimension of the data near a point, from the score alone (Stanczuk et al., ICML 2024, arXiv 2212.12611): scores at noisy copies alpha x + sigma z
 * of the point undo the noise across the data and leave it along them. In each principal direction the noise undone is
 *
 * <pre>
 * share = sigma * standard deviation of the scores over z = 1/(1 + (alpha delta/sigma)^2)    where data are normal with deviation delta,
 * </pre>
 *
 * 1 where the data are flat, near 0 where they go far. A direction is one of the data where its share is at most 1/2: there they extend
 * by the noise's own deviation sigma/alpha or more. So the dimension belongs to a scale; rows that lie further apart than it are points. The
 * mean of the scores, which curvature, a slope of the density and the error of a model make, counts nowhere. Immutable but for its array, which
 * nobody may change while threads share it.
 *
 * @param shares one a coordinate, falling
 */
public record ScoreSpectrum(double[] shares) {
    private static final double EVEN = 0.5;

    /** Draws at least, a coordinate: a share of 1 is then seen as 1 - sqrt(1/8) = 0.65 or more, but for chance (Marchenko and Pastur). */
    public static final int LEAST_DRAWS = 8;

    /**
     * The spectrum at a point of the data.
     *
     * @param score of p_t, one input and one output as wide as the point
     * @param point of the data, before noise
     * @param t in (0, horizon]; sigma(t)/alpha(t) is the scale at which the data are seen
     * @param draws of noise, at least {@value #LEAST_DRAWS} times the width
     */
    public static ScoreSpectrum at(RowField score, Sde sde, double[] point, double t, int draws, long seed) {
        int width = point.length;
        requireDraws(draws, width);
        if (!(t > 0 && t <= sde.horizon())) {
            throw new IllegalArgumentException("a spectrum needs a time in (0, " + sde.horizon() + "], got " + t);
        }
        double[][] scores = new double[draws][width];
        double[][] x = new double[1][width];
        for (int k = 0; k < draws; k++) {
            Words words = Philox.words(seed, k, Purpose.PROBE, 0);
            for (int d = 0; d < width; d++) {
                x[0][d] = sde.alpha(t) * point[d] + sde.sigma(t) * words.normal(d);
            }
            score.evaluate(x, t, new double[][] {scores[k]});
        }
        return of(scores, sde.sigma(t));
    }

    /**
     * The spectrum of scores.
     *
     * @param scores [draw][coordinate], at noisy copies of one point: at least {@value #LEAST_DRAWS} times the width
     * @param sigma deviation of the noise
     */
    public static ScoreSpectrum of(double[][] scores, double sigma) {
        int draws = scores.length;
        int width = draws == 0 ? 0 : scores[0].length;
        requireDraws(draws, width);
        double[] mean = new double[width];
        for (double[] score : scores) {
            for (int i = 0; i < width; i++) {
                mean[i] += score[i] / draws;
            }
        }
        double[][] covariance = new double[width][width];
        for (double[] score : scores) {
            for (int i = 0; i < width; i++) {
                double one = (score[i] - mean[i]) / (draws - 1);
                for (int j = 0; j <= i; j++) {
                    covariance[i][j] += one * (score[j] - mean[j]);
                    covariance[j][i] = covariance[i][j];
                }
            }
        }
        double[] values = SymmetricEigen.of(covariance).values();
        Arrays.sort(values);
        double[] shares = new double[width];
        for (int i = 0; i < width; i++) {
            shares[i] = sigma * StrictMath.sqrt(StrictMath.max(0, values[width - 1 - i]));
        }
        return new ScoreSpectrum(shares);
    }

    /** @throws IllegalArgumentException where so many draws say too little of so many coordinates */
    public static void requireDraws(int draws, int width) {
        if (width < 1 || draws < (long) LEAST_DRAWS * width) {
            throw new IllegalArgumentException("a spectrum of " + width + " coordinates needs at least "
                    + Math.max(1L, (long) LEAST_DRAWS * width) + " draws, got " + draws);
        }
    }

    /** Directions in which the data extend by the noise or more, 0 to the width. */
    public int dimension() {
        return shares.length - across();
    }

    private int across() {
        int across = 0;
        while (across < shares.length && shares[across] > EVEN) {
            across++;
        }
        return across;
    }

    /**
     * How clear the dimension is: the least share of a direction across the data (1 if there is none) less the largest of one along them (0 if
     * there is none). Near 1 nothing else could be said; near 0 some direction is about as wide as the noise.
     */
    public double gap() {
        int across = across();
        return (across == 0 ? 1 : shares[across - 1]) - (across == shares.length ? 0 : shares[across]);
    }
}
