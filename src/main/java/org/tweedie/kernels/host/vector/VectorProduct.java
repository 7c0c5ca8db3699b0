package org.tweedie.kernels.host.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code C += A B} with sums in registers: blocks of six rows by four vectors (two where there are sixteen registers), lanes
 * over columns, products in the order of k by fused multiply-add, so the bits are those of a plain loop.
 *
 * <p>B is packed first: in a packed panel the index is k times a constant, so its range is checked before the loop and not
 * inside; left inside, the checks make some compilations of the loop three times slower than others. For the same reason there
 * is one set of blocks for rows of A along memory ({@link RowsBlock}), and one for any step ({@link SteppedBlock}).
 */
final class VectorProduct {
    static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    static final int L = S.length();
    /** Rows of a block. */
    private static final int ROWS = 6;
    /** Columns of a block: 24 sums fit in 32 registers (512 bits, and 128 on Arm), 12 in the 16 of 256 bits. */
    private static final int PANEL = L == 8 ? 2 * L : 4 * L;

    /** Elements of scratch that {@link #product} needs. */
    static final int SCRATCH = ROWS * L;

    private VectorProduct() {}

    /** Elements that {@link #pack} writes. */
    static int packed(int depth, int width) {
        return depth * ((width + L - 1) / L) * L;
    }

    /** Columns of the next panel where {@code left} are left. */
    private static int columns(int left) {
        return left >= PANEL ? PANEL : Math.min(left, L);
    }

    /** B, row k from {@code bAt + k * pitch}, panel after panel, then vector after vector, the last filled up with zeros. */
    static void pack(float[] b, int bAt, int depth, int pitch, int width, float[] into) {
        int at = 0;
        int j = 0;
        while (j < width) {
            int columns = columns(width - j);
            if (columns == 4 * L) {
                pack4(b, bAt + j, depth, pitch, into, at);
            } else if (columns == 2 * L) {
                pack2(b, bAt + j, depth, pitch, into, at);
            } else if (columns == L) {
                pack1(b, bAt + j, depth, pitch, into, at);
            } else {
                packTail(b, bAt + j, depth, pitch, columns, into, at);
                return;
            }
            at += depth * columns;
            j += columns;
        }
    }

    private static void pack4(float[] b, int bAt, int depth, int pitch, float[] into, int at) {
        for (int k = 0; k < depth; k++) {
            int from = bAt + k * pitch;
            FloatVector.fromArray(S, b, from).intoArray(into, at + k * (4 * L));
            FloatVector.fromArray(S, b, from + L).intoArray(into, at + k * (4 * L) + L);
            FloatVector.fromArray(S, b, from + 2 * L).intoArray(into, at + k * (4 * L) + 2 * L);
            FloatVector.fromArray(S, b, from + 3 * L).intoArray(into, at + k * (4 * L) + 3 * L);
        }
    }

    private static void pack2(float[] b, int bAt, int depth, int pitch, float[] into, int at) {
        for (int k = 0; k < depth; k++) {
            int from = bAt + k * pitch;
            FloatVector.fromArray(S, b, from).intoArray(into, at + k * (2 * L));
            FloatVector.fromArray(S, b, from + L).intoArray(into, at + k * (2 * L) + L);
        }
    }

    private static void pack1(float[] b, int bAt, int depth, int pitch, float[] into, int at) {
        for (int k = 0; k < depth; k++) {
            FloatVector.fromArray(S, b, bAt + k * pitch).intoArray(into, at + k * L);
        }
    }

    private static void packTail(float[] b, int bAt, int depth, int pitch, int columns, float[] into, int at) {
        Arrays.fill(into, at, at + depth * L, 0f);
        for (int k = 0; k < depth; k++) {
            for (int j = 0; j < columns; j++) {
                into[at + k * L + j] = b[bAt + k * pitch + j];
            }
        }
    }

    /** {@code C += A B} with B as {@link #pack} left it; element (r, k) of A is {@code a[aAt + r * row + k * step]}. */
    static void product(
            int rows,
            float[] a,
            int aAt,
            int row,
            int step,
            int depth,
            float[] packed,
            int width,
            float[] c,
            int cAt,
            int cRow,
            float[] scratch) {
        int at = 0;
        int j = 0;
        while (j < width) {
            int columns = columns(width - j);
            if (columns < L) {
                tail(rows, a, aAt, row, step, depth, packed, at, columns, c, cAt + j, cRow, scratch);
                return;
            }
            panel(rows, a, aAt, row, step, depth, packed, at, columns, c, cAt + j, cRow);
            at += depth * columns;
            j += columns;
        }
    }

    private static void panel(
            int rows,
            float[] a,
            int aAt,
            int row,
            int step,
            int depth,
            float[] b,
            int bAt,
            int columns,
            float[] c,
            int cAt,
            int cRow) {
        int r = 0;
        for (; r + ROWS <= rows; r += ROWS) {
            if (step == 1) {
                RowsBlock.add(a, aAt + r * row, row, depth, b, bAt, columns, c, cAt + r * cRow, cRow);
            } else {
                SteppedBlock.add(a, aAt + r * row, row, step, depth, b, bAt, columns, c, cAt + r * cRow, cRow);
            }
        }
        for (; r < rows; r++) {
            RowBlock.add(a, aAt + r * row, step, depth, b, bAt, columns, c, cAt + r * cRow);
        }
    }

    /** Fewer columns than lanes: the sums go through six padded vectors of scratch. */
    private static void tail(
            int rows,
            float[] a,
            int aAt,
            int row,
            int step,
            int depth,
            float[] b,
            int bAt,
            int columns,
            float[] c,
            int cAt,
            int cRow,
            float[] sums) {
        for (int r = 0; r < rows; r += ROWS) {
            int some = Math.min(ROWS, rows - r);
            for (int i = 0; i < some; i++) {
                for (int j = 0; j < columns; j++) {
                    sums[i * L + j] = c[cAt + (r + i) * cRow + j];
                }
            }
            panel(some, a, aAt + r * row, row, step, depth, b, bAt, L, sums, 0, L);
            for (int i = 0; i < some; i++) {
                for (int j = 0; j < columns; j++) {
                    c[cAt + (r + i) * cRow + j] = sums[i * L + j];
                }
            }
        }
    }
}
