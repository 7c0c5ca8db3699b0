package org.tweedie.theory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;

/** Spectra of scores against subspaces, a circle and a sphere in closed form. */
class ScoreSpectrumTest {
    private static Sde vp(int width) {
        return new VpSde().on(Space.euclidean(width));
    }

    /** N(0, V V' + thick^2 (I - V V')), V the first directions of a random rotation. */
    private static GaussianMixture subspace(int width, int dimension, double thick) {
        double[][] basis = new double[width][width];
        for (int i = 0; i < width; i++) {
            for (int d = 0; d < width; d++) {
                basis[i][d] = Philox.words(7, i, Purpose.DATA, 0).normal(d);
            }
            for (int j = 0; j < i; j++) { // Gram and Schmidt
                double dot = 0;
                for (int d = 0; d < width; d++) {
                    dot += basis[i][d] * basis[j][d];
                }
                for (int d = 0; d < width; d++) {
                    basis[i][d] -= dot * basis[j][d];
                }
            }
            double length = Math.sqrt(Arrays.stream(basis[i]).map(v -> v * v).sum());
            for (int d = 0; d < width; d++) {
                basis[i][d] /= length;
            }
        }
        double[][] covariance = new double[width][width];
        for (int k = 0; k < width; k++) {
            double variance = k < dimension ? 1 : thick * thick;
            for (int i = 0; i < width; i++) {
                for (int j = 0; j < width; j++) {
                    covariance[i][j] += variance * basis[k][i] * basis[k][j];
                }
            }
        }
        return GaussianMixture.gaussian(new double[width], covariance);
    }

    /**
     * Subspaces of every dimension, with 8 draws a coordinate; and where there are many draws the shares 1/(1 + (alpha delta/sigma)^2), by their mean
     * squares, which the sampled covariance estimates without bias: each of n(n + 1)/2 products has variance 2 share^4/draws at most.
     */
    @ParameterizedTest
    @CsvSource({"5,0", "5,0.1", "11,0", "11,0.1", "20,0", "20,0.1"})
    void theDimensionOfASubspaceIsFound(int width, double thick) {
        Sde sde = vp(width);
        double t = sde.timeOfNoiseToSignal(0.4); // alpha is 0.93 there
        for (int dimension = 0; dimension <= width; dimension += 1 + width / 6) {
            GaussianMixture data = subspace(width, dimension, thick);
            double[] point = data.sample(3, dimension);
            assertEquals(
                    dimension,
                    ScoreSpectrum.at(data.score(sde), sde, point, t, ScoreSpectrum.LEAST_DRAWS * width, 5)
                            .dimension());
            int draws = 4000;
            ScoreSpectrum spectrum = ScoreSpectrum.at(data.score(sde), sde, point, t, draws, 5);
            assertEquals(dimension, spectrum.dimension());
            double across = share(sde, t, thick);
            double along = share(sde, t, 1);
            square(across, spectrum.shares(), 0, width - dimension, draws);
            square(along, spectrum.shares(), width - dimension, width, draws);
            double widest = 1 + 2 * Math.sqrt(width / (double) draws); // Marchenko and Pastur
            double expected = (dimension == width ? 1 : across) - (dimension == 0 ? 0 : along);
            assertEquals(expected, spectrum.gap(), 2 * (widest - 1));
        }
    }

    private static double share(Sde sde, double t, double delta) {
        return 1 / (1 + Math.pow(sde.alpha(t) * delta / sde.sigma(t), 2));
    }

    private static void square(double share, double[] shares, int from, int to, int draws) {
        double mean = Arrays.stream(shares, from, to).map(s -> s * s).average().orElse(share * share);
        double deviation = share * share * Math.sqrt(2.0 / draws / Math.max(1, to - from));
        assertEquals(share * share, mean, 5 * deviation + 1e-6); // false alarm 6e-7
    }

    /** A direction belongs to the data where they are wider than the noise sigma/alpha. */
    @Test
    void theNoiseSaysWhatIsFlat() {
        Sde sde = vp(4);
        GaussianMixture data = GaussianMixture.gaussian(
                new double[4], new double[][] {{1, 0, 0, 0}, {0, 0.01, 0, 0}, {0, 0, 1e-4, 0}, {0, 0, 0, 1e-6}
                }); // 1, 0.1, 0.01, 0.001
        int[] dimensions = {4, 3, 2, 1, 0};
        double[] noise = {5e-4, 5e-3, 0.05, 0.5, 5};
        for (int i = 0; i < noise.length; i++) {
            double t = sde.timeOfNoiseToSignal(noise[i]);
            ScoreSpectrum spectrum = ScoreSpectrum.at(data.score(sde), sde, new double[4], t, 400, 1);
            assertEquals(dimensions[i], spectrum.dimension(), "noise " + noise[i]);
            assertTrue(spectrum.gap() > 0.5, "gap " + spectrum.gap());
        }
        for (double ratio : new double[] {0.85, 1.18}) {
            ScoreSpectrum near = ScoreSpectrum.at(
                    data.score(sde), sde, new double[4], sde.timeOfNoiseToSignal(0.1 * ratio), 4000, 1);
            assertEquals(ratio < 1 ? 2 : 1, near.dimension());
            assertTrue(near.gap() < 0.65, "gap " + near.gap());
        }
    }

