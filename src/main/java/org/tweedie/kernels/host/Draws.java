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

    private final int[] first = new int[PAIRS];
    private final int[] second = new int[PAIRS];
    // counters of blocks; a row of one pair takes a whole block
    private final int[] low = new int[PAIRS];
    private final int[] high = new int[PAIRS];
    private final int[] quad = new int[PAIRS];
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
        boolean half = width <= 2; // of a block
        int quads = (width + 3) / 4;
        int pairs = half ? 1 : 2 * quads;
        if (pairs > PAIRS) {
            for (int r = from; r < to; r++) {
                for (int q = 0; q < quads; q += PAIRS / 2) {
                    int count = Math.min(PAIRS / 2, quads - q);
                    counters(rows.index(r), q, count, 0);
                    Simd.best().philox(rows.seed(), low, high, purposeWord, quad, count, false, first, second);
                    numbers(law, 2 * count, numbers, 0);
                    System.arraycopy(
                            numbers, 0, into, at + (r - from) * stride + 4 * q, Math.min(4 * count, width - 4 * q));
                }
            }
            return;
        }
        boolean dense = stride == width && width == 2 * pairs;
        int most = PAIRS / pairs;
        for (int r = from; r < to; r += most) {
            int count = Math.min(most, to - r);
            for (int i = 0; i < count; i++) {
                counters(rows.index(r + i), 0, quads, i * quads);
            }
            Simd.best().philox(rows.seed(), low, high, purposeWord, quad, count * quads, half, first, second);
            int start = at + (r - from) * stride;
            if (dense) {
                numbers(law, count * pairs, into, start);
            } else {
                numbers(law, count * pairs, numbers, 0);
                scatter(count, 2 * pairs, width, into, start, stride);
            }
        }
    }

    private void scatter(int rows, int made, int width, float[] into, int at, int stride) {
        for (int i = 0; i < rows; i++) {
            for (int d = 0; d < width; d++) {
                into[at + i * stride + d] = numbers[i * made + d];
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

    /** Counters of {@code quads} quads of a sample, from {@code quad} on, as blocks {@code at} and later. */
    private void counters(long index, int from, int quads, int at) {
        int indexLow = (int) index;
        int indexHigh = (int) (index >>> 32);
        for (int q = 0; q < quads; q++) {
            low[at + q] = indexLow;
            high[at + q] = indexHigh;
            quad[at + q] = from + q;
        }
    }
}
