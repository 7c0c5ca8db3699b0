package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.Device;
import org.tweedie.score.Mlp;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Dataset;
import org.tweedie.train.Slices;
import org.tweedie.train.TrainSpec;

/** Every objective of score matching finds the density of rows whose law is known, through the model, as a user trains it. */
class ObjectivesTest {
    private static final int ROWS = 4096;
    private static final GaussianMixture LAW =
            new GaussianMixture(new double[] {1}, new double[][] {{3, -1}}, new double[][][] {{{1, 1.8}, {1.8, 4}}});

    private static float[] rows(long from, int count) {
        float[] rows = new float[2 * count];
        for (int r = 0; r < count; r++) {
            double[] row = LAW.sample(17, from + r);
            rows[2 * r] = (float) row[0];
            rows[2 * r + 1] = (float) row[1];
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {"denoising", "implicit", "sliced:2", "sliced-vr:2", "likelihood"})
    void findsTheDensity(String objective) {
        boolean likelihood = objective.equals("likelihood");
        Optional<Slices> slices = likelihood ? Optional.empty() : Slices.parse(objective);
        TrainSpec spec = TrainSpec.steps(400).withBatch(256);
        if (slices.isPresent()) {
            spec = spec.withSlices(slices.get());
        }
        if (likelihood) {
            spec = spec.withWeighting(Weighting.LIKELIHOOD, TimeSampling.IMPORTANCE, true);
        }
        Dataset data = Dataset.of(rows(0, ROWS), "a", "b");
        float[] fresh = rows(ROWS, 500);
        double exact = 0;
        for (int r = 0; r < 500; r++) {
            exact += LAW.logDensity(new double[] {fresh[2 * r], fresh[2 * r + 1]}) / 500;
        }
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(32, 2), data, 1, device)) {
            model.train(data, spec);
            double found = model.likelihood().steps(30).of(fresh, 0).mean();
            // blind to the correlation it would be ln(1 - 0.9^2)/2 = 0.83 nats off; over 500 rows the best of models is
            // lucky by hundredths
            assertEquals(exact, found, 0.08);
            assertTrue(found < exact + 0.03, found + " above " + exact);
        }
    }

    @Test
    void specsSaySo() {
        assertEquals(Optional.empty(), Slices.parse("denoising"));
        assertEquals(Slices.exact(), Slices.parse(" implicit ").orElseThrow());
        assertEquals(3, Slices.parse("sliced:3").orElseThrow().count());
        assertTrue(Slices.parse("sliced-vr").orElseThrow().reduced());
        refused("did you mean sliced?", "slice");
        refused("no directions to count; say implicit", "implicit:2");
        refused("'x' in 'sliced:x' is not a whole number", "sliced:x");
        refused("needs a direction at least, got 0", "sliced-vr:0");
    }

    private static void refused(String words, String spec) {
        String message = assertThrows(IllegalArgumentException.class, () -> Slices.parse(spec))
                .getMessage();
        assertTrue(message.contains(words), message);
    }
}
