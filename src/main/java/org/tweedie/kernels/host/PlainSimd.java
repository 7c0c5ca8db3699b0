package org.tweedie.kernels.host;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Plain loops. */
public final class PlainSimd implements Simd {
    @Override
    public String name() {
        return "plain";
    }

    @Override
    public void linear(int rows, Block x, float[] w, int at, int in, int width, float @Nullable [] bias, int biasAt, @Nullable Block add,
            int activation, Block out, @Nullable Block pre) {
        Block sums = pre == null ? out : pre;
        for (int r = 0; r < rows; r++) {
            start(width, bias, biasAt, add, r, sums.data(), sums.row(r));
        }
        PlainProduct.product(rows, x.data(), x.at(), x.stride(), 1, in, w, at, width, width, sums.data(), sums.at(), sums.stride());
        for (int r = 0; r < rows; r++) {
            activate(activation, sums.data(), sums.row(r), out.data(), out.row(r), width);
        }
    }

    private static void start(int width, float @Nullable [] bias, int biasAt, @Nullable Block add, int r, float[] sum, int at) {
        if (add == null) {
            if (bias == null) {
                Arrays.fill(sum, at, at + width, 0f);
            } else {
                System.arraycopy(bias, biasAt, sum, at, width);
            }
            return;
        }
        float[] row = add.data();
        int rowAt = add.row(r);
        for (int j = 0; j < width; j++) {
            sum[at + j] = (bias == null ? 0f : bias[biasAt + j]) + row[rowAt + j];
        }
    }

    @Override
    public void outer(int rows, Block x, Block d, int in, int width, float[] sum, int at) {
        PlainProduct.product(in, x.data(), x.at(), 1, x.stride(), rows, d.data(), d.at(), d.stride(), width, sum, at, width);
    }

    @Override
    public void activate(int activation, float[] x, int at, float[] out, int outAt, int count) {
        if (activation == Curve.IDENTITY) {
            if (x != out || at != outAt) {
                System.arraycopy(x, at, out, outAt, count);
            }
            return;
        }
        for (int j = 0; j < count; j++) {
            out[outAt + j] = Curve.value(activation, x[at + j]);
        }
    }

    @Override
    public void slope(int activation, float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int count) {
        for (int j = 0; j < count; j++) {
            out[outAt + j] = d[dAt + j] * Curve.slope(activation, pre[at + j]);
        }
    }

    @Override
    public void normals(int[] radius, int[] angle, int pairs, float[] into, int at) {
        BoxMuller.pairs(radius, angle, 0, pairs, into, at);
    }

    /** Pairs {@code from <= i < to} of {@link #normals(int[], int[], int, float[], int)}. */
    public void normals(int[] radius, int[] angle, int from, int to, float[] into, int at) {
        BoxMuller.pairs(radius, angle, from, to, into, at);
    }
}
