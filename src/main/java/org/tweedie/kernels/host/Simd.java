package org.tweedie.kernels.host;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The inner loops of the twins over blocks of rows. Two of them exist, plain loops and the Vector API, and give the same
 * bits: lanes only ever run over outputs that do not meet. Stateless but for scratch a thread keeps; shared by threads.
 */
public interface Simd {
    /** {@code "plain"} or {@code "vector 512"}. */
    String name();

    /**
     * {@code pre = bias + add + x W; out = act(pre)} for {@code rows} rows; sums over k in order.
     *
     * @param w weights, {@code w[at + k * out + j]}
     * @param pre where to keep the sums, or null
     */
    void linear(
            int rows,
            Block x,
            float[] w,
            int at,
            int in,
            int width,
            float @Nullable [] bias,
            int biasAt,
            @Nullable Block add,
            int activation,
            Block out,
            @Nullable Block pre);

    /**
     * {@code sum[i][j] += x[r][i] d[r][j]} for {@code rows} rows in order, by fused multiply-add;
     * {@code sum[at + i * width + j]}.
     */
    void outer(int rows, Block x, Block d, int in, int width, float[] sum, int at);

    /** {@code out = act(x)}, {@code count} elements. */
    void activate(int activation, float[] x, int at, float[] out, int outAt, int count);

    /** {@code out = d act'(pre)}, {@code count} elements. */
    void slope(int activation, float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int count);

    /**
     * Philox4x32-10 blocks under one key: block b has counter words {@code low[b], high[b], purpose, quad[b]}. Its words go,
     * as two pairs, to elements 2b and 2b + 1 of {@code first} and {@code second}, or, {@code half} wanted, the first pair to
     * element b.
     */
    void philox(
            long seed,
            int[] low,
            int[] high,
            int purpose,
            int[] quad,
            int blocks,
            boolean half,
            int[] first,
            int[] second);

    /**
     * Standard normal numbers in pairs, by Box and Muller: {@code into[at + 2 i]} and the next are sqrt(-2 ln u) times cosine
     * and sine, with u = (radius[i] + 1/2) 2^-32 and {@code angle[i]} 2^-32 turns.
     */
    void normals(int[] radius, int[] angle, int pairs, float[] into, int at);

    /** {@code sum += w v} by fused multiply-add, or {@code sum = w v} where it is the {@code first} term; {@code count} elements. */
    void term(boolean first, float w, float[] v, int at, float[] sum, int sumAt, int count);

    /**
     * {@code square[j]} is the sum over d of {@code (x[at + d] - turned[d * width + j])^2}, by fused multiply-adds in order of d, for
     * {@code width} columns, a multiple of 64.
     */
    void squares(float[] x, int at, int dim, float[] turned, int width, float[] square);

    /** {@code x = exp(factor x)} by {@link Approx#exp}, the first {@code count} elements. */
    void exponentials(float factor, float[] x, int count);

    /** {@code sine = sin(2 pi x)} and {@code cosine = cos(2 pi x)} by {@link Approx#sinTurns}, the first {@code count} elements. */
    void turns(float[] x, int count, float[] sine, float[] cosine);

    /** A step of Adam and of the running mean over elements {@code from} to {@code to} of five runs of memory. */
    void adam(AdamRule rule, Block weights, Block gradients, Block first, Block second, Block mean, int from, int to);

    /** Layers over panels of rows, where that is faster. */
    default Optional<RowPanels> panels() {
        return Optional.empty();
    }

    /** Products over rows kept by panels of columns, where that is faster. */
    default Optional<ColumnPanels> columns() {
        return Optional.empty();
    }

    /** The fastest that this JVM has: vectors where module jdk.incubator.vector is there, unless {@code -Dtweedie.simd=plain}. */
    static Simd best() {
        return SimdChoice.BEST;
    }

    /** Rows inside an array: row r starts at {@code at + r * stride}. */
    record Block(float[] data, int at, int stride) {
        public int row(int r) {
            return at + r * stride;
        }

        /** The rows from row {@code r} on. */
        public Block from(int r) {
            return new Block(data, row(r), stride);
        }
    }
}
