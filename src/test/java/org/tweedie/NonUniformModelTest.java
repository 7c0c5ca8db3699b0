package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.MalformedFileException;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.DpmSolver2M;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Dataset;
import org.tweedie.train.HaarPyramid;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;

/** Models of blocks that move each at its own speed, from training to files, on every device. */
class NonUniformModelTest {
    private static final String DEVICES = "org.tweedie.testing.TestDevices#all";
    private static final TrainSpec LIKELIHOOD =
            TrainSpec.steps(500).withBatch(256).withWeighting(Weighting.LIKELIHOOD, TimeSampling.IMPORTANCE, true);

    /** A stationary Gaussian sequence, x_{i+1} = 0.8 x_i + 0.6 z: variance 1, correlation 0.8 to the power of the distance. */
    private static Dataset sequence(int rows, int width) {
        float[] values = new float[rows * width];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < width; c++) {
                double z = Philox.words(11, r, Purpose.DATA, 0).normal(c);
                values[r * width + c] = (float) (c == 0 ? z : 0.8 * values[r * width + c - 1] + 0.6 * z);
            }
        }
        String[] columns = new String[width];
        for (int c = 0; c < width; c++) {
            columns[c] = "x" + (c + 1);
        }
        return Dataset.of(values, columns);
    }

    /** The mean log-density of rows of the sequence: ln N(x_1; 0, 1) and ln N(x_{i+1}; 0.8 x_i, 0.36). */
    private static double trueLogDensity(float[] rows, int width) {
        double sum = 0;
        for (int i = 0; i < rows.length; i++) {
            double deviation = i % width == 0 ? 1 : 0.6;
            double z = (rows[i] - (i % width == 0 ? 0 : 0.8 * rows[i - 1])) / deviation;
            sum -= 0.5 * z * z + Math.log(deviation) + 0.5 * Math.log(2 * Math.PI);
        }
        return sum / (rows.length / width);
    }

    private static double[][] covariance(float[] rows, int width) {
        int n = rows.length / width;
        double[] mean = new double[width];
        for (int i = 0; i < rows.length; i++) {
            mean[i % width] += rows[i] / (double) n;
        }
        double[][] covariance = new double[width][width];
        for (int r = 0; r < n; r++) {
            for (int i = 0; i < width; i++) {
                for (int j = 0; j < width; j++) {
                    covariance[i][j] += (rows[r * width + i] - mean[i]) * (rows[r * width + j] - mean[j]) / n;
                }
            }
        }
        return covariance;
    }

    private static double worst(double[][] covariance) {
        double worst = 0;
        for (int i = 0; i < covariance.length; i++) {
            for (int j = 0; j < covariance.length; j++) {
                worst = Math.max(worst, Math.abs(covariance[i][j] - Math.pow(0.8, Math.abs(i - j))));
            }
        }
        return worst;
    }

    @Test
    void scalesAreLearnedAndSampled(@TempDir Path folder) throws IOException {
        Dataset data = sequence(4000, 8);
        // snippet: scales
        try (Device device = Device.open("cpu");
                NonUniformModel model = NonUniformModel.create("haar:2,1x8", Mlp.of(32, 2), data, 1, device)) {
            model.train(data, LIKELIHOOD.withSteps(700));
            Samples samples = model.sampler(new DpmSolver2M()).steps(30).sample(4000, 3);
            // end
            assertEquals(3, model.networks().size());
            double worst = worst(covariance(samples.rows(), 8));
            assertTrue(worst < 0.15, "worst " + worst); // 4 standard errors of 4000 rows and the errors of the networks
            assertEquals(30, samples.run().nfe());
            float[] held = Arrays.copyOfRange(sequence(5000, 8).values(), 8 * 4000, 8 * 5000);
            // snippet: density
            double nats = model.likelihood().of(held, 0).mean(); // mean log-density, in the units of the data
            // end
            assertEquals(trueLogDensity(held, 8), nats, 0.15, "nats");
            model.save(folder.resolve("m.safetensors"));
            try (Model read = Model.load(folder.resolve("m.safetensors"), device)) {
                assertEquals(
                        HaarPyramid.ofRows(2, 8),
                        ((NonUniformModel) read).pyramid().orElseThrow());
                assertArrayEquals(
                        samples.rows(),
                        read.sampler(MethodSpec.parse("dpm2m@30"))
                                .sample(4000, 3)
                                .rows());
            }
            MalformedFileException refused = assertThrows(
                    MalformedFileException.class, () -> ScoreModel.load(folder.resolve("m.safetensors"), device));
            assertTrue(refused.getMessage().contains("Model.load"));
        }
    }

    @Test
    void columnsOfTheirOwnSpeedAreLearnedAndSampled() {
        Dataset data = sequence(4000, 3);
        try (Device device = Device.open("cpu");
                NonUniformModel model =
                        NonUniformModel.create("nonuniform:1*vp:0.1,8/2*vp:0.1,20", Mlp.of(32, 2), data, 1, device)) {
            model.train(data, LIKELIHOOD.withSteps(600).withWeighting(Weighting.EDM, TimeSampling.UNIFORM, true));
            double worst = worst(covariance(
                    model.sampler(new Ddim(1)).steps(200).sample(4000, 3).rows(), 3));
            assertTrue(worst < 0.12, "worst " + worst);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void everyDeviceTrainsAndSamplesTheSame(Device device) {
        Dataset data = sequence(300, 8).given("y", "x8");
        NonUniformModel model = NonUniformModel.create(
                "nonuniform:4*vp-logsnr:10,-10,0.5/3*vp-logsnr:10,-10,1", Mlp.of(16, 2), data, 1, device);
        try (model;
                Device host = Device.open("cpu");
                NonUniformModel plain = NonUniformModel.create(model.process(), Mlp.of(16, 2), data, 1, host)) {
            TrainSpec spec = LIKELIHOOD.withSteps(5).withBatch(33);
            model.train(data, spec);
            plain.train(data, spec);
            for (int i = 0; i < 2; i++) {
                assertArrayEquals(plain.weights(i), model.weights(i));
            }
            float[] expected = null;
            for (String execution : List.of("stepwise", "graph")) {
                Sampler sampler = model.sampler(new EulerMaruyama())
                        .steps(6)
                        .given("y", new float[] {0.5f}, 1)
                        .execution(execution);
                float[] rows = sampler.sample(37, 5).rows();
                expected = expected == null ? rows : expected;
                assertArrayEquals(expected, rows);
                assertArrayEquals(
                        Arrays.copyOfRange(rows, 7 * 20, 7 * 37),
                        sampler.sample(20, 17, 5).rows());
            }
            assertArrayEquals(
                    expected,
                    plain.sampler(new EulerMaruyama())
                            .steps(6)
                            .given("y", new float[] {0.5f}, 1)
                            .sample(37, 5)
                            .rows());
        }
    }

    /**
     * Whatever the networks of blocks have learned, their density is one, so its integral is 1 in the units of the data: with a block that leaves
     * half-way, and with two that differ in pace. Under a condition too, and the same on every device and by every execution.
     */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void theDensityOfNetworksIntegratesToOne(Device device) {
        float[] values = sequence(400, 3).values();
        for (int i = 0; i < values.length; i += 3) { // units of their own
            values[i] = 5 + 2 * values[i];
            values[i + 1] *= 0.5f;
        }
        Dataset data = Dataset.of(values, "a", "b", "y").given("y", "y");
        TrainSpec spec = LIKELIHOOD.withSteps(30).withBatch(64);
        int side = 36; // 14 deviations in steps of 0.4
        float[] grid = new float[2 * side * side];
        for (int i = 0; i < side * side; i++) {
            grid[2 * i] = 5 + 2 * 14 * ((i / side + 0.5f) / side - 0.5f);
            grid[2 * i + 1] = 0.5f * 14 * ((i % side + 0.5f) / side - 0.5f);
        }
        for (String process : List.of(
                "nonuniform:1*vp-logsnr:10,-10,0.5/1*vp-logsnr:10,-10,1", "nonuniform:1*vp:0.1,20/1*ve:0.01,10")) {
            try (Device host = Device.open("cpu");
                    NonUniformModel model = NonUniformModel.create(process, Mlp.of(8, 2), data, 1, device);
                    NonUniformModel plain = NonUniformModel.create(process, Mlp.of(8, 2), data, 1, host)) {
                model.train(data, spec);
                plain.train(data, spec);
                Likelihood onHost = plain.likelihood().given("y", new float[] {0.7f}, 1);
                Likelihood.Densities densities = onHost.steps(64).of(grid, 0);
                double integral = 0;
                for (double log : densities.log()) {
                    integral += Math.exp(log) * 14 * 14 / (side * side);
                }
                assertEquals(1, integral, 3e-3, process + ", execution " + densities.execution());
                assertEquals(256, densities.nfe());
                float[] few = Arrays.copyOfRange(grid, side * side, side * side + 60);
                double[] expected = onHost.steps(8).of(few, 0).log();
                Likelihood likelihood = model.likelihood().steps(8).given("y", new float[] {0.7f}, 1);
                assertArrayEquals(expected, likelihood.of(few, 0).log());
                assertArrayEquals(
                        expected, likelihood.execution("stepwise").of(few, 0).log());
                for (Law law : new Law[] {Law.NORMAL, Law.RADEMACHER}) {
                    Likelihood.Densities probed = likelihood.hutchinson(30, law).of(few, 0);
                    double apart = 0;
                    double variance = 0;
                    for (int r = 0; r < expected.length; r++) {
                        apart += probed.log()[r] - expected[r];
                        variance += probed.errors()[r] * probed.errors()[r];
                    }
                    assertTrue(variance > 0, "probes differ");
                    assertEquals(
                            0, apart, 4.5 * Math.sqrt(variance), law + " " + process); // rows' probes are their own
                }
            }
        }
    }

    @Test
    void oneBlockIsAScoreModelToTheBit() {
        Dataset data = sequence(200, 2);
        try (Device device = Device.open("cpu");
                ScoreModel plain = ScoreModel.create(new org.tweedie.sde.VpSde(), Mlp.of(16, 2), data, 1, device);
                NonUniformModel single = NonUniformModel.create("nonuniform:2*vp", Mlp.of(16, 2), data, 1, device)) {
            assertArrayEquals(
                    plain.sampler(new DpmSolver2M()).steps(9).sample(10, 2).rows(),
                    single.sampler(new DpmSolver2M()).steps(9).sample(10, 2).rows());
            float[] rows = Arrays.copyOf(data.values(), 20);
            assertArrayEquals(
                    plain.likelihood().steps(9).of(rows, 1).log(),
                    single.likelihood().steps(9).of(rows, 1).log());
            assertArrayEquals(
                    plain.likelihood()
                            .steps(9)
                            .hutchinson(2, Law.NORMAL)
                            .of(rows, 1)
                            .log(),
                    single.likelihood()
                            .steps(9)
                            .hutchinson(2, Law.NORMAL)
                            .of(rows, 1)
                            .log());
        }
    }

    @Test
    void aRunThatStopsGoesOnToTheSameBits(@TempDir Path folder) throws IOException {
        Dataset data = sequence(200, 4);
        TrainSpec spec = LIKELIHOOD.withSteps(12).withBatch(16).withCheckpointEvery(5);
        try (Device device = Device.open("cpu");
                NonUniformModel whole = NonUniformModel.create("haar:1,1x4", Mlp.of(8, 2), data, 1, device);
                NonUniformModel parts = NonUniformModel.create("haar:1,1x4", Mlp.of(8, 2), data, 1, device);
                CheckpointDirectory into = CheckpointDirectory.open(folder, 2, FileActions.disk())) {
            whole.train(data, spec);
            CancelToken cancel = new CancelToken();
            TrainListener stops = new TrainListener() {
                @Override
                public void at(Progress progress) {}

                @Override
                public void saved(long step, Path file) {
                    cancel.cancel();
                }
            };
            assertTrue(parts.train(data, spec, stops, cancel, into, false).step() < 12);
            assertEquals(
                    12,
                    parts.train(data, spec, TrainListener.NONE, new CancelToken(), into, true)
                            .step());
            assertArrayEquals(whole.weights(0), parts.weights(0));
            assertArrayEquals(whole.weights(1), parts.weights(1));
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Dataset data = sequence(20, 4);
        try (Device device = Device.open("cpu");
                NonUniformModel model = NonUniformModel.create("haar:1,1x4", Mlp.of(8, 1), data, 1, device)) {
            for (String wrong : List.of("haar:1,1x6", "nonuniform:3*vp", "haar:3,1x4", "haar:x")) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> NonUniformModel.create(wrong, Mlp.of(8, 1), data, 1, device),
                        wrong);
            }
            assertThrows(IllegalArgumentException.class, () -> model.train(sequence(20, 6), LIKELIHOOD));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> model.sampler(MethodSpec.parse("rk45:1e-3@50")).sample(1, 1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> model.train(
                            data,
                            LIKELIHOOD.withSlices(
                                    org.tweedie.train.Slices.parse("implicit").orElseThrow())));
        }
    }
}
