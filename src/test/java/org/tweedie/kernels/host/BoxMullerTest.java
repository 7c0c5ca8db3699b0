package org.tweedie.kernels.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

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
        for (int join : new int[] {0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, (int) 2863311530L, (int) 1431655765L, 1 << 24, -(1 << 24)}) {
            for (int off = -1000; off <= 1000; off++) {
                check(join + off);
            }
        }
    }

    private static void check(int word) {
        double u = ((word & 0xffffffffL) + 0.5) * 0x1p-32;
        double exact = StrictMath.sqrt(-2 * StrictMath.log(u));
        float got = BoxMuller.radius(word);
        assertTrue(Math.abs(got - exact) <= 3 * Math.ulp((float) exact), () -> "word " + word + ": " + got + ", exactly " + exact);
    }

    @Test
    void isNeverZeroNorInfinite() {
        assertEquals(Math.sqrt(66 * Math.log(2)), BoxMuller.radius(0), 1e-6);
        assertEquals(Math.sqrt(2 * 0x1p-33), BoxMuller.radius(-1), 1e-11);
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
                assertEquals(Float.floatToRawIntBits(plain[i]), Float.floatToRawIntBits(best[i]), pairs + " pairs, number " + i);
            }
        }
    }
}
