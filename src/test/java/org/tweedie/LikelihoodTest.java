package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Log-densities on every device: the closed form's, and those of networks, which must integrate to 1. */
class LikelihoodTest {
    private static final Sde SDE = new VpSde().on(Space.euclidean(2));
    private static final GaussianMixture MIXTURE =
            new GaussianMixture(new double[] {0.3, 0.7}, new double[][] {{-1, 0.5}, {0.8, -0.4}}, new double[][][] {
                {{0.3, 0}, {0, 0.2}}, {{0.15, 0}, {0, 0.4}}
            });

    private static float[] rows(int count) {
        float[] rows = new float[2 * count];
        for (int r = 0; r < count; r++) {
            double[] row = MIXTURE.sample(5, r);
            rows[2 * r] = (float) row[0];
            rows[2 * r + 1] = (float) row[1];
        }
        return rows;
    }

    private static double exact(float[] rows, int r) {
        return MIXTURE.at(SDE, SDE.cutoff()).logDensity(new double[] {rows[2 * r], rows[2 * r + 1]});
    }

    /** Systems section 4: 1e-3 nats in f32; the prior is not the law at the horizon, which adds as much. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anExactScoreGivesTheExactDensity(Device device) {
        float[] rows = rows(300);
        Likelihood likelihood = Likelihood.of(device, SDE, new GaussianMixtureScore(MIXTURE, SDE));
        Likelihood.Densities densities = likelihood.of(rows, 1);
        double offset = 0;
        for (int r = 0; r < 300; r++) {
            // how much likelier the prior makes the latent row than the law that the data has there
            double[] latent = {densities.latents()[2 * r], densities.latents()[2 * r + 1]};
            double prior = -Math.log(2 * Math.PI) - 0.5 * (latent[0] * latent[0] + latent[1] * latent[1]);
            double law = MIXTURE.at(SDE, SDE.horizon()).logDensity(latent);
            offset = Math.max(offset, Math.abs(prior - law));
            assertEquals(exact(rows, r), densities.log()[r] - prior + law, 1e-3, "row " + r);
            assertEquals(0, densities.errors()[r]);
        }
        assertTrue(offset < 0.05, "the prior is off by " + offset);
        assertEquals(400, densities.nfe());
        assertArrayEquals(
                densities.log(), likelihood.execution("stepwise").of(rows, 1).log(), "the executions' bits");
    }

    /** One probe a row and many rows: the mean difference from the exact trace is 0 within 4 standard errors. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void probesAreRightOnAverage(Device device) {
        int count = 500;
        float[] rows = rows(count);
        Likelihood likelihood = Likelihood.of(device, SDE, new GaussianMixtureScore(MIXTURE, SDE))
                .steps(20);
        Likelihood.Densities trace = likelihood.exact().of(rows, 1);
        for (Law law : new Law[] {Law.NORMAL, Law.RADEMACHER}) {
            Likelihood.Densities probed = likelihood.hutchinson(4, law).of(rows, 1);
            double sum = 0;
            double squares = 0;
            double beyond = 0;
            double spread = 0;
            for (int r = 0; r < count; r++) {
                double apart = probed.log()[r] - trace.log()[r];
                sum += apart;
                squares += apart * apart;
                double more = apart * apart - probed.errors()[r] * probed.errors()[r];
                beyond += more;
                spread += more * more;
            }
            double error = Math.sqrt(squares / count / count);
            assertEquals(0, sum / count, 4 * error, law + ": mean difference");
            // the squares of what rows are apart are on average those of what they say of themselves, and no few rows
            // are all of it
            assertEquals(0, beyond, 4 * Math.sqrt(spread), law + ": standard errors");
            assertTrue(Math.sqrt(spread) < 0.5 * squares, law + ": too few rows tell");
            assertEquals(20 * 4 * 4, probed.nfe());
        }
    }

    private static float[] column(int count) {
        float[] column = new float[count];
        for (int i = 0; i < count; i++) {
            double u = (i + 0.5) / count;
            column[i] = (float) (u < 0.4 ? 20 + 5 * u : 26 + 8 * u);
        }
        return column;
    }

    /** Whatever a network has learned, its density is one: its integral over the line is 1, in the units of the data. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theDensityOfANetworkIntegratesToOne(Device device) {
        Dataset data = Dataset.of(column(2_000), "height");
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(16, 2), data, 3, device)) {
            model.train(data, TrainSpec.steps(150).withBatch(128));
            int cells = 1_200;
            double low = -40;
            double high = 100;
            float[] grid = new float[cells];
            for (int i = 0; i < cells; i++) {
                grid[i] = (float) (low + (i + 0.5) * (high - low) / cells);
            }
            Likelihood.Densities densities = model.likelihood().steps(40).of(grid, 0);
            double integral = 0;
            for (double log : densities.log()) {
                integral += Math.exp(log) * (high - low) / cells;
            }
            assertEquals(1, integral, 2e-3, "execution " + densities.execution());
            // it has learned where the rows are
            assertTrue(densities.log()[cells * 62 / 140] > densities.log()[cells * 20 / 140] + 3);
            assertEquals(
                    -densities.mean() / Math.log(2) + 3,
                    densities.bitsPerDimension(0.125),
                    1e-9,
                    "bits of bins of 1/8");
        }
    }

    /** Under each condition it is one density, whatever the condition is called: the command line calls it y. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theDensityUnderAConditionIntegratesToOne(Device device) {
        float[] pairs = new float[2 * 1_000];
        for (int i = 0; i < 1_000; i++) {
            pairs[2 * i + 1] = i % 2;
            pairs[2 * i] = column(1_000)[i] + 10 * pairs[2 * i + 1];
        }
        Dataset data = Dataset.of(pairs, "height", "kind").given("y", "kind");
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(16, 2), data, 3, device)) {
            model.train(data, TrainSpec.steps(150).withBatch(128));
            int cells = 600;
            float[] grid = new float[cells];
            for (int i = 0; i < cells; i++) {
                grid[i] = (float) (-40 + (i + 0.5) * 150 / cells);
            }
            double[] mean = new double[2];
            for (int kind = 0; kind < 2; kind++) {
                Likelihood likelihood = model.likelihood().steps(40).given("y", new float[] {kind}, 1);
                double[] log = likelihood.of(grid, 0).log();
                double integral = 0;
                for (int i = 0; i < cells; i++) {
                    integral += Math.exp(log[i]) * 150 / cells;
                    mean[kind] += grid[i] * Math.exp(log[i]) * 150 / cells;
                }
                assertEquals(1, integral, 3e-3, "under kind " + kind);
            }
            assertEquals(10, mean[1] - mean[0], 2, "what the condition adds");
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void badRequestsAreNamed(Device device) {
        Likelihood likelihood = Likelihood.of(device, SDE, new GaussianMixtureScore(MIXTURE, SDE));
        assertEquals(
                "3 numbers are no rows of 2, the width of the model",
                assertThrows(IllegalArgumentException.class, () -> likelihood.of(new float[3], 0))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> likelihood.hutchinson(0, Law.NORMAL));
        assertThrows(IllegalArgumentException.class, () -> likelihood.hutchinson(1, Law.UNIFORM));
        assertThrows(IllegalArgumentException.class, () -> likelihood.steps(0));
    }
}
