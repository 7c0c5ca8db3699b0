package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.execution.Precision;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.score.Mlp;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.FinalDenoising;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import org.tweedie.train.Slices;
import org.tweedie.train.TrainSpec;

/** Models of positions with velocities, from rows to rows. */
class CldModelTest {
    @TempDir
    Path folder;

    /** Eight blobs: every sampler gives them, the file holds the process, the last drift costs nothing. */
    @Test
    void trainsAndSamplesTheLawOfItsData() throws Exception {
        float[] rows = BuiltInSet.EIGHTGAUSSIANS.rows(1, 0, 10_000);
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new CldSde(), Mlp.of(64, 2), 2, 7, device)) {
            model.train(
                    Dataset.of(rows, "east", "north"),
                    TrainSpec.steps(1_500).withPrecision(Precision.F32).withBatch(512));
            for (String method : List.of(
                    "sscs:midpoint@50,quadratic", "sscs@100,quadratic", "em@200,quadratic", "heun@40,quadratic")) {
                Sampler sampler = model.sampler(MethodSpec.parse(method));
                Samples samples = sampler.sample(2_000, 42);
                assertEquals(0, samples.run().nonFinite());
                assertEquals("fused", samples.run().execution());
                double distance = distance(rows, samples.rows());
                assertTrue(distance < 0.02, method + ": squared energy distance " + distance);
                Samples ended =
                        sampler.steer(new FinalDenoising(model.process())).sample(2_000, 42);
                assertEquals(samples.run().nfe(), ended.run().nfe());
                assertTrue(distance(rows, ended.rows()) < 0.02);
            }
            Samples samples = model.sampler(MethodSpec.parse("sscs@20")).sample(100, 42);
            model.save(folder.resolve("model.safetensors"));
            try (ScoreModel again = ScoreModel.load(folder.resolve("model.safetensors"), device)) {
                assertEquals("cld:4,4,0.04", again.process().spec());
                assertArrayEquals(
                        samples.rows(),
                        again.sampler(MethodSpec.parse("sscs@20"))
                                .sample(100, 42)
                                .rows());
            }
            for (Executable refused : List.<Executable>of(
                    model::sde, model::parametrisation, () -> model.bound().discrete(10))) {
                String message =
                        assertThrows(IllegalArgumentException.class, refused).getMessage();
                assertTrue(message.contains("carries a velocity beside each row"), message);
            }
        }
    }

    private static double distance(float[] trained, float[] samples) {
        Normaliser normaliser =
                Normaliser.fit(Dataset.of(trained, "x", "y"), "x").normaliser();
        float[] fresh = BuiltInSet.EIGHTGAUSSIANS.rows(99, 0, 2_000);
        float[] sampled = samples.clone();
        normaliser.encode(fresh, fresh, 2_000);
        normaliser.encode(sampled, sampled, samples.length / 2);
        return EnergyDistance.squared(new Points(sampled, 2), new Points(fresh, 2));
    }

    private static ScoreModel small(Device device, String process, TrainSpec spec) {
        Dataset data = Dataset.of(BuiltInSet.SPIRAL.rows(2, 0, 300), "a", "b");
        ScoreModel model = ScoreModel.create(ProcessSpec.process(process), Mlp.of(16, 2), data, 3, device);
        model.train(data, spec);
        return model;
    }

    /** Training, and every execution of every method, to the bits of the host. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceTrainsAndSamplesToTheBitsOfTheHost(Device device) {
        TrainSpec spec = TrainSpec.steps(4).withPrecision(Precision.F32).withBatch(16);
        for (String process : List.of("cld", "cld-mixed:4,4,0.5")) {
            try (Device host = Device.open("cpu:1");
                    ScoreModel there = small(host, process, spec);
                    ScoreModel here = small(device, process, spec)) {
                assertArrayEquals(there.weights(), here.weights());
                for (String method : List.of("em@3", "sscs@3", "sscs:midpoint@2", "ei@3", "pf@3", "heun@3")) {
                    float[] expected =
                            there.sampler(MethodSpec.parse(method)).sample(5, 1).rows();
                    for (String execution : List.of("graph", "stepwise")) {
                        Samples samples = here.sampler(MethodSpec.parse(method))
                                .execution(execution)
                                .sample(5, 1);
                        assertArrayEquals(expected, samples.rows(), method + " by " + execution);
                        assertEquals(10, samples.output("velocity").length);
                    }
                }
            }
        }
    }

    /** One launch for the whole trajectory of two registers and a network of both, in the numbers of 16 bits that were asked for. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void wholeTrajectoriesAreOneLaunch(Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return; // products of 16 bits are the GPU's
        }
        TrainSpec spec = TrainSpec.steps(4).withPrecision(Precision.F32).withBatch(16);
        try (ScoreModel model = small(device, "cld", spec)) {
            for (String method : List.of("em@6", "sscs@6", "sscs:midpoint@6", "heun@6")) {
                Sampler sampler = model.sampler(MethodSpec.parse(method));
                float[] exact = sampler.sample(40, 1).rows();
                Samples fused = sampler.precision(Precision.F16X3).sample(40, 1);
                assertEquals("fused-16bit", fused.run().execution(), method);
                for (int i = 0; i < exact.length; i++) {
                    assertEquals(exact[i], fused.rows()[i], 2e-4 * (1 + Math.abs(exact[i])), method);
                }
            }
        }
    }

    /** The example of docs/choosing-a-sampler.md. */
    @Test
    void theExampleGivesRowsAndVelocities() {
        int steps = 5;
        Dataset data = Dataset.of(BuiltInSet.SPIRAL.rows(2, 0, 300), "a", "b");
        try (Device device = Device.open("cpu")) {
            // snippet: cld
            ScoreModel model = ScoreModel.create(new CldSde(), Mlp.of(64, 2), data, 7, device);
            model.train(data, TrainSpec.steps(steps));
            Samples samples = model.sampler(MethodSpec.parse("sscs:midpoint@50,quadratic"))
                    .sample(2_000, 42);
            float[] rows = samples.rows();
            float[] velocities = samples.output("velocity");
            // end
            float[] held = Arrays.copyOf(rows, 40);
            // snippet: cld-likelihood
            Likelihood.Densities densities = model.likelihood().velocities(8).of(held, 0);
            double atLeast = densities.mean();
            double[] errors = densities.errors(); // over the velocities, row by row
            // end
            assertTrue(Double.isFinite(atLeast));
            assertEquals(20, errors.length);
            assertEquals(4_000, rows.length);
            assertEquals(4_000, velocities.length);
            assertEquals(100, samples.run().nfe());
            model.close();
        }
    }

    /** Conditions go behind position and velocity. */
    @Test
    void learnsFromConditions() {
        float[] rows = new float[3 * 64];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (i * 37 % 101) / 50f - 1;
        }
        try (Device device = Device.open("cpu:1")) {
            Dataset data = Dataset.of(rows, "a", "b", "c").given("c", "c");
            try (ScoreModel model = ScoreModel.create(new CldSde(), Mlp.of(8, 1), data, 3, device)) {
                model.train(
                        data, TrainSpec.steps(3).withPrecision(Precision.F32).withBatch(16));
                assertEquals(5, model.network().signature().inputs());
                Sampler sampler = model.sampler(MethodSpec.parse("sscs@3"));
                String port = model.conditions().get(0).name();
                float[] low =
                        sampler.given(port, new float[] {-1}, 1).sample(4, 1).rows();
                float[] high =
                        sampler.given(port, new float[] {1}, 1).sample(4, 1).rows();
                assertTrue(low[0] != high[0]);
                for (TrainSpec refused : List.of(
                        TrainSpec.steps(3).withConditioning(Conditioning.parseNoise("ve:0.01,0.5")),
                        TrainSpec.steps(3).withSlices(Slices.parse("sliced").orElseThrow()))) {
                    String message = assertThrows(IllegalArgumentException.class, () -> model.train(data, refused))
                            .getMessage();
                    assertTrue(message.contains("hybrid score matching"), message);
                }
            }
        }
    }
}
