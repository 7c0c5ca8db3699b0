package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;
import org.tweedie.theory.ScoreSpectrum;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** The spectra of a model: those of its score in double, and what a network has learned of a circle in space. */
class LocalDimensionTest {
    /** N(m, diag(1, 0.01, 0)) and a second component far away. */
    private static final GaussianMixture FLAT =
            new GaussianMixture(new double[] {0.7, 0.3}, new double[][] {{0.5, -1, 2}, {40, 40, 40}}, new double[][][] {
                {{1, 0, 0}, {0, 0.01, 0}, {0, 0, 0}}, {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}
            });

    /** The same noise for the first row, so the same spectrum but for f32. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theSpectrumIsThatOfTheScoreInDouble(Device device) {
        for (Sde plain : new Sde[] {new VpSde(), new VeSde(0.01, 50)}) {
            Sde sde = plain.on(Space.euclidean(3));
            LocalDimension local = LocalDimension.of(device, sde, new GaussianMixtureScore(FLAT, sde));
            float[] rows = {0.5f, -1, 2, 0.2f, -0.9f, 2, 40, 40, 40};
            double[] point = {0.5, -1, 2};
            for (double noise : new double[] {0.03, 0.3}) {
                List<ScoreSpectrum> spectra = local.noise(noise).copies(100).of(rows, 9);
                double t = sde.timeOfNoiseToSignal(noise);
                ScoreSpectrum expected = ScoreSpectrum.at(FLAT.score(sde), sde, point, t, 100, 9);
                assertArrayEquals(expected.shares(), spectra.get(0).shares(), 2e-4, sde.spec());
                int dimension = noise < 0.1 ? 2 : 1;
                assertEquals(
                        List.of(dimension, dimension, 0),
                        spectra.stream().map(ScoreSpectrum::dimension).toList());
            }
        }
    }

    /** Seen through more noise than lies between three points, where the score is far from linear. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void pointsNearEachOtherAreSeenTogether(Device device) {
        GaussianMixture points =
                GaussianMixture.round(0, new double[] {1, 0.5, -1}, new double[3], new double[] {-2, 1, 0});
        for (Sde plain : new Sde[] {new VpSde(), new VeSde(0.01, 50)}) {
            Sde sde = plain.on(Space.euclidean(3));
            LocalDimension local = LocalDimension.of(device, sde, new GaussianMixtureScore(points, sde));
            ScoreSpectrum seen =
                    local.noise(0.6).copies(50).of(new float[] {1, 0.5f, -1}, 9).get(0);
            double t = sde.timeOfNoiseToSignal(0.6);
            ScoreSpectrum expected = ScoreSpectrum.at(points.score(sde), sde, new double[] {1, 0.5, -1}, t, 50, 9);
            assertArrayEquals(expected.shares(), seen.shares(), 1e-3, sde.spec());
        }
    }

    @Test
    void whatTheScoreDoesNotKnowIsRefused() {
        try (Device device = Device.open("cpu")) {
            Sde sde = new VpSde().on(Space.euclidean(3));
            LocalDimension local = LocalDimension.of(device, sde, new GaussianMixtureScore(FLAT, sde));
            for (double noise : new double[] {0, 1e-3, 1e4, Double.NaN}) {
                assertTrue(assertThrows(IllegalArgumentException.class, () -> local.noise(noise))
                        .getMessage()
                        .startsWith("noise must be from 0.0"));
            }
            assertThrows(IllegalArgumentException.class, () -> local.copies(23));
            assertThrows(IllegalArgumentException.class, () -> local.of(new float[4], 1));
        }
    }

    /** A circle in a slanted plane of space: at every scale above what the network errs by it has one dimension. */
    @Test
    void aTrainedNetworkSeesTheCircle() {
        int count = 4000;
        float[] rows = new float[3 * count];
        for (int i = 0; i < count; i++) {
            double angle = 2 * Math.PI * Philox.words(1, i, Purpose.DATA, 0).uniform(0);
            rows[3 * i] = (float) (Math.cos(angle) * 0.8 + 0.6 * Math.sin(angle));
            rows[3 * i + 1] = (float) Math.sin(angle);
            rows[3 * i + 2] = (float) (Math.cos(angle) - 0.5 * Math.sin(angle));
        }
        Dataset data = Dataset.of(rows, "a", "b", "c");
        float[] some = Arrays.copyOf(rows, 3 * 60);
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(64, 2), data, 7, device)) {
            model.train(data, TrainSpec.steps(1500).withPrecision(Precision.F32).withBatch(128));
            // snippet: local
            LocalDimension local = model.localDimension().noise(0.2); // of a standard deviation
            List<ScoreSpectrum> spectra = local.of(some, 1);
            int dimension = spectra.get(0).dimension(); // 1, near the first row
            // end
            assertEquals(1, dimension);
            for (double noise : new double[] {0.1, 0.2, 0.4}) {
                List<ScoreSpectrum> each = local.noise(noise).of(some, 1);
                long right = each.stream().filter(one -> one.dimension() == 1).count();
                assertTrue(right >= 57, right + " of 60 rows at noise " + noise);
                double gap =
                        each.stream().mapToDouble(ScoreSpectrum::gap).average().orElseThrow();
                assertTrue(gap > 0.5, "gap " + gap + " at noise " + noise);
            }
        }
    }

    /** Row i is seen under condition i: as when that condition is everyone's. */
    @Test
    void eachRowHasItsCondition() {
        float[] rows = new float[40 * 3];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (i * 37 + i / 7) % 11;
        }
        Dataset data = Dataset.of(rows, "a", "b", "c").given("y", "c");
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(16, 1), data, 3, device)) {
            model.train(
                    data,
                    TrainSpec.steps(50)
                            .withPrecision(Precision.F32)
                            .withBatch(16)
                            .withRate(0.01));
            LocalDimension local = model.localDimension();
            float[] two = {1, 2, 3, 4};
            List<ScoreSpectrum> own = local.given("y", new float[] {1, 9}, 1).of(two, 1);
            List<ScoreSpectrum> first = local.given("y", new float[] {1}, 1).of(two, 1);
            List<ScoreSpectrum> second = local.given("y", new float[] {9}, 1).of(two, 1);
            assertArrayEquals(first.get(0).shares(), own.get(0).shares());
            assertArrayEquals(second.get(1).shares(), own.get(1).shares());
            assertNotEquals(first.get(1).shares()[0], own.get(1).shares()[0]);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> local.given("y", new float[3], 1).of(two, 1));
            model.train(
                    data,
                    TrainSpec.steps(1)
                            .withPrecision(Precision.F32)
                            .withBatch(16)
                            .withConditioning(Conditioning.noised(new VeSde(0.01, 0.5))));
            assertThrows(IllegalArgumentException.class, model::localDimension);
        }
    }
}
