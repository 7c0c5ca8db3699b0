package org.tweedie.kernels.host;

import org.tweedie.kernels.RowSet;
import org.tweedie.rng.Philox;

/** Random numbers of runs of rows, as {@code kernels/rng} draws them; scratch of one thread. */
final class Draws {
    static final int NORMAL = 0;
    static final int UNIFORM = 1;
    static final int RADEMACHER = 2;

    /** Pairs made at a time: words and numbers stay in the nearest cache. */
    private static final int PAIRS = 1024;

    private static final ThreadLocal<Draws> MINE = ThreadLocal.withInitial(Draws::new);

    private final int[] first = new int[PAIRS + 2];
    private final int[] second = new int[PAIRS + 2];
    private final float[] numbers = new float[2 * PAIRS];
    private final int[] block = new int[4];
    private float[] sums = new float[0];

    /** The calling thread's scratch. */
    static Draws mine() {
        return MINE.get();
    }

    /** At least {@code count} floats of scratch, in use until the next call. */
    float[] scratch(int count) {
        if (sums.length < count) {
            sums = new float[count];
        }
        return sums;
    }

    static float uniform(int word) {
        return Math.fma((float) (word >>> 9), 1.1920929e-7f, 5.9604645e-8f);
    }

    static float rademacher(int word) {
        return Float.intBitsToFloat(0x3f800000 | (word & 0x80000000));
    }

    /** The first word of a draw of a sample. */
    int firstWord(long seed, long index, int purposeWord) {
        Philox.block((int) index, (int) (index >>> 32), purposeWord, 0, (int) seed, (int) (seed >>> 32), block, 0);
        return block[0];
    }

    /** Numbers of a law for rows {@code from} to {@code to}, {@code width} each; row r at {@code at + (r - from) * stride}. */
    void fill(int law, RowSet rows, int from, int to, int purposeWord, int width, float[] into, int at, int stride) {
        if (width == 0) {
            return;
        }
        int pairs = (width + 1) / 2;
        if (pairs > PAIRS) {
            for (int r = from; r < to; r++) {
                for (int p = 0; p < pairs; p += PAIRS) {
                    int count = Math.min(PAIRS, pairs - p);
                    words(rows.seed(), rows.index(r), purposeWord, p, count, 0);
                    numbers(law, count, numbers, 0);
                    System.arraycopy(numbers, 0, into, at + (r - from) * stride + 2 * p, Math.min(2 * count, width - 2 * p));
                }
            }
            return;
        }
        boolean dense = stride == width && (width & 1) == 0;
        int most = PAIRS / pairs;
        for (int r = from; r < to; r += most) {
            int count = Math.min(most, to - r);
            for (int i = 0; i < count; i++) {
                words(rows.seed(), rows.index(r + i), purposeWord, 0, pairs, i * pairs);
            }
            int start = at + (r - from) * stride;
            if (dense) {
                numbers(law, count * pairs, into, start);
            } else {
                numbers(law, count * pairs, numbers, 0);
                for (int i = 0; i < count; i++) {
                    System.arraycopy(numbers, 2 * i * pairs, into, start + i * stride, width);
                }
            }
        }
    }

    private void numbers(int law, int pairs, float[] into, int at) {
        if (law == NORMAL) {
            Simd.best().normals(first, second, pairs, into, at);
        } else if (law == UNIFORM) {
            for (int i = 0; i < pairs; i++) {
                into[at + 2 * i] = uniform(first[i]);
                into[at + 2 * i + 1] = uniform(second[i]);
            }
        } else {
            for (int i = 0; i < pairs; i++) {
                into[at + 2 * i] = rademacher(first[i]);
                into[at + 2 * i + 1] = rademacher(second[i]);
            }
        }
    }

    /** Words of {@code pairs} pairs of coordinates from pair {@code pair} (even), to {@code first[at]} and {@code second[at]} on. */
    private void words(long seed, long index, int purposeWord, int pair, int pairs, int at) {
        int quads = (pairs + 1) / 2;
        for (int q = 0; q < quads; q++) {
            // Philox.block, its words left in registers
            int c0 = (int) index;
            int c1 = (int) (index >>> 32);
            int c2 = purposeWord;
            int c3 = pair / 2 + q;
            int k0 = (int) seed;
            int k1 = (int) (seed >>> 32);
            for (int round = 0; round < 10; round++) {
                long p0 = 0xD2511F53L * (c0 & 0xffffffffL);
                long p1 = 0xCD9E8D57L * (c2 & 0xffffffffL);
                c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
                c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
                c1 = (int) p1;
                c3 = (int) p0;
                k0 += 0x9E3779B9;
                k1 += 0xBB67AE85;
            }
            int i = at + 2 * q;
            first[i] = c0;
            second[i] = c1;
            first[i + 1] = c2; // beyond an odd count: overwritten by the next row, or unused
            second[i + 1] = c3;
        }
    }
}
