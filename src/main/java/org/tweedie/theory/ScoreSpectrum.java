package org.tweedie.theory;

import java.util.Arrays;
import org.tweedie.plan.RowField;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SymmetricEigen;

/**
 * The dimension of the data near a point, from the score alone: at small t the score points back to the data, so that scores at noisy
 * copies of the point span its normal directions and nearly vanish along it. The dimension is that of the space less the number of
 * singular values before the largest fall (Stanczuk et al., ICML 2024, arXiv 2212.12611). Immutable but for its array, which nobody may
 * change while threads share it.
 *
 * @param singular root mean square of the scores along each principal direction, falling
 * @param dimension of the data there
 * @param fall the singular value before the largest fall over the one after it; near 1 there is no manifold to see
 */
public record ScoreSpectrum(double[] singular, int dimension, double fall) {
    /**
     * The spectrum at a point of the data.
     *
     * @param score of p_t, one input and one output as wide as the point, at least 2
     * @param point of the data, before noise
     * @param t small: sigma(t) well below the size of what is to be seen and above the distance of neighbouring rows
     * @param draws of noise, at least twice the width
     */
    public static ScoreSpectrum at(RowField score, Sde sde, double[] point, double t, int draws, long seed) {
        int width = point.length;
        if (width < 2 || draws < 2 * width || !(t > 0 && t <= sde.horizon())) {
            throw new IllegalArgumentException(
                    "a spectrum needs a point of at least 2 coordinates, twice as many draws and a time in (0, "
                            + sde.horizon() + "], got " + width + " coordinates, " + draws + " draws and time " + t);
        }
        double[][] second = new double[width][width];
        double[][] x = new double[1][width];
        double[][] s = new double[1][width];
        for (int k = 0; k < draws; k++) {
            Words words = Philox.words(seed, k, Purpose.PROBE, 0);
            for (int d = 0; d < width; d++) {
                x[0][d] = sde.alpha(t) * point[d] + sde.sigma(t) * words.normal(d);
            }
            score.evaluate(x, t, s);
            for (int i = 0; i < width; i++) {
                for (int j = 0; j < width; j++) {
                    second[i][j] += s[0][i] * s[0][j] / draws;
                }
            }
        }
        double[] values = SymmetricEigen.of(second).values();
        Arrays.sort(values);
        double[] singular = new double[width];
        for (int i = 0; i < width; i++) {
            singular[i] = StrictMath.sqrt(StrictMath.max(0, values[width - 1 - i]));
        }
        int normal = 1;
        for (int i = 2; i < width; i++) {
            if (singular[i - 1] - singular[i] > singular[normal - 1] - singular[normal]) {
                normal = i;
            }
        }
        return new ScoreSpectrum(singular, width - normal, singular[normal - 1] / singular[normal]);
    }
}
