package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
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
                        java.util.Arrays.copyOfRange(rows, 7 * 20, 7 * 37),
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

    @Test
    void oneBlockIsAScoreModelToTheBit() {
        Dataset data = sequence(200, 2);
        try (Device device = Device.open("cpu");
                ScoreModel plain = ScoreModel.create(new org.tweedie.sde.VpSde(), Mlp.of(16, 2), data, 1, device);
                NonUniformModel single = NonUniformModel.create("nonuniform:2*vp", Mlp.of(16, 2), data, 1, device)) {
            assertArrayEquals(
                    plain.sampler(new DpmSolver2M()).steps(9).sample(10, 2).rows(),
                    single.sampler(new DpmSolver2M()).steps(9).sample(10, 2).rows());
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
                    () -> model.sampler(new EulerMaruyama())
                            .steer(new org.tweedie.guidance.ClassifierFree(2))
                            .sample(1, 1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> model.train(
                            data,
                            LIKELIHOOD.withSlices(
                                    org.tweedie.train.Slices.parse("implicit").orElseThrow())));
        }
    }
}
