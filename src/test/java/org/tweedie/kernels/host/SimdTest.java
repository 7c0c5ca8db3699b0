package org.tweedie.kernels.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.host.Simd.Block;

/**
 * The vector loops against the plain ones, bit for bit, at sizes chosen to hurt; and both against a checksum written down
 * here, so that another JVM, another CPU or another vector length is held to the same bits.
 */
class SimdTest {
    private static final int[] WIDTHS = {
        0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 97, 128, 130, 1021
    };

    private final Simd plain = new PlainSimd();
    private final Simd vector = Simd.best();

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-4, 4)));
        }
        return values;
    }

    private static void assertBits(float[] expected, float[] got, String what) {
        for (int i = 0; i < expected.length; i++) {
            boolean same = Float.isNaN(expected[i])
                    ? Float.isNaN(got[i])
                    : Float.floatToRawIntBits(expected[i]) == Float.floatToRawIntBits(got[i]);
            if (!same) {
                fail(what + ": element " + i + " is " + got[i] + " with vectors, " + expected[i] + " without");
            }
        }
    }

    /** Tests run with the module; without this, all below would compare plain loops with themselves. */
    @Test
    void vectorsAreThere() {
        assertTrue(
                vector.name().startsWith("vector "),
                "run tests with --add-modules jdk.incubator.vector; best is " + vector.name());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 64, 65})
    void squaresOfDistances(int dim) {
        float[] x = random(3 + dim, 1);
        float[] turned = random(128 * dim, 2);
        turned[128 * dim - 5] = Float.POSITIVE_INFINITY;
        float[] expected = new float[128];
        plain.squares(x, 3, dim, turned, 128, expected);
        float[] got = random(128, 3);
        vector.squares(x, 3, dim, turned, 128, got);
        assertBits(expected, got, dim + " coordinates");
        float apart = x[3] - turned[7];
        assertTrue(dim > 1 || expected[7] == apart * apart);
    }

    @Test
    void sinesAndCosinesOfTurns() {
        for (int width : WIDTHS) {
            float[] x = random(width, 9);
            for (int j = 0; j < width; j++) {
                x[j] = j % 3 == 0 ? 0.125f * (j % 32 - 16) : j % 3 == 1 ? 1000 * x[j] : x[j];
            }
            if (width > 8) {
                x[1] = Float.NaN;
                x[2] = Float.POSITIVE_INFINITY;
                x[3] = -0f;
            }
            float[][] expected = new float[2][width];
            plain.turns(x, width, expected[0], expected[1]);
            float[][] got = new float[2][width];
            vector.turns(x, width, got[0], got[1]);
            assertBits(expected[0], got[0], "sine");
            assertBits(expected[1], got[1], "cosine");
            for (int j = 4; j < width; j++) {
                assertEquals(StrictMath.sin(2 * Math.PI * x[j]), got[0][j], 2e-7);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {-0.25f, -40, 3, 0})
    void exponentialsOfAFactor(float factor) {
        for (int width : WIDTHS) {
            float[] expected = random(width, 4);
            for (int j = 0; j + 5 < width; j += 31) {
                expected[j] = Float.POSITIVE_INFINITY;
                expected[j + 1] = Float.NaN;
                expected[j + 2] = 416;
                expected[j + 3] = 29.67f;
                expected[j + 4] = -0f;
            }
            float[] got = expected.clone();
            plain.exponentials(factor, expected, width);
            vector.exponentials(factor, got, width);
            assertBits(expected, got, width + " exponentials");
        }
    }

    private static float[] linear(
            Simd simd, int rows, int in, int width, @Nullable Block add, boolean bias, boolean keep, int pad) {
        Block x = new Block(random(2 + rows * (in + 3), 1), 2, in + 3);
        float[] w = random(1 + in * width, 2);
        Block out = new Block(new float[1 + rows * (width + pad)], 1, width + pad);
        Block pre = keep ? new Block(new float[rows * width], 0, width) : null;
        simd.linear(rows, x, w, 1, in, width, bias ? random(width, 3) : null, 0, add, Activation.SILU.code(), out, pre);
        if (pre == null) {
            return out.data();
        }
        float[] both = Arrays.copyOf(out.data(), out.data().length + pre.data().length);
        System.arraycopy(pre.data(), 0, both, out.data().length, pre.data().length);
        return both;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 5, 6, 7, 24, 31, 33, 97, 257})
    void productsHaveTheSameBits(int rows) {
        for (int width : WIDTHS) {
            for (int in : new int[] {0, 1, 2, 3, 31, 128}) {
                if ((long) rows * width * in > 2_000_000) {
                    continue;
                }
                int salt = rows + 3 * width + 7 * in;
                Block add =
                        salt % 3 == 0 ? null : new Block(random(rows * width + width, 4), 0, salt % 3 == 1 ? width : 0);
                String what = rows + " rows, " + in + " to " + width;
                assertBits(
                        linear(plain, rows, in, width, add, salt % 2 == 0, salt % 4 < 2, salt % 5),
                        linear(vector, rows, in, width, add, salt % 2 == 0, salt % 4 < 2, salt % 5),
                        what);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 64, 65})
    void outerProductsHaveTheSameBits(int rows) {
        for (int width : WIDTHS) {
            for (int in : new int[] {1, 2, 5, 6, 33, 64}) {
                Block x = new Block(random(rows * in, 5), 0, in);
                Block d = new Block(random(rows * width, 6), 0, width);
                float[] a = random(in * width, 7);
                float[] b = a.clone();
                plain.outer(rows, x, d, in, width, a, 0);
                vector.outer(rows, x, d, in, width, b, 0);
                assertBits(a, b, rows + " rows of " + in + " by " + width);
            }
        }
    }

    @Test
    void adamHasTheSameBits() {
        AdamRule rule = new AdamRule(0.7f, 1e-3f, -1e-5f, 1.3f, 1.1f, 0.1f, 0.001f, 1e-8f, 0.01f);
        for (int count : new int[] {0, 1, 15, 16, 17, 33, 1021}) {
            float[][] mine = new float[5][];
            float[][] other = new float[5][];
            Block[] a = new Block[5];
            Block[] b = new Block[5];
            for (int i = 0; i < 5; i++) {
                mine[i] = random(count + 7, 20 + i);
                for (int j = 0; i == 3 && j < mine[i].length; j++) {
                    mine[i][j] = Math.abs(mine[i][j]); // squares
                }
                other[i] = mine[i].clone();
                a[i] = new Block(mine[i], i, 1);
                b[i] = new Block(other[i], i, 1);
            }
            plain.adam(rule, a[0], a[1], a[2], a[3], a[4], 1, 1 + count);
            vector.adam(rule, b[0], b[1], b[2], b[3], b[4], 1, 1 + count);
            for (int i = 0; i < 5; i++) {
                assertBits(mine[i], other[i], count + " elements, part " + i);
            }
        }
    }

    /** Floats of every size and sign, with the special ones. */
    private static float[] everyFloat() {
        float[] values = new float[300_007];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(i * 14_317);
        }
        float[] special = {
            0f,
            -0f,
            Float.NaN,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MAX_VALUE,
            85f,
            -85f,
            104f,
            -104f,
            14f,
            -14f,
            20f,
            0.55f,
            1f,
            -1f
        };
        System.arraycopy(special, 0, values, 100, special.length);
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void activationsHaveTheSameBits(Activation activation) {
        float[] x = everyFloat();
        float[] d = random(x.length, 8);
        float[] a = new float[x.length];
        float[] b = new float[x.length];
        plain.activate(activation.code(), x, 0, a, 0, x.length);
        vector.activate(activation.code(), x, 0, b, 0, x.length);
        assertBits(a, b, activation.name());
        plain.slope(activation.code(), x, 0, d, 0, a, 0, x.length);
        vector.slope(activation.code(), x, 0, d, 0, b, 0, x.length);
        assertBits(a, b, activation + " slope");
    }

    @Test
    void normalsHaveTheSameBits() {
        int pairs = 100_003;
        int[] radius = new int[pairs];
        int[] angle = new int[pairs];
        SplittableRandom random = new SplittableRandom(9);
        for (int i = 0; i < pairs; i++) {
            radius[i] = i % 3 == 0 ? random.nextInt() >> random.nextInt(32) : random.nextInt();
            angle[i] = i % 5 == 0 ? (int) (i * 0x20000000L) - i % 2 : random.nextInt();
        }
        float[] a = new float[2 * pairs + 1];
        float[] b = new float[2 * pairs + 1];
        plain.normals(radius, angle, pairs, a, 1);
        vector.normals(radius, angle, pairs, b, 1);
        assertBits(a, b, "normals");
    }

    /** Bits of a small network's forward and backward pass, of activations and normals: recorded once, on no particular machine. */
    @Test
    void bitsAreThoseOfAnyMachine() {
        for (Simd simd : new Simd[] {plain, vector}) {
            CRC32 crc = new CRC32();
            float[] x = random(67 * 5, 11);
            float[] w = random(5 * 130, 12);
            float[] hidden = new float[67 * 130];
            float[] pre = new float[67 * 130];
            for (Activation activation : Activation.values()) {
                simd.linear(
                        67,
                        new Block(x, 0, 5),
                        w,
                        0,
                        5,
                        130,
                        null,
                        0,
                        null,
                        activation.code(),
                        new Block(hidden, 0, 130),
                        new Block(pre, 0, 130));
                update(crc, hidden);
                simd.slope(activation.code(), pre, 0, hidden, 0, pre, 0, pre.length);
                update(crc, pre);
                float[] gradient = new float[5 * 130];
                simd.outer(67, new Block(x, 0, 5), new Block(pre, 0, 130), 5, 130, gradient, 0);
                update(crc, gradient);
            }
            int[] radius = new int[501];
            int[] angle = new int[501];
            for (int i = 0; i < 501; i++) {
                radius[i] = i * 0x9E3779B9;
                angle[i] = i * 0x85EBCA6B;
            }
            float[] normals = new float[1002];
            simd.normals(radius, angle, 501, normals, 0);
            update(crc, normals);
            assertEquals("5713da4a", Long.toHexString(crc.getValue()), simd.name());
        }
    }

    private static void update(CRC32 crc, float[] values) {
        for (float value : values) {
            int bits = Float.floatToRawIntBits(value);
            for (int shift = 0; shift < 32; shift += 8) {
                crc.update(bits >> shift);
            }
        }
    }
}
