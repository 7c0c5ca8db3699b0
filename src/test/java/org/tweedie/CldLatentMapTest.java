package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.score.PairMixtureScore;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Heun;
import org.tweedie.sde.PairMixture;

/** Latent rows of rows with velocities: standard normal under the exact score, and back at their rows. */
class CldLatentMapTest {
    private static LatentMap normal(Device device, int width) {
        CldSde sde = new CldSde().on(Space.euclidean(width));
        double[][] one = new double[width][width];
        for (int i = 0; i < width; i++) {
            one[i][i] = 1;
        }
        GaussianMixture law = GaussianMixture.gaussian(new double[width], one);
        return LatentMap.of(device, sde, new PairMixtureScore(new PairMixture(law, sde)));
    }

    private static float[] rows(int count) {
        float[] rows = new float[count];
        for (int i = 0; i < count; i++) {
            rows[i] = (float) Philox.words(3, i, Purpose.DATA, 0).normal(0);
        }
        return rows;
    }

    /** Of rows N(0, 1) latent pairs are N(0, I): means, variances and covariance within 4.5 standard errors. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void latentRowsAreStandardNormal(Device device) {
        int count = 2_000;
        LatentMap map = normal(device, 1);
        assertEquals(2, map.latentWidth());
        float[] latents = map.encode(rows(count));
        double[] sums = new double[5];
        for (int i = 0; i < count; i++) {
            double x = latents[2 * i];
            double v = latents[2 * i + 1];
            double[] terms = {x, v, x * x - 1, v * v - 1, x * v};
            for (int k = 0; k < 5; k++) {
                sums[k] += terms[k] / count;
            }
        }
        double[] deviations = {1, 1, Math.sqrt(2), Math.sqrt(2), 1};
        for (int k = 0; k < 5; k++) {
            assertEquals(0, sums[k], 4.5 * deviations[k] / Math.sqrt(count) + 2e-3, "moment " + k);
        }
        assertTrue(!Arrays.equals(latents, map.velocities(1).encode(rows(count))));
    }

    /** Two ways of order 2; whatever velocities were drawn, the row is that of the latent row. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void decodingGoesBack(Device device) {
        float[] rows = rows(20);
        LatentMap map = normal(device, 2).velocities(7);
        double coarse = apart(map.by(new Heun(), 50), rows);
        double fine = apart(map.by(new Heun(), 100), rows);
        assertTrue(fine < 0.35 * coarse && fine < 1e-2, coarse + " and " + fine);
        float[] ways = map.between(new float[] {1, 0}, new float[] {-1, 0.5f}, 3);
        assertEquals(6, ways.length);
        assertArrayEquals(new float[] {1, 0}, Arrays.copyOf(ways, 2), 0.02f);
        assertArrayEquals(new float[] {-1, 0.5f}, Arrays.copyOfRange(ways, 4, 6), 0.02f);
    }

    private static double apart(LatentMap map, float[] rows) {
        float[] back = map.decode(map.encode(rows));
        double most = 0;
        for (int i = 0; i < rows.length; i++) {
            most = Math.max(most, Math.abs(back[i] - rows[i]));
        }
        return most;
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void modelsHaveTheBitsOfTheHost(Device device) {
        float[] rows = rows(6);
        try (Device host = Device.open("cpu:1");
                ScoreModel there = ScoreModel.create(new CldSde(), Mlp.of(8, 1), 2, 1, host);
                ScoreModel here = ScoreModel.create(new CldSde(), Mlp.of(8, 1), 2, 1, device)) {
            float[] latents = there.latentMap().by(new Heun(), 5).encode(rows);
            assertEquals(12, latents.length);
            assertArrayEquals(latents, here.latentMap().by(new Heun(), 5).encode(rows));
            LatentMap map = here.latentMap();
            assertEquals("heun@100", map.method());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> map.decode(new float[6]))
                    .getMessage()
                    .contains("no latent rows of 4, a position and a velocity"));
            assertThrows(IllegalArgumentException.class, () -> map.by(new EulerMaruyama(), 5));
        }
    }
}
