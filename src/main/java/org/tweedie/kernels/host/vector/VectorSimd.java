package org.tweedie.kernels.host.vector;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.host.AdamRule;
import org.tweedie.kernels.host.ColumnPanels;
import org.tweedie.kernels.host.PlainSimd;
import org.tweedie.kernels.host.RowPanels;
import org.tweedie.kernels.host.Simd;

/** The loops of {@link PlainSimd} over vector registers, with the same bits. Stateless. */
public final class VectorSimd implements Simd {
    /** Rows that go through all columns together: they and their sums stay in cache. A multiple of six. */
    private static final int TILE = 96;

    private final PlainSimd plain = new PlainSimd();
    private final RowPanels panels = new VectorPanels();
    private final ColumnPanels columns = new VectorColumns();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    /** What a thread keeps. */
    private static final class Scratch {
        private float[] packed = new float[0];
        private final float[] sums = new float[VectorProduct.SCRATCH];
        private final VectorCurve curve = new VectorCurve();
        private final VectorNormals normals = new VectorNormals();

        float[] packed(int count) {
            if (packed.length < count) {
                packed = new float[count];
            }
            return packed;
        }
    }

    /** @throws UnsupportedOperationException where vectors hold fewer than four floats */
    public VectorSimd() {
        if (VectorProduct.L < 4) {
            throw new UnsupportedOperationException("vectors of " + VectorProduct.L + " floats gain nothing");
        }
    }

    @Override
    public String name() {
        return "vector " + 32 * VectorProduct.L;
    }

    @Override
    public Optional<RowPanels> panels() {
        return Optional.of(panels);
    }

    @Override
    public Optional<ColumnPanels> columns() {
        return Optional.of(columns);
    }

    @Override
    public void linear(
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
            @Nullable Block pre) {
        Block sums = pre == null ? out : pre;
        Scratch mine = scratch.get();
        float[] packed = mine.packed(VectorProduct.packed(in, width));
        VectorProduct.pack(w, at, in, width, width, packed);
        for (int from = 0; from < rows; from += TILE) {
            int some = Math.min(TILE, rows - from);
            for (int r = from; r < from + some; r++) {
                start(
                        width,
                        bias,
                        biasAt,
                        add == null ? null : add.data(),
                        add == null ? 0 : add.row(r),
                        sums.data(),
                        sums.row(r));
            }
            VectorProduct.product(
                    some,
                    x.data(),
                    x.row(from),
                    x.stride(),
                    1,
                    in,
                    packed,
                    width,
                    sums.data(),
                    sums.row(from),
                    sums.stride(),
                    mine.sums);
            if (pre == null && activation == Activation.IDENTITY.code()) {
                continue;
            }
            if (sums.stride() == width && out.stride() == width) {
                activate(activation, sums.data(), sums.row(from), out.data(), out.row(from), some * width);
            } else {
                for (int r = from; r < from + some; r++) {
                    activate(activation, sums.data(), sums.row(r), out.data(), out.row(r), width);
                }
            }
        }
    }

    private static void start(
            int width, float @Nullable [] bias, int biasAt, float @Nullable [] add, int addAt, float[] sum, int at) {
        if (add == null) {
            if (bias == null) {
                Arrays.fill(sum, at, at + width, 0f);
            } else if (width >= VectorProduct.L) {
                System.arraycopy(bias, biasAt, sum, at, width);
            } else {
                for (int j = 0; j < width; j++) {
                    sum[at + j] = bias[biasAt + j];
                }
            }
        } else if (bias == null) {
            for (int j = 0; j < width; j++) {
                sum[at + j] = 0f + add[addAt + j];
            }
        } else {
            for (int j = 0; j < width; j++) {
                sum[at + j] = bias[biasAt + j] + add[addAt + j];
            }
        }
    }

    @Override
    public void outer(int rows, Block x, Block d, int in, int width, float[] sum, int at) {
        Scratch mine = scratch.get();
        float[] packed = mine.packed(VectorProduct.packed(rows, width));
        VectorProduct.pack(d.data(), d.at(), rows, d.stride(), width, packed);
        VectorProduct.product(in, x.data(), x.at(), 1, x.stride(), rows, packed, width, sum, at, width, mine.sums);
    }

    @Override
    public void activate(int activation, float[] x, int at, float[] out, int outAt, int count) {
        int whole = VectorProduct.S.loopBound(count);
        if (whole > 0) {
            scratch.get().curve.activate(activation, x, at, out, outAt, whole);
        }
        plain.activate(activation, x, at + whole, out, outAt + whole, count - whole);
    }

    @Override
    public void slope(int activation, float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int count) {
        int whole = VectorProduct.S.loopBound(count);
        if (whole > 0) {
            scratch.get().curve.slope(activation, pre, at, d, dAt, out, outAt, whole);
        }
        plain.slope(activation, pre, at + whole, d, dAt + whole, out, outAt + whole, count - whole);
    }

    @Override
    public void philox(
            long seed,
            int[] low,
            int[] high,
            int purpose,
            int[] quad,
            int blocks,
            boolean half,
            int[] first,
            int[] second) {
        int whole = VectorPhilox.blocks(seed, low, high, purpose, quad, blocks, half, first, second);
        plain.philox(seed, low, high, purpose, quad, whole, blocks, half, first, second);
    }

    @Override
    public void normals(int[] radius, int[] angle, int pairs, float[] into, int at) {
        int whole = scratch.get().normals.pairs(radius, angle, pairs, into, at);
        plain.normals(radius, angle, whole, pairs, into, at);
    }

    @Override
    public void squares(float[] x, int at, int dim, float[] turned, int width, float[] square) {
        VectorSquares.of(x, at, dim, turned, width, square);
    }

    @Override
    public void exponentials(float factor, float[] x, int count) {
        int whole = VectorProduct.S.loopBound(count);
        VectorApprox.exponents(factor, x, whole);
        VectorApprox.exp(x, whole);
        plain.exponentials(factor, x, whole, count);
    }

    @Override
    public void turns(float[] x, int count, float[] sine, float[] cosine) {
        int whole = VectorProduct.S.loopBound(count);
        VectorTurns.of(x, whole, sine, cosine);
        plain.turns(x, whole, count, sine, cosine);
    }

    @Override
    public void term(boolean first, float w, float[] v, int at, float[] sum, int sumAt, int count) {
        int whole = VectorTerms.term(first, w, v, at, sum, sumAt, count);
        plain.term(first, w, v, at + whole, sum, sumAt + whole, count - whole);
    }

    @Override
    public void adam(
            AdamRule rule, Block weights, Block gradients, Block first, Block second, Block mean, int from, int to) {
        int rest = VectorAdam.adam(rule, weights, gradients, first, second, mean, from, to);
        plain.adam(rule, weights, gradients, first, second, mean, rest, to);
    }
}