    /** An error of the score that is the same everywhere, and any mean, adds no direction: the spectrum is the same. */
    @Test
    void theMeanOfTheScoresCountsNowhere() {
        Sde sde = vp(5);
        RowField exact = subspace(5, 2, 0).score(sde);
        RowField off = (from, t, into) -> {
            exact.evaluate(from, t, into);
            for (int d = 0; d < 5; d++) {
                into[0][d] += 40 * (d - 1);
            }
        };
        double t = sde.timeOfNoiseToSignal(0.1);
        double[] shares = ScoreSpectrum.at(exact, sde, new double[5], t, 80, 1).shares();
        assertArrayEquals(
                shares, ScoreSpectrum.at(off, sde, new double[5], t, 80, 1).shares(), 1e-9);
    }

    /**
     * Scores of a uniform sphere of radius R point along the radius alone: rho(r) x/r, so across it the share is 1 and along it that of -n tau/(alpha R), n
     * and tau standard normal, which is sigma/(alpha R); corrections are of second order. The mean score is -2/(alpha R) along the radius.
     */
    @ParameterizedTest
    @CsvSource({"0.02,1.5", "0.1,1.5", "0.7,6"})
    void theSphereHasDimensionTwo(double noise, double radius) {
        Sde sde = vp(3);
        RowField sphere = (from, t, into) -> {
            double[] x = from[0];
            double r = Math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
            double square = sde.sigma(t) * sde.sigma(t);
            double kappa = sde.alpha(t) * radius * r / square;
            double pull = sde.alpha(t) * radius / square * (1 / Math.tanh(kappa) - 1 / kappa);
            for (int d = 0; d < 3; d++) {
                into[0][d] = x[d] * (pull / r - 1 / square);
            }
        };
        double[] point = {2 * radius / 3, -2 * radius / 3, radius / 3};
        ScoreSpectrum spectrum = ScoreSpectrum.at(sphere, sde, point, sde.timeOfNoiseToSignal(noise), 4000, 2);
        assertEquals(2, spectrum.dimension());
        double bent = noise / radius;
        assertEquals(1, spectrum.shares()[0], 0.06 + bent * bent); // 5 deviations of 1/sqrt(2 draws)
        for (int i = 1; i < 3; i++) {
            assertEquals(bent, spectrum.shares()[i], 0.1 * bent + bent * bent);
        }
        assertTrue(spectrum.gap() > 0.8);
    }

    /** A circle of 400 rows in the plane: points below the distance of rows, 0.03; a circle above it; a point from afar. */
    @Test
    void theCircleHasDimensionOne() {
        Sde sde = vp(2);
        double[][] circle = new double[400][2];
        for (int i = 0; i < 400; i++) {
            circle[i][0] = 2 * Math.cos(2 * Math.PI * i / 400);
            circle[i][1] = 2 * Math.sin(2 * Math.PI * i / 400);
        }
        // snippet: dimension
        EmpiricalScore learnedByHeart = EmpiricalScore.of(circle, sde);
        double t = sde.timeOfNoiseToSignal(0.1); // seen with noise of a tenth
        ScoreSpectrum spectrum = ScoreSpectrum.at(learnedByHeart, sde, circle[37], t, 100, 5);
        int dimension = spectrum.dimension(); // 1: noise is undone across the circle, not along it
        double gap = spectrum.gap(); // 0.9: nothing else could be said
        // end
        assertEquals(1, dimension);
        assertTrue(gap > 0.8, "gap " + gap);
        assertEquals(0.05, spectrum.shares()[1], 0.02); // sigma/(alpha R)
        assertEquals(0, at(learnedByHeart, sde, circle[37], 0.004));
        assertEquals(1, at(learnedByHeart, sde, circle[37], 0.04));
        assertEquals(0, at(learnedByHeart, sde, circle[37], 8));
    }

    private static int at(RowField score, Sde sde, double[] point, double noise) {
        return ScoreSpectrum.at(score, sde, point, sde.timeOfNoiseToSignal(noise), 100, 5)
                .dimension();
    }

    @Test
    void whatSaysNothingIsRefused() {
        Sde sde = vp(2);
        RowField score = subspace(2, 1, 0).score(sde);
        assertEquals(
                "a spectrum of 2 coordinates needs at least 16 draws, got 15",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> ScoreSpectrum.at(score, sde, new double[2], 0.1, 15, 1))
                        .getMessage());
        for (double t : new double[] {0, -1, 2, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> ScoreSpectrum.at(score, sde, new double[2], t, 16, 1));
        }
        assertThrows(IllegalArgumentException.class, () -> ScoreSpectrum.of(new double[0][], 1));
    }
}
