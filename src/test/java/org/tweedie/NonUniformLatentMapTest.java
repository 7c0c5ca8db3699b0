package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.Heun;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Latent rows of models of blocks that move each at its own speed. */
class NonUniformLatentMapTest {
    private static final List<String> PROCESSES = List.of(
            "haar:1,1x4",
            "nonuniform:1*vp-logsnr:10,-10,0.5/3*vp-logsnr:10,-10,1",
            "nonuniform:2*vp:0.1,20/2*ve:0.01,10",
            "nonuniform:4*vp");

    private static Dataset data(int rows) {
        float[] values = new float[5 * rows];
        for (int i = 0; i < values.length; i++) {
            double z = Philox.words(5, i / 5, Purpose.DATA, 0).normal(i % 5);
            values[i] = (float) (i % 5 == 0 ? 3 + z : 0.6 * values[i - 1] + z);
        }
        return Dataset.of(values, "a", "b", "c", "d", "y").given("y", "y");
    }

    /** An untrained network puts out 0, whose flow under a VP process leaves standard rows alone, whenever their block leaves. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void standardRowsStayWhereTheyAre(Device device) {
        Dataset rows = data(8);
        try (NonUniformModel model = NonUniformModel.create(PROCESSES.get(1), Mlp.of(8, 2), rows, 1, device)) {
            LatentMap map = model.latentMap().given("y", new float[] {0.3f}, 1);
            assertEquals("unipc:3@100", map.method());
            assertEquals(4, map.latentWidth());
            float[] x = rows.values(Dataset.X);
            float[] latents = map.encode(x);
            assertArrayEquals(x, latents, 2e-3f);
            assertArrayEquals(x, map.decode(latents), 2e-3f);
        }
    }

    /** In the units of the data, through Haar's scales and under a condition: back at the rows, with the host's bits on every device. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void decodingGoesBack(Device device) {
        Dataset rows = data(300).droppable();
        TrainSpec spec = TrainSpec.steps(20)
                .withBatch(64)
                .withPrecision(Precision.F32)
                .withConditioning(Conditioning.dropped(0.2));
        float[] some = Arrays.copyOf(rows.values(Dataset.X), 24);
        for (String process : PROCESSES) {
            try (Device host = Device.open("cpu:1");
                    NonUniformModel there = NonUniformModel.create(process, Mlp.of(8, 2), rows, 1, host);
                    NonUniformModel here = NonUniformModel.create(process, Mlp.of(8, 2), rows, 1, device)) {
                there.train(rows, spec);
                here.train(rows, spec);
                LatentMap map = here.latentMap().given("y", new float[] {0.3f}, 1);
                LatentMap plain = there.latentMap().given("y", new float[] {0.3f}, 1);
                assertArrayEquals(
                        plain.by(new Heun(), 8).encode(some),
                        map.by(new Heun(), 8).encode(some),
                        process);
                double coarse = apart(plain.by(new Heun(), 40), some);
                double fine = apart(plain.by(new Heun(), 80), some);
                assertTrue(fine < 0.4 * coarse && fine < 0.05, process + ": " + coarse + " and " + fine);
                float[] way = plain.between(Arrays.copyOf(some, 4), Arrays.copyOfRange(some, 4, 8), 3);
                assertEquals(12, way.length);
                assertArrayEquals(Arrays.copyOf(some, 4), Arrays.copyOf(way, 4), 0.05f, process);
            }
        }
    }

    private static double apart(LatentMap map, float[] rows) {
        float[] back = map.decode(map.encode(rows));
        double most = 0;
        for (int i = 0; i < rows.length; i++) {
            most = Math.max(most, Math.abs(back[i] - rows[i]));
        }
        return most;
    }

    /** The latent rows are those that the likelihood ends at, up to the methods' errors, each block in units of its own prior. */
    @Test
    void theyAreThoseOfTheLikelihood() {
        Dataset rows = data(300);
        float[] some = Arrays.copyOf(rows.values(Dataset.X), 24);
        float[] y = {0.3f};
        for (String process : PROCESSES) {
            try (Device device = Device.open("cpu");
                    NonUniformModel model = NonUniformModel.create(process, Mlp.of(8, 2), rows, 1, device)) {
                model.train(rows, TrainSpec.steps(20).withBatch(64).withPrecision(Precision.F32));
                // snippet: latents
                LatentMap map = model.latentMap().given("y", y, 1);
                float[] latents = map.encode(some);
                float[] back = map.decode(latents);
                // end
                assertArrayEquals(some, back, 0.01f, process);
                float[] ends = model.likelihood()
                        .steps(200)
                        .given("y", y, 1)
                        .of(some, 0)
                        .latents();
                for (int i = 0; i < ends.length; i++) {
                    double deviation = process.contains("ve:0.01,10") && i % 4 > 1 ? 10 : 1;
                    assertEquals(ends[i] / deviation, latents[i], 0.02, process + " number " + i);
                }
                assertThrows(IllegalArgumentException.class, () -> map.by(new EulerMaruyama(), 10));
            }
        }
    }
}
