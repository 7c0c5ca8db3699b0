package org.tweedie.kernels.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.tweedie.rng.Philox;

class BoxMullerTest {
    /** Every binade of u near 0 and of 1 - u near 0, and words around the joins of the logarithm's pieces. */
    @Test
    void keepsTheRadiusToThreeUlpEverywhere() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 2_000_000; i++) {
            int word = random.nextInt() >>> random.nextInt(32);
            check(word);
            check(~word);
        }
        for (int join : new int[] {
            0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, (int) 2863311530L, (int) 1431655765L, 1 << 24, -(1 << 24)
        }) {
            for (int off = -1000; off <= 1000; off++) {
                check(join + off);
            }
        }
    }

    private static void check(int word) {
        double u = ((word & 0xffffffffL) + 0.5) * 0x1p-32;
        double exact = StrictMath.sqrt(-2 * StrictMath.log(u));
        float got = BoxMuller.radius(word);
        assertTrue(
                Math.abs(got - exact) <= 3 * Math.ulp((float) exact),
                () -> "word " + word + ": " + got + ", exactly " + exact);
    }

    @Test
    void isNeverZeroNorInfinite() {
        check(0);
        check(-1);
        assertEquals(Math.sqrt(66 * Math.log(2)), BoxMuller.radius(0), 3 * Math.ulp(6.77f));
        // ln(1 - 2^-33) = -2^-33 - 2^-67 - ..., and 3 ulp
        assertEquals(0x1p-16, BoxMuller.radius(-1), 3 * Math.ulp(0x1p-16f) + 0x1p-50);
    }

    /** The best implementation of this JVM and the plain one: the same bits, at every remainder of a vector. */
    @Test
    void isTheSameInVectors() {
        SplittableRandom random = new SplittableRandom(4);
        for (int pairs = 0; pairs < 150; pairs++) {
            int[] radius = random.ints(pairs).map(w -> w >>> random.nextInt(32)).toArray();
            int[] angle = random.ints(pairs).toArray();
            float[] plain = new float[2 * pairs + 1];
            float[] best = new float[2 * pairs + 1];
            new PlainSimd().normals(radius, angle, pairs, plain, 1);
            Simd.best().normals(radius, angle, pairs, best, 1);
            for (int i = 0; i < plain.length; i++) {
                assertEquals(
                        Float.floatToRawIntBits(plain[i]),
                        Float.floatToRawIntBits(best[i]),
                        pairs + " pairs, number " + i);
            }
        }
    }

    /** Blocks and weighted sums likewise. */
    @Test
    void drawsAndAddsTheSameInVectors() {
        SplittableRandom random = new SplittableRandom(5);
        Simd plain = new PlainSimd();
        for (int n = 0; n < 70; n++) {
            int[] low = random.ints(n).toArray();
            int[] high = random.ints(n).toArray();
            int[] quad = random.ints(n).toArray();
            long seed = random.nextLong();
            for (boolean half : new boolean[] {false, true}) {
                int[][] words = {new int[2 * n], new int[2 * n], new int[2 * n], new int[2 * n]};
                plain.philox(seed, low, high, -5, quad, n, half, words[0], words[1]);
                Simd.best().philox(seed, low, high, -5, quad, n, half, words[2], words[3]);
                assertArrayEquals(words[0], words[2]);
                assertArrayEquals(words[1], words[3]);
                for (int b = 0; b < n; b++) {
                    int[] block = new int[4];
                    Philox.block(low[b], high[b], -5, quad[b], (int) seed, (int) (seed >>> 32), block, 0);
                    assertEquals(block[0], words[0][half ? b : 2 * b]);
                    assertEquals(block[1], words[1][half ? b : 2 * b]);
                    assertEquals(half ? 0 : block[3], words[1][half ? n + b : 2 * b + 1]);
                }
            }
            for (boolean first : new boolean[] {false, true}) {
                float[] v = new float[n + 1];
                float[][] sums = new float[2][n + 2];
                for (int i = 0; i < n; i++) {
                    v[i + 1] = (float) random.nextDouble(-1, 1);
                    sums[0][i + 2] = sums[1][i + 2] = (float) random.nextDouble(-1, 1);
                }
                plain.term(first, 0.7f, v, 1, sums[0], 2, n);
                Simd.best().term(first, 0.7f, v, 1, sums[1], 2, n);
                assertArrayEquals(sums[0], sums[1]);
            }
        }
    }
}
