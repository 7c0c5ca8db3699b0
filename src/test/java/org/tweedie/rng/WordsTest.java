package org.tweedie.rng;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Numbers made of words that the test chose. */
class WordsTest {
    /** The same two words for every pair of coordinates, others for other attempts. */
    private static Words of(int even, int odd) {
        return (coordinate, attempt) -> (coordinate & 1) == 0 ? even + attempt : odd - attempt;
    }

    @Test
    void uniformsAreTheMiddlesOfCells() {
        assertEquals(0x1p-24, of(0, 0).uniform(0));
        assertEquals(0x1p-24, of(511, 0).uniform(0));
        assertEquals(3 * 0x1p-24, of(512, 0).uniform(0));
        assertEquals(1 - 0x1p-24, of(-1, 0).uniform(0));
        assertEquals(0.5 + 0x1p-24, of(0x80000000, 0).uniform(0));
        assertEquals(0x1p-24, of(511, -1).uniform(0, 0));
        assertEquals(3 * 0x1p-24, of(511, -1).uniform(0, 1), "of the attempt");
    }

    /** r^2 = -2 ln u and the angle, each by the library's own functions, a turn in eight directions and beside each. */
    @Test
    void normalsAreBoxMuller() {
        for (int even : new int[] {0, 1, 12345, 0x7fffffff, 0x80000000, -2, -1}) {
            double u = (Integer.toUnsignedLong(even) + 0.5) / 4294967296.0;
            double radius = Math.sqrt(-2 * Math.log(u));
            for (int eighth = 0; eighth < 8; eighth++) {
                for (int beside : new int[] {-1000, -1, 0, 1, 1000}) {
                    int odd = (eighth << 29) + beside;
                    double angle = 2 * Math.PI * Integer.toUnsignedLong(odd) / 4294967296.0;
                    Words words = of(even, odd);
                    String where = even + ", " + odd;
                    assertEquals(radius * Math.cos(angle), words.normal(0), 1e-14, where);
                    assertEquals(radius * Math.sin(angle), words.normal(1), 1e-14, where);
                    assertEquals(words.normal(0), words.normal(2), where);
                    assertEquals(words.normal(1), words.normal(5), where);
                    assertEquals(of(even + 1, odd - 1).normal(0), words.normal(0, 1), where);
                    assertEquals(of(even + 3, odd - 3).normal(1), words.normal(1, 3), where);
                }
            }
        }
        assertTrue(Math.abs(of(0, 0).normal(0)) < 6.77);
    }

    @Test
    void lawsDrawEveryCoordinate() {
        Words words = of(0x40000000, 0xC0000000);
        assertArrayEquals(new double[] {1, -1, 1}, drawn(StandardLaw.RADEMACHER, words));
        assertArrayEquals(
                new double[] {words.uniform(0), words.uniform(1), words.uniform(2)}, drawn(StandardLaw.UNIFORM, words));
        assertArrayEquals(
                new double[] {words.normal(0), words.normal(1), words.normal(2)}, drawn(StandardLaw.NORMAL, words));
        assertArrayEquals(new double[] {1, -1, 1}, drawn(StandardLaw.RADEMACHER, of(0, -1)), "zero is not negative");
    }

    private static double[] drawn(StandardLaw law, Words words) {
        double[] into = new double[3];
        law.draw(words, new double[0][], into);
        return into;
    }

    /** Kernels know laws by number: these never change. */
    @Test
    void codesStay() {
        assertEquals(0, StandardLaw.NORMAL.code());
        assertEquals(1, StandardLaw.UNIFORM.code());
        assertEquals(2, StandardLaw.RADEMACHER.code());
    }
}
