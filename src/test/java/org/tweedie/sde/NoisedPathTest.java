package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The weights of a path: by the paper's formula, and by the laws of pairs of times, which the process has in closed form. */
class NoisedPathTest {
    private static final double[][] WAYS = {{0.99, 0.7}, {0.7, 0.69}, {0.4, 0.01}, {0.01, 0.5}, {0.3, 0.31}, {0.2, 0.99}
    };
    private static final List<Sde> PROCESSES = List.of(
            new VeSde(0.01, 3), new VeSde(0.01, 3, true), new VpSde(), new SubVpSde(), ProcessSpec.parse("vp-cosine"));

    /** Batzolis et al., arXiv 2111.13606: the mean y (s'^2 - s^2)/s'^2 + y_t s^2/s'^2 and the variance s^2 (s'^2 - s^2)/s'^2. */
    @Test
    void noiseThatExplodesGoesBackAsInThePaper() {
        VeSde sde = new VeSde(0.01, 3, true);
        double from = sde.sigma(0.8) * sde.sigma(0.8);
        double to = sde.sigma(0.3) * sde.sigma(0.3);
        assertArrayEquals(
                new double[] {(from - to) / from, to / from, Math.sqrt(to * (from - to) / from)},
                NoisedPath.weights(sde, 0.8, 0.3),
                1e-14);
    }

    /** y_s is alpha_s y + sigma_s z, and Cov(y_s, y_t) is the lesser time's variance, grown with the mean from there. */
    @Test
    void pairsOfTimesHaveTheLawOfTheProcess() {
        for (Sde sde : PROCESSES) {
            for (double[] way : WAYS) {
                double t = way[0];
                double s = way[1];
                String what = sde.spec() + " from " + t + " to " + s;
                double[] w = NoisedPath.weights(sde, t, s);
                double variance = sde.sigma(t) * sde.sigma(t);
                double least = Math.min(s, t);
                double most = Math.max(s, t);
                assertEquals(sde.alpha(s), w[0] + w[1] * sde.alpha(t), 1e-13, what);
                assertEquals(sde.sigma(s) * sde.sigma(s), w[1] * w[1] * variance + w[2] * w[2], 1e-13, what);
                assertEquals(
                        sde.alpha(most) / sde.alpha(least) * sde.sigma(least) * sde.sigma(least),
                        w[1] * variance,
                        1e-13,
                        what);
            }
        }
    }

    @Test
    void aPathStaysWhereItsTimeStaysAndIsCleanWhereNoNoiseIs() {
        VeSde exact = new VeSde(0.01, 3, true);
        assertArrayEquals(new double[] {0, 1, 0}, NoisedPath.weights(new VpSde(), 0.3, 0.3));
        assertArrayEquals(new double[] {1, 0, 0}, NoisedPath.weights(exact, 0.3, 0));
        assertArrayEquals(new double[] {0, 1, 0}, NoisedPath.weights(exact, 0, 0));
        assertArrayEquals(new double[] {0, 1, exact.sigma(0.3)}, NoisedPath.weights(exact, 0, 0.3));
    }

    /** The formula of rows at times of their own against the numbers, and at its beginning. */
    @Test
    void theFormulaHasTheWeights() {
        for (Sde sde : PROCESSES) {
            for (double[] way : WAYS) {
                double[] w = NoisedPath.weights(sde, way[0], way[1]);
                double[][] rows = {{0.7, -1.2}, {0.4, 2}, {-0.3, 1.1}, at(sde, way[0]), at(sde, way[1])};
                double[][] out = {new double[2]};
                NoisedPath.perRow(2).apply(rows, out);
                for (int d = 0; d < 2; d++) {
                    assertEquals(
                            w[0] * rows[0][d] + w[1] * rows[1][d] + w[2] * rows[2][d],
                            out[0][d],
                            1e-12,
                            sde.spec() + " from " + way[0] + " to " + way[1]);
                }
            }
            double[][] out = {new double[1]};
            NoisedPath.perRow(1).apply(new double[][] {{0.7}, {0}, {-0.3}, {0, 1}, at(sde, 0.4)}, out);
            assertEquals(0.7 * sde.alpha(0.4) - 0.3 * sde.sigma(0.4), out[0][0], 1e-14, "the first");
        }
    }

    private static double[] at(Sde sde, double t) {
        return new double[] {sde.alpha(t), sde.sigma(t)};
    }
}
