package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.score.PairMixtureScore;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.PairMixture;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Log-densities of rows with velocities: tight for exact scores, densities for whatever a network has learned. */
class CldLikelihoodTest {
    private static final CldSde SDE = new CldSde().on(Space.euclidean(2));
    private static final GaussianMixture MIXTURE =
            new GaussianMixture(new double[] {0.3, 0.7}, new double[][] {{-1, 0.5}, {0.8, -0.4}}, new double[][][] {
                {{0.3, 0}, {0, 0.3}}, {{0.15, 0}, {0, 0.15}}
            });

    private static float[] rows(GaussianMixture law, int count) {
        float[] rows = new float[law.dimension() * count];
        for (int r = 0; r < count; r++) {
            double[] row = law.sample(5, r);
            for (int d = 0; d < row.length; d++) {
                rows[r * row.length + d] = (float) row[d];
            }
        }
        return rows;
    }

    private static Likelihood exact(Device device, GaussianMixture law) {
        CldSde sde = SDE.on(Space.euclidean(law.dimension()));
        return Likelihood.of(device, sde, new PairMixtureScore(new PairMixture(law, sde)));
    }

    /** ln p(x) at the cutoff: round components keep their shape, each N(a m, S_xx). */
    private static double log(GaussianMixture law, double[] x) {
        double sum = 0;
        double factor = SDE.mean(SDE.cutoff())[0];
        for (int k = 0; k < law.components(); k++) {
            double variance = SDE.covariance(SDE.cutoff(), law.covariance(k)[0][0], SDE.initialVariance())[0][0];
            double square = 0;
            for (int d = 0; d < x.length; d++) {
                square += (x[d] - factor * law.mean(k)[d]) * (x[d] - factor * law.mean(k)[d]);
            }
            sum += law.weight(k)
                    * Math.exp(-0.5 * square / variance)
                    / Math.pow(2 * Math.PI * variance, 0.5 * x.length);
        }
        return Math.log(sum);
    }

    /** Of data N(0, I) the law of velocities is that of the draws: one velocity gives the density itself, 1e-3 nats in f32. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void oneVelocityIsEnoughForNormalData(Device device) {
        GaussianMixture law = GaussianMixture.gaussian(new double[2], new double[][] {{1, 0}, {0, 1}});
        float[] rows = rows(law, 33);
        Likelihood likelihood = exact(device, law);
        Likelihood.Densities one = likelihood.of(rows, 1);
        for (int r = 0; r < 33; r++) {
            assertEquals(log(law, new double[] {rows[2 * r], rows[2 * r + 1]}), one.log()[r], 1e-3, "row " + r);
            assertTrue(Double.isNaN(one.errors()[r]));
        }
        assertEquals(400, one.nfe());
        assertArrayEquals(
                one.log(), likelihood.execution("stepwise").of(rows, 1).log(), "the executions' bits");
        Likelihood.Densities two = likelihood.velocities(2).of(rows, 1);
        assertEquals(800, two.nfe());
        assertEquals(one.mean(), two.mean(), 1e-4);
        assertTrue(likelihood.bounds());
    }

    /** Of a mixture, bounds lie below by little and weights of several velocities bring them to the density. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theBoundIsTightUnderTheExactScore(Device device) {
        int count = 40;
        float[] rows = rows(MIXTURE, count);
        Likelihood likelihood = exact(device, MIXTURE).velocities(8);
        Likelihood.Densities several = likelihood.of(rows, 3);
        for (int r = 0; r < count; r++) {
            double exact = log(MIXTURE, new double[] {rows[2 * r], rows[2 * r + 1]});
            // the prior is not quite the law at the horizon: e^-8 of a mean is left
            assertEquals(exact, several.log()[r], 6 * several.errors()[r] + 0.02, "row " + r);
            assertTrue(several.errors()[r] < 0.05, "error " + several.errors()[r]);
        }
    }

    /** Probes are right on average over the same velocities, within 4 standard errors. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void probesAreRightOnAverage(Device device) {
        int count = 300;
        float[] rows = rows(MIXTURE, count);
        Likelihood likelihood = exact(device, MIXTURE).steps(25);
        double[] trace = likelihood.of(rows, 1).log();
        Likelihood.Densities probed = likelihood.hutchinson(1, Law.RADEMACHER).of(rows, 1);
        double sum = 0;
        double squares = 0;
        for (int r = 0; r < count; r++) {
            double apart = probed.log()[r] - trace[r];
            sum += apart / count;
            squares += apart * apart / count;
        }
        assertTrue(squares > 1e-8, "probes differ");
        assertEquals(0, sum, 4 * Math.sqrt(squares / count));
        assertEquals(100, probed.nfe());
    }

    /** The mean of weights is without bias: whatever a network has learned, the densities of the line sum to 1, within 4 standard errors. */
    @Test
    void theDensityOfANetworkIntegratesToOne() {
        float[] column = new float[1_000];
        for (int i = 0; i < column.length; i++) {
            double u = (i + 0.5) / column.length;
            column[i] = (float) (u < 0.4 ? 20 + 5 * u : 26 + 8 * u);
        }
        Dataset data = Dataset.of(column, "height");
        for (String process : new String[] {"cld", "cld-mixed"}) {
            try (Device device = Device.open("cpu");
                    ScoreModel model =
                            ScoreModel.create(ProcessSpec.process(process), Mlp.of(16, 2), data, 3, device)) {
                model.train(
                        data, TrainSpec.steps(400).withPrecision(Precision.F32).withBatch(128));
                int cells = 600;
                double width = 120.0 / cells;
                float[] grid = new float[cells];
                for (int i = 0; i < cells; i++) {
                    grid[i] = (float) (-30 + (i + 0.5) * width);
                }
                Likelihood.Densities densities =
                        model.likelihood().steps(40).velocities(16).of(grid, 0);
                double integral = 0;
                double variance = 0;
                for (int i = 0; i < cells; i++) {
                    double mass = Math.exp(densities.log()[i]) * width;
                    integral += mass;
                    variance += mass * mass * densities.errors()[i] * densities.errors()[i];
                }
                assertTrue(Math.sqrt(variance) < 0.02, process + ": error " + Math.sqrt(variance));
                assertEquals(1, integral, 4 * Math.sqrt(variance) + 3e-3, process);
            }
        }
    }

