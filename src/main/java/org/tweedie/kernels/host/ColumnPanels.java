package org.tweedie.kernels.host;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products of rows kept by panels of {@value #WIDTH} columns: of a matrix with room for {@code pitch} rows, element (r, c) is
 * {@code [at + (c / 64 * pitch + r) * 64 + c % 64]}. What one layer writes is what the next one reads, forward, back and for
 * the weights, without a copy in between; lanes run over columns. Sums go by fused multiply-add in the order of {@link Simd#linear}
 * and {@link Simd#outer}, so the bits are theirs. Stateless but for scratch a thread keeps, shared by threads.
 */
public interface ColumnPanels {
    /** Columns of a panel. */
    int WIDTH = 64;
    /** Rows go through the products by so many; those that fill up a block must be there and are computed too. */
    int ROWS = 8;

    /** Elements that a matrix takes. */
    static int elements(int pitch, int width) {
        return Math.multiplyExact((width + WIDTH - 1) / WIDTH * WIDTH, pitch);
    }

    /** Columns of a slice: {@link #across} works on one at a time. */
    int slice();

    /** Elements that {@link #pack} writes. */
    int packed(int depth, int width);

    /** Weights in the order in which {@link #along} reads them; element (k, j) is {@code w[at + k * row + j * column]}. */
    void pack(float[] w, int at, int row, int column, int depth, int width, float[] into, int intoAt);

    /** Columns of rows, {@code pitch} of them a panel, and the packed weights that they meet. */
    record Part(int at, int pitch, int depth, int packedAt) {}

    /**
     * {@code c[r][j] = start + sum_k a[r][k] w[k][j]}, k through the parts in their order.
     *
     * @param rows whole blocks of {@value #ROWS}
     * @param start of all rows, from {@code startAt + j}; or null: what c holds
     */
    void along(
            int rows,
            float[] a,
            List<Part> parts,
            float[] packed,
            int width,
            float @Nullable [] start,
            int startAt,
            float[] c,
            int cAt,
            int cPitch);

    /** {@code out = act(x)} and {@code x = act'(x)}, {@code count} elements, whole rows of a panel. */
    void activate(int activation, float[] x, int at, float[] out, int outAt, int count);

    /** {@code out = a b}, {@code count} elements, whole rows of a panel. */
    void times(float[] a, int at, float[] b, int bAt, float[] out, int outAt, int count);

    /** {@code sum += more}, {@code count} elements, whole rows of a panel. */
    void add(float[] sum, int at, float[] more, int moreAt, int count);

    /**
     * Where a block of sums over rows begins, and what it is added to: {@code out = base + (from + sum)}, rows a {@link #slice()}. The three may be
     * one another.
     */
    record Sums(float[] from, int fromAt, float[] base, int baseAt, float[] out, int outAt) {}

    /**
     * Of {@code sum_r a[r][i] d[r][j]}, for {@code in} columns of one panel of a and {@code width} columns of d, a slice or less.
     *
     * @param aAt the first of the columns, in the first row
     * @param dAt the same of d
     * @param sums rows that fill up a block, and columns that fill up a vector, are read and written too
     */
    void across(int rows, float[] a, int aAt, int in, float[] d, int dAt, int width, Sums sums);

    /** The same with {@code a = 1}, by plain additions: of {@code sum_r d[r][j]}. */
    void down(int rows, float[] d, int dAt, int width, Sums sums);
}
