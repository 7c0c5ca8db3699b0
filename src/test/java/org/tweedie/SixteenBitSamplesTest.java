package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.score.Mlp;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Samples by products of 16-bit numbers have the law of those in f32. */
@GpuTest
class SixteenBitSamplesTest {
    private static final int ROWS = 512;
    private static final int SHUFFLES = 199;

    @TempDir
    private Path folder;

    private static double squared(float[] x, float[] y) {
        return EnergyDistance.squared(new Points(x, 2), new Points(y, 2));
    }

    /** How many of the shuffles of both samples are as far apart as they are: few, if their laws differ. */
    private static int asFar(float[] x, float[] y) {
        double distance = squared(x, y);
        float[] pool = Arrays.copyOf(x, x.length + y.length);
        System.arraycopy(y, 0, pool, x.length, y.length);
        SplittableRandom random = new SplittableRandom(1);
        int far = 0;
        for (int k = 0; k < SHUFFLES; k++) {
            for (int i = pool.length / 2 - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                for (int d = 0; d < 2; d++) {
                    float kept = pool[2 * i + d];
                    pool[2 * i + d] = pool[2 * j + d];
                    pool[2 * j + d] = kept;
                }
            }
            float[] a = Arrays.copyOf(pool, x.length);
            float[] b = Arrays.copyOfRange(pool, x.length, pool.length);
            far += squared(a, b) >= distance ? 1 : 0;
        }
        return far;
    }

    /** Other noise than the f32 samples, so that only the law can agree; a false alarm for one seed in 200, and seeds are fixed. */
    @Test
    void haveTheLawOfThoseInF32() throws Exception {
        Path file = folder.resolve("moons.safetensors");
        MethodSpec method = MethodSpec.parse("dpm2m@12");
        float[] single;
        float[] sameNoise;
        try (Device host = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(32, 2), 2, 7, host)) {
            model.train(
                    Dataset.of(BuiltInSet.MOONS.rows(1, 0, 4_000), "east", "north"),
                    TrainSpec.steps(500).withPrecision(Precision.F32).withBatch(256));
            model.save(file);
            single = model.sampler(method).sample(ROWS, 2).rows();
            sameNoise = model.sampler(method).sample(ROWS, 1).rows();
        }
        float[] shifted = single.clone();
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] += 0.3f;
        }
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                ScoreModel model = ScoreModel.load(file, device)) {
            Sampler plain = model.sampler(method);
            assertArrayEquals(sameNoise, plain.sample(ROWS, 1).rows(), "f32, unless asked, to the bit");
            for (Precision precision : new Precision[] {Precision.F16, Precision.BF16, Precision.F16X3}) {
                Sampler sampler = plain.precision(precision);
                Samples samples = sampler.sample(ROWS, 1);
                assertEquals("fused-16bit", samples.run().execution());
                assertEquals("fused-16bit", sampler.explain().execution());
                assertEquals(0, samples.run().nonFinite());
                assertTrue(asFar(single, samples.rows()) > 0, precision + " samples are far from those in f32");
                assertEquals(0, asFar(shifted, samples.rows()), "a shift of 0.3 is noticed");
                float[] rows = samples.rows();
                assertArrayEquals(
                        Arrays.copyOfRange(rows, 2 * 100, 2 * 130),
                        sampler.sample(100, 30, 1).rows());
            }
        }
    }
}
