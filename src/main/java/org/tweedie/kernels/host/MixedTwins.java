package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/linear_mixed.cu: operands rounded to 16 bits, then the f32 product in the order of k. Stateless. */
public final class MixedTwins {
    /** Rows rounded at a time, to stay in cache. */
    private static final int TILE = 96;

    private static final ThreadLocal<float[]> WEIGHTS = ThreadLocal.withInitial(() -> new float[0]);
    private static final ThreadLocal<float[]> ROUNDED = ThreadLocal.withInitial(() -> new float[0]);

    private MixedTwins() {}

    private interface Round {
        float nearest(float v);
    }

    private interface Narrow {
        short bits(float v);
    }

    interface Widen {
        float value(short bits);
    }

    public static void forwardF16(Arguments a, Team team) {
        forward(a, team, v -> Halves.fromF16(Halves.f16(v)), Halves::fromF16);
    }

    public static void forwardBf16(Arguments a, Team team) {
        forward(a, team, v -> Halves.fromBf16(Halves.bf16(v)), Halves::fromBf16);
    }

    private static void forward(Arguments a, Team team, Round round, Widen widen) {
        RowSet rows = Live.rows(a, 6);
        int in = a.int32(7);
        int width = a.int32(8);
        Block x = new Block(a.floats(0), a.offset(0), a.int32(9));
        float[] w = unpack(a.halves(1), a.offset(1), in, width, widen);
        float[] bias = a.isNull(2) ? null : a.floats(2);
        int biasAt = a.offset(2);
        Block add = a.isNull(3) ? null : new Block(a.floats(3), a.offset(3), a.int32(10));
        Block out = new Block(a.floats(4), a.offset(4), a.int32(11));
        Block pre = a.isNull(5) ? null : new Block(a.floats(5), a.offset(5), a.int32(12));
        int activation = a.int32(13);
        Simd simd = Simd.best();
        Live.each(rows, team, TILE, (from, to) -> {
            float[] rounded = scratch(ROUNDED, TILE * in);
            for (int r = from; r < to; r += TILE) {
                int some = Math.min(TILE, to - r);
                for (int i = 0; i < some; i++) {
                    int row = x.row(r + i);
                    for (int k = 0; k < in; k++) {
                        rounded[i * in + k] = round.nearest(x.data()[row + k]);
                    }
                }
                simd.linear(
                        some,
                        new Block(rounded, 0, in),
                        w,
                        0,
                        in,
                        width,
                        bias,
                        biasAt,
                        add == null ? null : add.from(r),
                        activation,
                        out.from(r),
                        pre == null ? null : pre.from(r));
            }
        });
    }

    public static void weightGradientF16(Arguments a, Team team) {
        weightGradient(a, team, v -> Halves.fromF16(Halves.f16(v)));
    }

    public static void weightGradientBf16(Arguments a, Team team) {
        weightGradient(a, team, v -> Halves.fromBf16(Halves.bf16(v)));
    }

    private static void weightGradient(Arguments a, Team team, Round round) {
        LinearTwins.weightGradient(
                a,
                team,
                (block, from, to, width) -> rounded(block, from, to, width, round, ROUNDED),
                (block, from, to, width) -> rounded(block, from, to, width, round, WEIGHTS));
    }

    private static Block rounded(Block block, int from, int to, int width, Round round, ThreadLocal<float[]> kept) {
        float[] near = scratch(kept, (to - from) * width);
        for (int r = from; r < to; r++) {
            for (int j = 0; j < width; j++) {
                near[(r - from) * width + j] = round.nearest(block.data()[block.row(r) + j]);
            }
        }
        return new Block(near, -from * width, width);
    }

    private static float[] scratch(ThreadLocal<float[]> kept, int count) {
        float[] memory = kept.get();
        if (memory.length < count) {
            memory = new float[count];
            kept.set(memory);
        }
        return memory;
    }

    /** Where element (k, j) lies: see the head of the kernel's source. */
    static int place(int k, int j, int depth) {
        int lane = 4 * (j % 8) + k % 8 / 2;
        int block = (j / 16) * depth + k / 16;
        return (block * 32 + lane) * 8 + 4 * (j / 8 % 2) + 2 * (k / 8 % 2) + k % 2;
    }

    private static float[] unpack(short[] packed, int at, int in, int width, Widen widen) {
        return unpack(packed, at, in, width, widen, scratch(WEIGHTS, in * width));
    }

    static float[] unpack(short[] packed, int at, int in, int width, Widen widen, float[] w) {
        int depth = (in + 15) / 16;
        for (int k = 0; k < in; k++) {
            for (int j = 0; j < width; j++) {
                w[k * width + j] = widen.value(packed[at + place(k, j, depth)]);
            }
        }
        return w;
    }

    public static void packF16(Arguments a, Team team) {
        pack(a, Halves::f16);
    }

    public static void packBf16(Arguments a, Team team) {
        pack(a, Halves::bf16);
    }

    private static void pack(Arguments a, Narrow narrow) {
        float[] w = a.floats(0);
        int at = a.offset(0);
        short[] packed = a.halves(1);
        int packedAt = a.offset(1);
        int in = a.int32(2);
        int width = a.int32(3);
        int kStride = a.int32(4);
        int columnStride = a.int32(5);
        int depth = (in + 15) / 16;
        for (int k = 0; k < 16 * depth; k++) {
            for (int j = 0; j < (width + 15) / 16 * 16; j++) {
                packed[packedAt + place(k, j, depth)] =
                        k < in && j < width ? narrow.bits(w[at + k * kStride + j * columnStride]) : 0;
            }
        }
    }
}
