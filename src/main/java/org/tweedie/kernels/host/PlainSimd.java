package org.tweedie.kernels.host;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Plain loops, written so that the JIT compiler finds its own vectors. */
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
            int sum = sums.row(r);
            start(width, bias, biasAt, add, r, sums.data(), sum);
            products(x.data(), x.row(r), w, at, in, width, sums.data(), sum);
            activate(activation, sums.data(), sum, out.data(), out.row(r), width);
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

    /** Four inputs at a time, so that each sum is loaded and stored once in four products. */
    private static void products(float[] x, int xAt, float[] w, int at, int in, int width, float[] sum, int sumAt) {
        int k = 0;
        for (; k + 4 <= in; k += 4) {
            float x0 = x[xAt + k];
            float x1 = x[xAt + k + 1];
            float x2 = x[xAt + k + 2];
            float x3 = x[xAt + k + 3];
            int w0 = at + k * width;
            int w1 = w0 + width;
            int w2 = w1 + width;
            int w3 = w2 + width;
            for (int j = 0; j < width; j++) {
                sum[sumAt + j] = Math.fma(x3, w[w3 + j], Math.fma(x2, w[w2 + j], Math.fma(x1, w[w1 + j], Math.fma(x0, w[w0 + j], sum[sumAt + j]))));
            }
        }
        for (; k < in; k++) {
            float x0 = x[xAt + k];
            int w0 = at + k * width;
            for (int j = 0; j < width; j++) {
                sum[sumAt + j] = Math.fma(x0, w[w0 + j], sum[sumAt + j]);
            }
        }
    }

    @Override
    public void outer(int rows, Block x, Block d, int in, int width, float[] sum, int at) {
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            outer4(x, d, r, in, width, sum, at);
        }
        for (; r < rows; r++) {
            int dAt = d.row(r);
            for (int i = 0; i < in; i++) {
                float xi = x.data()[x.row(r) + i];
                int sumAt = at + i * width;
                for (int j = 0; j < width; j++) {
                    sum[sumAt + j] = Math.fma(xi, d.data()[dAt + j], sum[sumAt + j]);
                }
            }
        }
    }

    private static void outer4(Block x, Block d, int r, int in, int width, float[] sum, int at) {
        float[] dData = d.data();
        int d0 = d.row(r);
        int d1 = d.row(r + 1);
        int d2 = d.row(r + 2);
        int d3 = d.row(r + 3);
        for (int i = 0; i < in; i++) {
            float x0 = x.data()[x.row(r) + i];
            float x1 = x.data()[x.row(r + 1) + i];
            float x2 = x.data()[x.row(r + 2) + i];
            float x3 = x.data()[x.row(r + 3) + i];
            int sumAt = at + i * width;
            for (int j = 0; j < width; j++) {
                sum[sumAt + j] = Math.fma(x3, dData[d3 + j],
                        Math.fma(x2, dData[d2 + j], Math.fma(x1, dData[d1 + j], Math.fma(x0, dData[d0 + j], sum[sumAt + j]))));
            }
        }
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
}
