package org.tweedie.rng;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
    /** Random123's kat_vectors, lines philox4x32 10: counter, key, words. */
    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1",
    })
    void givesTheKnownAnswers(String counter, String key, String answer) {
        int[] c = hex(counter);
        int[] k = hex(key);
        int[] got = new int[4];
        Philox.block(c[0], c[1], c[2], c[3], k[0], k[1], got, 0);
        assertArrayEquals(hex(answer), got);
    }

    private static int[] hex(String words) {
        return Arrays.stream(words.split(" "))
                .mapToInt(w -> Integer.parseUnsignedInt(w, 16))
                .toArray();
    }

    /** The counter layout, word by word: a change of it changes every stored result. */
    @Test
    void laysOutTheCounter() {
        long seed = 0x299f31d0a4093822L;
        long index = 0x85a308d3243f6a88L;
        Words words = Philox.words(seed, index, Purpose.SPLIT, 0x198a2e);
        int[] block = new int[4];
        Philox.block(
                0x243f6a88, 0x85a308d3, 14 << 24 | 0x198a2e, 3 << 24 | 0x707344 >> 2, 0xa4093822, 0x299f31d0, block, 0);
        for (int lane = 0; lane < 4; lane++) {
            assertEquals(block[lane], words.word((0x707344 >> 2) * 4 + lane, 3));
        }
        assertEquals(((block[1] >>> 9) + 0.5) / (1 << 23), words.uniform((0x707344 >> 2) * 4 + 1, 3));
    }

    @Test
    void givesTheSameWordsInAnyOrder() {
        Words forward = Philox.words(7, 9, Purpose.STEP, 3);
        Words backward = Philox.words(7, 9, Purpose.STEP, 3);
        double[] a = new double[23];
        double[] b = new double[23];
        for (int d = 0; d < 23; d++) {
            a[d] = forward.normal(d);
        }
        for (int d = 22; d >= 0; d--) {
            b[d] = backward.normal(d);
        }
        assertArrayEquals(a, b);
    }

    @Test
    void separatesEveryPartOfTheCounter() {
        Set<Integer> seen = new HashSet<>();
        for (long seed : new long[] {0, 1, 1L << 32}) {
            for (long index : new long[] {0, 1, 1L << 32, -1}) {
                for (Purpose purpose : Purpose.values()) {
                    for (int ordinal : new int[] {0, 1, Philox.MOST}) {
                        for (int attempt : new int[] {0, 1, 255}) {
                            for (int coordinate : new int[] {0, 1, 4, 4 * Philox.MOST}) {
                                seen.add(Philox.words(seed, index, purpose, ordinal)
                                        .word(coordinate, attempt));
                            }
                        }
                    }
                }
            }
        }
        // 6912 words of 32 bits: one coincidence among them has probability 0.6 %, three 3e-8; more means a lost
        // counter bit
        assertTrue(seen.size() >= 3 * 4 * 16 * 3 * 3 * 4 - 2, seen.size() + " different words");
    }

    @Test
    void refusesWhatTheCounterCannotHold() {
        assertThrows(IllegalArgumentException.class, () -> Philox.words(0, 0, Purpose.STEP, 1 << 24));
        assertThrows(IllegalArgumentException.class, () -> Philox.words(0, 0, Purpose.STEP, -1));
        Words words = Philox.words(0, 0, Purpose.STEP, 0);
        assertThrows(IllegalArgumentException.class, () -> words.word(-1, 0));
        assertThrows(IllegalArgumentException.class, () -> words.word(0, 256));
        assertThrows(IllegalArgumentException.class, () -> words.word(1 << 26, 0));
    }

    /** Seeds are fixed, so the outcome is too; with a random seed this would fail wrongly once in 10,000 runs. */
    @Test
    void drawsNormals() {
        double[] z = new double[40_000];
        for (int i = 0; i < z.length / 4; i++) {
            double[] row = new double[4];
            Law.NORMAL.draw(Philox.words(11, i, Purpose.PRIOR, 0), new double[0][], row);
            System.arraycopy(row, 0, z, 4 * i, 4);
        }
        double p = KolmogorovSmirnovTest.withDefaults()
                .test(z, NormalDistribution.of(0, 1)::cumulativeProbability)
                .getPValue();
        assertTrue(p > 1e-4, "p = " + p);
    }

    @Test
    void drawsUniformsAndSigns() {
        double[] u = new double[40_000];
        double[] sign = new double[u.length];
        Law.UNIFORM.draw(Philox.words(12, 0, Purpose.TIME, 0), new double[0][], u);
        Law.RADEMACHER.draw(Philox.words(13, 0, Purpose.PROBE, 0), new double[0][], sign);
        double p = KolmogorovSmirnovTest.withDefaults()
                .test(u, x -> Math.max(0, Math.min(1, x)))
                .getPValue();
        assertTrue(p > 1e-4, "p = " + p);
        assertTrue(Arrays.stream(u).allMatch(x -> x > 0 && x < 1));
        assertTrue(Arrays.stream(sign).allMatch(s -> Math.abs(s) == 1));
        assertEquals(
                0, Arrays.stream(sign).average().orElseThrow(), 4 / Math.sqrt(u.length)); // 4 standard errors: 6e-5
    }
}
