package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.execution.Precision;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import org.tweedie.train.TrainSpec;

class ScoreModelTest {
    @TempDir
    Path folder;

    /** The example of the README: from rows to a model to rows of the same law. */
    @Test
    void trainsAndSamplesTheLawOfItsData() throws Exception {
        float[] rows = BuiltInSet.MOONS.rows(1, 0, 10_000);
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(64, 2), 2, 7, device)) {
            model.train(
                    Dataset.of(rows, "east", "north"),
                    TrainSpec.steps(1_500).withPrecision(Precision.F32).withBatch(512));
            Samples samples = model.sampler(MethodSpec.parse("dpm2m@20")).sample(2_000, 42);
            assertEquals(List.of("east", "north"), samples.columns());
            assertEquals(0, samples.run().nonFinite());
            assertEquals(20, samples.run().nfe());
            assertEquals("fused", samples.run().execution());
            double distance = distance(rows, samples.rows());
            assertTrue(distance < 0.01, "squared energy distance " + distance);
            model.save(folder.resolve("model.safetensors"));
            try (ScoreModel again = ScoreModel.load(folder.resolve("model.safetensors"), device)) {
                assertArrayEquals(
                        samples.rows(),
                        again.sampler(MethodSpec.parse("dpm2m@20"))
                                .sample(2_000, 42)
                                .rows());
                assertEquals(model.columns(), again.columns());
                assertEquals(model.provenance(), again.provenance());
            }
        }
    }

    /** Squared energy distance with columns standardised, to fresh rows of the set. */
    private static double distance(float[] trained, float[] samples) {
        Normaliser normaliser =
                Normaliser.fit(Dataset.of(trained, "x", "y"), "x").normaliser();
        float[] fresh = BuiltInSet.MOONS.rows(99, 0, 4_000);
        float[] sampled = samples.clone();
        normaliser.encode(fresh, fresh, 4_000);
        normaliser.encode(sampled, sampled, samples.length / 2);
        return EnergyDistance.squared(new Points(sampled, 2), new Points(fresh, 2));
    }

    private static ScoreModel small(Device device, Dataset data) {
        ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(16, 2), data, 3, device);
        model.train(data, TrainSpec.steps(5).withPrecision(Precision.F32).withBatch(16));
        return model;
    }

    private static Dataset spirals() {
        return Dataset.of(BuiltInSet.SPIRAL.rows(2, 0, 300), "a", "b");
    }

    /** Devices of one kind give the same bits, and f32 kernels give the host's bits everywhere. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceTrainsAndSamplesToTheBitsOfTheHost(Device device) {
        try (Device host = Device.open("cpu:1");
                ScoreModel there = small(host, spirals());
                ScoreModel here = small(device, spirals())) {
            assertArrayEquals(there.weights(), here.weights());
            assertArrayEquals(
                    there.sampler(new EulerMaruyama()).steps(4).sample(37, 9).rows(),
                    here.sampler(new EulerMaruyama()).steps(4).sample(37, 9).rows());
        }
    }

    @Test
    void aSampleDependsOnSeedAndNumberAlone() {
        try (Device device = Device.open("cpu:2");
                ScoreModel model = small(device, spirals())) {
            Sampler sampler = model.sampler(new EulerMaruyama()).steps(5);
            float[] whole = sampler.sample(5_000, 11).rows();
            assertArrayEquals(
                    Arrays.copyOfRange(whole, 2 * 1234, 2 * 1300),
                    sampler.sample(1234, 66, 11).rows());
            float[] into = new float[2 * 5_000 + 3];
            assertEquals(5_000, sampler.sampleInto(into, 3, 0, 5_000, 11).count());
            assertArrayEquals(whole, Arrays.copyOfRange(into, 3, into.length));
            Iterator<Samples> pieces = sampler.iterate(0, 5_000, 700, 11);
            int at = 0;
            while (pieces.hasNext()) {
                float[] piece = pieces.next().rows();
                assertArrayEquals(Arrays.copyOfRange(whole, at, at + piece.length), piece);
                at += piece.length;
            }
            assertEquals(whole.length, at);
            float[] picked = sampler.sample(new long[] {4_999, 0, 17}, 11).rows();
            assertArrayEquals(Arrays.copyOfRange(whole, 2 * 4_999, 2 * 5_000), Arrays.copyOfRange(picked, 0, 2));
            assertArrayEquals(Arrays.copyOfRange(whole, 34, 36), Arrays.copyOfRange(picked, 4, 6));
        }
    }

    /** A condition is an input of the network: other conditions, other samples; its rows follow the sample's number. */
    @Test
    void conditionsSteer() {
        float[] rows = new float[3 * 400];
        for (int i = 0; i < 400; i++) {
            rows[3 * i] = i % 7;
            rows[3 * i + 1] = (i * 5) % 11;
            rows[3 * i + 2] = i % 2;
        }
        Dataset data = Dataset.of(rows, "a", "b", "kind").given("y", "kind");
        try (Device device = Device.open("cpu");
                ScoreModel model = small(device, data)) {
            Sampler sampler = model.sampler(new EulerMaruyama()).steps(5);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> sampler.sample(3, 1))
                    .getMessage()
                    .contains("given(\"y\", rows)"));
            float[] zero = sampler.given("y", new float[] {0}, 1).sample(4, 1).rows();
            float[] one = sampler.given("y", new float[] {1}, 1).sample(4, 1).rows();
            float[] mixed =
                    sampler.given("y", new float[] {0, 1, 0, 1}, 1).sample(4, 1).rows();
            assertTrue(!Arrays.equals(zero, one));
            assertArrayEquals(Arrays.copyOfRange(one, 2, 4), Arrays.copyOfRange(mixed, 2, 4));
            assertArrayEquals(Arrays.copyOfRange(zero, 4, 6), Arrays.copyOfRange(mixed, 4, 6));
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> sampler.given("y", new float[] {1, 2}, 2).sample(3, 1))
                    .getMessage()
                    .contains("1 wide"));
        }
    }

    /** A step that does not fit its device is one typed exception, and what was taken before it is given back. */
    @Test
    void trainingThatDoesNotFitHoldsNothing() {
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 16), spirals(), 3, device)) {
            long before = device.allocatedBytes();
            TrainSpec large = TrainSpec.steps(5)
                    .withPrecision(Precision.F32)
                    .withBatch(1 << 24); // more than 2^31 numbers in all layers
            assertThrows(OutOfDeviceMemoryException.class, () -> model.train(spirals(), large));
            assertEquals(
                    before,
                    device.allocatedBytes(),
                    device.allocations().leaks().toString());
        }
    }

    @Test
    void tracesLeadFromNoiseToTheSamples() {
        try (Device device = Device.open("cpu");
                ScoreModel model = small(device, spirals())) {
            Samples samples =
                    model.sampler(new EulerMaruyama()).steps(6).traced().sample(50, 1);
            List<float[]> trace = samples.traces().get("x");
            assertEquals(model.sampler(new EulerMaruyama()).steps(6).explain().steps(), trace.size());
            assertArrayEquals(samples.rows(), trace.get(trace.size() - 1));
        }
    }

    @Test
    void explainSaysWhatRunsAndWhy() {
        try (Device device = Device.open("cpu");
                ScoreModel model = small(device, spirals())) {
            Sampler.Explanation explanation =
                    model.sampler(MethodSpec.parse("heun@10")).explain();
            assertEquals("fused", explanation.execution());
            assertTrue(explanation.toString().contains("tiles of"), explanation.toString());
            assertEquals(
                    "stepwise",
                    model.sampler(MethodSpec.parse("heun@10"))
                            .execution("stepwise")
                            .explain()
                            .execution());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> model.sampler(new EulerMaruyama())
                            .execution("psychic")
                            .explain());
        }
    }

    @Test
    void aClosedModelAndAFileThatIsNoneSaySo() throws Exception {
        try (Device device = Device.open("cpu")) {
            ScoreModel model = small(device, spirals());
            Sampler sampler = model.sampler(new EulerMaruyama());
            model.close();
            model.close();
            assertThrows(IllegalStateException.class, () -> sampler.sample(1, 1));
            assertEquals(0, device.allocatedBytes());
            Path junk = Files.write(folder.resolve("junk.safetensors"), new byte[] {1, 2, 3});
            assertThrows(org.tweedie.io.MalformedFileException.class, () -> ScoreModel.load(junk, device));
        }
    }
}
