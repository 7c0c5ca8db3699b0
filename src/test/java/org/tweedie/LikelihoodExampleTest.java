package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;

/** The example of docs/math.md: a network that has learned nothing puts out 0, the score of standard normal rows. */
class LikelihoodExampleTest {
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anUntrainedModelIsTheStandardNormalLaw(Device device) {
        float[] rows = {0.5f, -1, 0, 2};
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 2), 2, 1, device)) {
            // snippet: likelihood
            Likelihood.Densities densities = model.likelihood().steps(50).of(rows, 0);
            double nats = densities.mean();
            double bits = densities.bitsPerDimension(1.0 / 256);
            float[] latents = densities.latents();
            // end
            double square = 0;
            for (int i = 0; i < 4; i++) {
                square += rows[i] * rows[i];
                assertEquals(rows[i], latents[i], 1e-4, "a row of the stationary law stays where it is");
            }
            double exact = -Math.log(2 * Math.PI) - square / 4;
            assertEquals(exact, nats, 5e-4);
            assertEquals(-exact / (2 * Math.log(2)) + 8, bits, 5e-4);
        }
    }

    /** Its bound is tight but for the cutoff: no step costs more than it must. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void itsBoundIsTheDensity(Device device) {
        float[] rows = new float[2 * 200];
        java.util.Arrays.fill(rows, 0.5f);
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 2), 2, 1, device)) {
            // snippet: bound
            VariationalBound.Bounds bounds =
                    model.bound().continuous(100).draws(4).of(rows, 0);
            double atLeast = bounds.mean();
            double ofTheSteps = bounds.diffusion();
            // end
            assertEquals(-Math.log(2 * Math.PI) - 0.25, atLeast, 4.5 * bounds.standardError() + 2e-3);
            assertEquals(-atLeast, ofTheSteps + bounds.prior() + bounds.reconstruction(), 1e-9);
        }
    }
}
