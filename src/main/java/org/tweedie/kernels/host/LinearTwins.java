package org.tweedie.kernels.host;

import java.util.Arrays;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.SumChunks;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/linear.cu. Stateless. */
public final class LinearTwins {
    /** Products that make a piece of work worth another thread. */
    private static final long GRAIN = 1 << 18;
    /** Pieces of rows are multiples of this, which suits blocks of six rows and of sixteen. */
    private static final int TILE = 96;

    private static final ThreadLocal<float[]> TRANSPOSED = ThreadLocal.withInitial(() -> new float[0]);

    private LinearTwins() {}

    public static void forward(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 6);
        int in = a.int32(7);
        int width = a.int32(8);
        Block x = new Block(a.floats(0), a.offset(0), a.int32(9));
        float[] w = a.floats(1);
        int at = a.offset(1);
        float[] bias = a.isNull(2) ? null : a.floats(2);
        int biasAt = a.offset(2);
        Block add = a.isNull(3) ? null : new Block(a.floats(3), a.offset(3), a.int32(10));
        Block out = new Block(a.floats(4), a.offset(4), a.int32(11));
        Block pre = a.isNull(5) ? null : new Block(a.floats(5), a.offset(5), a.int32(12));
        int activation = a.int32(13);
        Simd simd = Simd.best();
        Live.each(rows, team, grain((long) in * width), (from, to) -> {
            simd.linear(
                    to - from,
                    x.from(from),
                    w,
                    at,
                    in,
                    width,
                    bias,
                    biasAt,
                    add == null ? null : add.from(from),
                    activation,
                    out.from(from),
                    pre == null ? null : pre.from(from));
        });
    }

    private static long grain(long productsOfRow) {
        return Math.max(TILE, (GRAIN / Math.max(1, productsOfRow) + TILE - 1) / TILE * TILE);
    }

    public static void inputGradient(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 3);
        int in = a.int32(4);
        int width = a.int32(5);
        Block d = new Block(a.floats(0), a.offset(0), a.int32(6));
        Block dx = new Block(a.floats(2), a.offset(2), a.int32(7));
        boolean accumulate = a.int32(8) != 0;
        float[] transposed = transpose(a.floats(1), a.offset(1), in, width);
        Simd simd = Simd.best();
        Live.each(rows, team, grain((long) in * width), (from, to) -> {
            Block into = dx.from(from);
            simd.linear(
                    to - from,
                    d.from(from),
                    transposed,
                    0,
                    width,
                    in,
                    null,
                    0,
                    accumulate ? into : null,
                    Curve.IDENTITY,
                    into,
                    null);
        });
    }

    /** W with outputs first, in memory that the calling thread keeps. */
    private static float[] transpose(float[] w, int at, int in, int width) {
        float[] transposed = scratch(TRANSPOSED, in * width);
        // squares of 16, so that both sides stay in cache
        for (int i0 = 0; i0 < in; i0 += 16) {
            for (int j0 = 0; j0 < width; j0 += 16) {
                int iEnd = Math.min(in, i0 + 16);
                int jEnd = Math.min(width, j0 + 16);
                for (int j = j0; j < jEnd; j++) {
                    for (int i = i0; i < iEnd; i++) {
                        transposed[j * in + i] = w[at + i * width + j];
                    }
                }
            }
        }
        return transposed;
    }

    private static float[] scratch(ThreadLocal<float[]> kept, int count) {
        float[] memory = kept.get();
        if (memory.length < count) {
            memory = new float[count];
            kept.set(memory);
        }
        return memory;
    }

    /**
     * Writes the sum of each chunk into the scratch, threads over chunks and inputs. Chunk c holds (in + 1) x width sums,
     * the last row of them the bias's.
     */
    public static void weightGradient(Arguments a, Team team) {
        weightGradient(a, team, (block, from, to, width) -> block, (block, from, to, width) -> block);
    }

    /** What the products take in the place of rows {@code from} to {@code to}, numbered as they were. */
    @FunctionalInterface
    interface Operand {
        Block of(Block block, int from, int to, int width);
    }

    static void weightGradient(Arguments a, Team team, Operand left, Operand right) {
        RowSet rows = Live.rows(a, 3);
        int in = a.int32(4);
        int width = a.int32(5);
        Block x = new Block(a.floats(0), a.offset(0), a.int32(6));
        Block d = new Block(a.floats(1), a.offset(1), a.int32(7));
        float[] partials = a.floats(2);
        int at = a.offset(2);
        boolean withBias = a.int32(8) != 0;
        int count = (int) rows.count();
        int chunk = (int) SumChunks.each(count);
        int chunks = (count + chunk - 1) / chunk;
        team.forRange(chunks, 1, (first, last) -> {
            for (int c = (int) first; c < last; c++) {
                int from = c * chunk;
                int to = Math.min(count, from + chunk);
                partial(
                        rows,
                        from,
                        to,
                        left.of(x, from, to, in),
                        right.of(d, from, to, width),
                        in,
                        width,
                        partials,
                        at + c * (in + 1) * width);
                if (withBias) {
                    biasPartial(rows, from, to, d, width, partials, at + c * (in + 1) * width + in * width);
                }
            }
        });
    }

    private static void partial(
            RowSet rows, int from, int to, Block x, Block d, int in, int width, float[] sum, int at) {
        Arrays.fill(sum, at, at + in * width, 0f);
        Simd simd = Simd.best();
        Live.each(rows, from, to, (lo, hi) -> simd.outer(hi - lo, x.from(lo), d.from(lo), in, width, sum, at));
    }

    private static void biasPartial(RowSet rows, int from, int to, Block d, int width, float[] sum, int at) {
        Arrays.fill(sum, at, at + width, 0f);
        Live.each(rows, from, to, (lo, hi) -> {
            for (int r = lo; r < hi; r++) {
                int row = d.row(r);
                for (int j = 0; j < width; j++) {
                    sum[at + j] += d.data()[row + j];
                }
            }
        });
    }

    public static void weightGradientSum(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 3);
        int in = a.int32(4);
        int width = a.int32(5);
        boolean accumulate = a.int32(6) != 0;
        float[] partials = a.floats(0);
        int at = a.offset(0);
        float[] dW = a.floats(1);
        int dWAt = a.offset(1);
        float[] dBias = a.isNull(2) ? null : a.floats(2);
        int dBiasAt = a.offset(2);
        int count = (int) rows.count();
        int chunk = (int) SumChunks.each(count);
        int chunks = (count + chunk - 1) / chunk;
        int matrix = in * width;
        int each = (in + 1) * width;
        team.forRange(
                matrix,
                4096,
                (from, to) -> sum(partials, at, chunks, each, (int) from, (int) to, dW, dWAt, accumulate));
        if (dBias != null) {
            sum(partials, at + matrix, chunks, each, 0, width, dBias, dBiasAt, accumulate);
        }
    }

    private static void sum(
            float[] partials,
            int at,
            int chunks,
            int each,
            int from,
            int to,
            float[] into,
            int intoAt,
            boolean accumulate) {
        if (!accumulate) {
            Arrays.fill(into, intoAt + from, intoAt + to, 0f);
        }
        for (int c = 0; c < chunks; c++) {
            int chunkAt = at + c * each;
            for (int e = from; e < to; e++) {
                into[intoAt + e] += partials[chunkAt + e];
            }
        }
    }
}