    /** Exact and probed, by every execution: the bits of the host. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceHasTheBitsOfTheHost(Device device) {
        float[] rows = {0.5f, -1, 0, 2, 1, 1};
        for (String process : new String[] {"cld", "cld-mixed"}) {
            try (Device host = Device.open("cpu:1");
                    ScoreModel there = ScoreModel.create(ProcessSpec.process(process), Mlp.of(8, 2), 2, 1, host);
                    ScoreModel here = ScoreModel.create(ProcessSpec.process(process), Mlp.of(8, 2), 2, 1, device)) {
                for (boolean probed : new boolean[] {false, true}) {
                    Likelihood expected = there.likelihood().steps(3).velocities(2);
                    Likelihood got = here.likelihood().steps(3).velocities(2);
                    if (probed) {
                        expected = expected.hutchinson(2, Law.NORMAL);
                        got = got.hutchinson(2, Law.NORMAL);
                    }
                    double[] log = expected.of(rows, 4).log();
                    for (String execution : new String[] {"graph", "stepwise"}) {
                        assertArrayEquals(
                                log, got.execution(execution).of(rows, 4).log(), process + " by " + execution);
                    }
                }
            }
        }
    }

    /** A network trained on normal rows, in their units: within 0.1 nats a row of what they are worth. */
    @Test
    void aTrainedNetworkKnowsTheDensityOfNormalRows() {
        int count = 4_000;
        float[] rows = new float[2 * count];
        for (int r = 0; r < count; r++) {
            var words = Philox.words(9, r, Purpose.DATA, 0);
            rows[2 * r] = (float) (3 + 2 * words.normal(0));
            rows[2 * r + 1] = (float) (-1 + 0.5 * (0.8 * words.normal(0) + 0.6 * words.normal(1)));
        }
        Dataset data = Dataset.of(rows, "a", "b");
        double entropy = 1 + Math.log(2 * Math.PI) + Math.log(2 * 0.5 * 0.6);
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new CldSde(), Mlp.of(32, 2), data, 7, device)) {
            model.train(data, TrainSpec.steps(800).withPrecision(Precision.F32).withBatch(256));
            float[] held = Arrays.copyOf(rows, 2 * 400);
            double square = 0;
            for (int r = 0; r < 400; r++) {
                var words = Philox.words(9, r, Purpose.DATA, 0);
                square += 0.5 * (words.normal(0) * words.normal(0) + words.normal(1) * words.normal(1) - 2) / 400;
            }
            Likelihood.Densities densities =
                    model.likelihood().steps(50).velocities(4).of(held, 0);
            assertEquals(-entropy - square, densities.mean(), 0.1);
            assertEquals(-densities.mean() / (2 * Math.log(2)) + 3, densities.bitsPerDimension(0.125), 1e-9);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void badRequestsAreNamed(Device device) {
        Likelihood likelihood = exact(device, MIXTURE);
        assertEquals(
                "velocities must be positive, got 0",
                assertThrows(IllegalArgumentException.class, () -> likelihood.velocities(0))
                        .getMessage());
        var vp = new VpSde().on(Space.euclidean(2));
        Likelihood alone = Likelihood.of(device, vp, new GaussianMixtureScore(MIXTURE, vp));
        String message = assertThrows(IllegalArgumentException.class, () -> alone.velocities(2))
                .getMessage();
        assertTrue(message.contains("2 velocities for a flow that has none"), message);
        assertThrows(IllegalArgumentException.class, () -> likelihood.steps(0));
    }
}
