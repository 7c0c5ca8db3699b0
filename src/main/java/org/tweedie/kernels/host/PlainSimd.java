package org.tweedie.kernels.host;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Plain loops. Stateless. */
public final class PlainSimd implements Simd {
    @Override
    public String name() {
        return "plain";
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
        for (int r = 0; r < rows; r++) {
            start(width, bias, biasAt, add, r, sums.data(), sums.row(r));
        }
        PlainProduct.product(
                rows, x.data(), x.at(), x.stride(), 1, in, w, at, width, width, sums.data(), sums.at(), sums.stride());
        for (int r = 0; r < rows; r++) {
            activate(activation, sums.data(), sums.row(r), out.data(), out.row(r), width);
        }
    }

    private static void start(
            int width, float @Nullable [] bias, int biasAt, @Nullable Block add, int r, float[] sum, int at) {
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
        PlainProduct.product(
                in, x.data(), x.at(), 1, x.stride(), rows, d.data(), d.at(), d.stride(), width, sum, at, width);
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
        philox(seed, low, high, purpose, quad, 0, blocks, half, first, second);
    }

    /** The blocks from {@code from} up to {@code to}; the arithmetic of {@link org.tweedie.rng.Philox#block}, kept in registers. */
    public void philox(
            long seed,
            int[] low,
            int[] high,
            int purpose,
            int[] quad,
            int from,
            int to,
            boolean half,
            int[] first,
            int[] second) {
        for (int b = from; b < to; b++) {
            int c0 = low[b];
            int c1 = high[b];
            int c2 = purpose;
            int c3 = quad[b];
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
            if (half) {
                first[b] = c0;
                second[b] = c1;
            } else {
                first[2 * b] = c0;
                second[2 * b] = c1;
                first[2 * b + 1] = c2;
                second[2 * b + 1] = c3;
            }
        }
    }

    @Override
    public void normals(int[] radius, int[] angle, int pairs, float[] into, int at) {
        normals(radius, angle, 0, pairs, into, at);
    }

    /** The pairs from {@code from} up to {@code to}. */
    public void normals(int[] radius, int[] angle, int from, int to, float[] into, int at) {
        BoxMuller.pairs(radius, angle, from, to, into, at);
    }

    @Override
    public void squares(float[] x, int at, int dim, float[] turned, int width, float[] square) {
        Arrays.fill(square, 0, width, 0f);
        for (int d = 0; d < dim; d++) {
            square(x[at + d], turned, d * width, square, width);
        }
    }

    @Override
    public void exponentials(float factor, float[] x, int count) {
        exponentials(factor, x, 0, count);
    }

    /** The elements from {@code from} up to {@code to}. */
    public void exponentials(float factor, float[] x, int from, int to) {
        for (int j = from; j < to; j++) {
            x[j] = Approx.exp(factor * x[j]);
        }
    }

    private static void square(float value, float[] turned, int at, float[] square, int width) {
        for (int j = 0; j < width; j++) {
            float apart = value - turned[at + j];
            square[j] = Math.fma(apart, apart, square[j]);
        }
    }

    @Override
    public void term(boolean first, float w, float[] v, int at, float[] sum, int sumAt, int count) {
        if (first) {
            for (int j = 0; j < count; j++) {
                sum[sumAt + j] = w * v[at + j];
            }
        } else {
            for (int j = 0; j < count; j++) {
                sum[sumAt + j] = Math.fma(w, v[at + j], sum[sumAt + j]);
            }
        }
    }

    @Override
    public void turns(float[] x, int count, float[] sine, float[] cosine) {
        turns(x, 0, count, sine, cosine);
    }

    /** From element {@code from} on. */
    public void turns(float[] x, int from, int count, float[] sine, float[] cosine) {
        for (int i = from; i < count; i++) {
            sine[i] = Approx.sinTurns(x[i]);
            cosine[i] = Approx.cosTurns(x[i]);
        }
    }

    @Override
    public void adam(
            AdamRule rule, Block weights, Block gradients, Block first, Block second, Block mean, int from, int to) {
        float[] weightsData = weights.data();
        float[] gradientsData = gradients.data();
        float[] firstData = first.data();
        float[] secondData = second.data();
        float[] meanData = mean.data();
        float factor = rule.factor();
        float minusRate = -rule.rate();
        float fade = rule.fade();
        float correction1 = rule.correction1();
        float correction2 = rule.correction2();
        float keep1 = rule.keep1();
        float keep2 = rule.keep2();
        float epsilon = rule.epsilon();
        float towards = rule.mean();
        for (int i = from; i < to; i++) {
            float g = factor * gradientsData[gradients.at() + i];
            float m = Math.fma(keep1, g - firstData[first.at() + i], firstData[first.at() + i]);
            float v = Math.fma(keep2, Math.fma(g, g, -secondData[second.at() + i]), secondData[second.at() + i]);
            float step = m * correction1 / ((float) Math.sqrt(v * correction2) + epsilon);
            float faded = Math.fma(fade, weightsData[weights.at() + i], weightsData[weights.at() + i]);
            float w = Math.fma(minusRate, step, faded);
            firstData[first.at() + i] = m;
            secondData[second.at() + i] = v;
            weightsData[weights.at() + i] = w;
            meanData[mean.at() + i] = Math.fma(towards, w - meanData[mean.at() + i], meanData[mean.at() + i]);
        }
    }
}
