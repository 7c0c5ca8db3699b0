package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;
import org.tweedie.rng.Words;

class FillTest {
    private static final long SEED = 0x299f31d0a4093822L;

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void givesRandom123sKnownAnswer(Device device) {
        try (Lab lab = new Lab(device)) {
            DeviceBuffer out = lab.ints(new int[4]);
            Fill.words(lab.stream(), lab.rows(0, 0, 1), View.rows(out, 4), Purpose.PRIOR, 0);
            assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, lab.readInts(out));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void givesTheWordsOfThePureGenerator(Device device) {
        try (Lab lab = new Lab(device)) {
            for (int n : Lab.SIZES) {
                for (int dim : Lab.DIMS) {
                    DeviceBuffer out = lab.ints(new int[n * (dim + 1)]);
                    long first = 0x85a308d3243f6a88L;
                    RowSet rows = lab.rows(SEED, first, n, null, null, 5);
                    Fill.words(lab.stream(), rows, new View(out, 0, dim, dim + 1), Purpose.BOOTSTRAP, 1_000_000);
                    int[] got = lab.readInts(out);
                    for (int r = 0; r < n; r++) {
                        Words words = Philox.words(SEED, first + r, Purpose.BOOTSTRAP, 1_000_005);
                        for (int d = 0; d < dim; d++) {
                            assertEquals(
                                    words.word(d, 0),
                                    got[r * (dim + 1) + d],
                                    "row " + r + " of " + n + ", word " + d + " of " + dim);
                        }
                        assertEquals(0, got[r * (dim + 1) + dim], "the gap between rows");
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void givesTheBitsOfOneHostThread(Device device) {
        for (StandardLaw law : StandardLaw.values()) {
            for (int n : Lab.SIZES) {
                for (int dim : Lab.DIMS) {
                    Lab.sameOnOneThread(device, law + " " + n + " x " + dim, lab -> {
                        DeviceBuffer out = lab.untouched(n * (dim + 3) + 1);
                        Fill.draw(
                                lab.stream(),
                                lab.rows(SEED, 7, n),
                                law,
                                new View(out, 1, dim, dim + 3),
                                Purpose.NOISE,
                                3);
                        return lab.read(out);
                    });
                }
            }
        }
    }

    /** As many numbers as the device makes in a moment: every piece of the logarithm, root and sine many times over. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void givesTheBitsOfOneHostThreadOnManyNumbers(Device device) {
        int n = device.name().contains("emulated") ? 1 << 14 : 1 << 21;
        Lab.sameOnOneThread(device, n + " x 4", lab -> {
            DeviceBuffer out = lab.untouched(n * 4);
            Fill.normal(lab.stream(), lab.rows(SEED, 0, n), View.rows(out, 4), Purpose.NOISE, 4);
            return lab.read(out);
        });
    }

    /**
     * Against double. Sources of error of z = r cos a, each relative to r: the logarithm 1 ulp and the root, 2^-24 together;
     * the angle's conversion and product, at most 2 x 2^-24 of pi/4; the polynomial 2^-24; the last product 2^-24.
     */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void agreesWithTheLawsInDouble(Device device) {
        try (Lab lab = new Lab(device)) {
            int n = 4000;
            int dim = 6;
            for (StandardLaw law : StandardLaw.values()) {
                DeviceBuffer out = lab.untouched(n * dim);
                Fill.draw(lab.stream(), lab.rows(SEED, -3, n), law, View.rows(out, dim), Purpose.STEP, 9);
                float[] got = lab.read(out);
                double[] expected = new double[dim];
                for (int r = 0; r < n; r++) {
                    law.draw(Philox.words(SEED, -3 + r, Purpose.STEP, 9), new double[0][], expected);
                    for (int d = 0; d < dim; d++) {
                        double radius = Math.hypot(expected[d & ~1], expected[d | 1]);
                        double allowed = law == StandardLaw.NORMAL ? 4.5 * 0x1p-24 * radius : 0;
                        assertEquals(
                                expected[d], got[r * dim + d], allowed, law + " of row " + r + ", coordinate " + d);
                    }
                }
            }
        }
    }

    /** A sample is a function of (seed, index): by itself, in any order, in any batch, among dead rows. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void doesNotDependOnTheBatch(Device device) {
        try (Lab lab = new Lab(device)) {
            int n = 1021;
            int dim = 5;
            DeviceBuffer out = lab.untouched(n * dim);
            Fill.normal(lab.stream(), lab.rows(SEED, 0, n), View.rows(out, dim), Purpose.PRIOR, 0);
            float[] all = lab.read(out);

            Random random = new Random(5);
            long[] index = random.longs(n, 0, n).toArray();
            float[] alive = new float[n];
            for (int i = 0; i < n; i++) {
                alive[i] = random.nextInt(3) - 1;
            }
            DeviceBuffer some = lab.untouched(n * dim);
            Fill.normal(lab.stream(), lab.rows(SEED, 0, n, index, alive, 0), View.rows(some, dim), Purpose.PRIOR, 0);
            float[] got = lab.read(some);
            for (int r = 0; r < n; r++) {
                for (int d = 0; d < dim; d++) {
                    float expected = alive[r] > 0 ? all[(int) index[r] * dim + d] : Lab.UNTOUCHED;
                    assertEquals(expected, got[r * dim + d], "row " + r + ", coordinate " + d);
                }
            }

            for (int[] chunk : new int[][] {{0, 1}, {1, 2}, {3, 254}, {257, 764}}) {
                DeviceBuffer part = lab.untouched(chunk[1] * dim);
                Fill.normal(lab.stream(), lab.rows(SEED, chunk[0], chunk[1]), View.rows(part, dim), Purpose.PRIOR, 0);
                Lab.assertBits(
                        java.util.Arrays.copyOfRange(all, chunk[0] * dim, (chunk[0] + chunk[1]) * dim),
                        lab.read(part),
                        "chunk " + chunk[0]);
            }
        }
    }

    /** A width beyond the host's tile of pairs. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void fillsVeryWideRows(Device device) {
        try (Lab lab = new Lab(device)) {
            int dim = 5003;
            DeviceBuffer out = lab.untouched(2 * dim);
            Fill.normal(lab.stream(), lab.rows(SEED, 4, 2), View.rows(out, dim), Purpose.DATA, 0);
            float[] got = lab.read(out);
            for (int r = 0; r < 2; r++) {
                Words words = Philox.words(SEED, 4 + r, Purpose.DATA, 0);
                for (int d = 0; d < dim; d++) {
                    // radius to 3 ulp, sine and cosine to 2, one product: 4.5 roundings of the pair's radius
                    double radius = Math.hypot(words.normal(d & ~1), words.normal(d | 1));
                    double bound = 4.5 * 0x1p-24 * radius;
                    assertEquals(words.normal(d), got[r * dim + d], bound, "row " + r + ", coordinate " + d);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void refusesWhatItCannotDo(Device device) {
        try (Lab lab = new Lab(device)) {
            RowSet rows = lab.rows(0, 0, 1);
            View view = View.rows(lab.floats(new float[4]), 4);
            assertThrows(IllegalArgumentException.class, () -> Fill.normal(lab.stream(), rows, view, Purpose.STEP, -1));
            assertThrows(IllegalArgumentException.class, () -> Fill.words(lab.stream(), rows, view, Purpose.STEP, 0));
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> Fill.normal(lab.stream(), rows, view, Purpose.STEP, 1 << 24))
                    .getMessage()
                    .contains("16777216"));
        }
    }
}
