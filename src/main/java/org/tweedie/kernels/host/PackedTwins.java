package org.tweedie.kernels.host;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/linear_packed.cu, whose approximate activations are the exact ones here. Stateless. */
public final class PackedTwins {
    /** Rows at a time, to stay in cache: blocks of sixteen. */
    private static final int TILE = 96;

    private PackedTwins() {}

    /** A type of 16 bits. */
    private record Type(Narrow narrow, MixedTwins.Widen widen) {
        static final Type F16 = new Type(Halves::f16, Halves::fromF16);
        static final Type BF16 = new Type(Halves::bf16, Halves::fromBf16);
    }

    private interface Narrow {
        short bits(float v);
    }

    /** Packed rows inside an array: see the head of the kernel's source. */
    private record Rows(short[] data, int at, int width) {
        int place(int r, int j) {
            int lane = 4 * (r % 8) + j % 8 / 2;
            int block = r / 16 * ((width + 15) / 16) + j / 16;
            return at + (block * 32 + lane) * 8 + 4 * (j / 8 % 2) + 2 * (r / 8 % 2) + j % 2;
        }

        static @Nullable Rows of(Arguments a, int parameter, int width) {
            return a.isNull(parameter) ? null : new Rows(a.halves(parameter), a.offset(parameter), width);
        }

        /** Rounds rows {@code from} on, zeros to the end of their last block. */
        void put(int from, int rows, float[] values, Narrow narrow) {
            for (int r = 0; r < rows; r++) {
                for (int j = 0; j < (width + 15) / 16 * 16; j++) {
                    data[place(from + r, j)] = j < width ? narrow.bits(values[r * width + j]) : 0;
                }
            }
        }
    }

    public static void forwardF16(Arguments a, Team team) {
        forward(a, team, Type.F16);
    }

    public static void forwardBf16(Arguments a, Team team) {
        forward(a, team, Type.BF16);
    }

    private static void forward(Arguments a, Team team, Type type) {
        RowSet rows = Live.rows(a, 7);
        int in = a.int32(8);
        int width = a.int32(9);
        Rows x = new Rows(a.halves(0), a.offset(0), in);
        float[] w = MixedTwins.unpack(a.halves(1), a.offset(1), in, width, type.widen, new float[in * width]);
        float[] bias = a.isNull(2) ? null : a.floats(2);
        int biasAt = a.offset(2);
        Block add = a.isNull(3) ? null : new Block(a.floats(3), a.offset(3), a.int32(10));
        Rows residual = Rows.of(a, 4, width);
        Block out = a.isNull(5) ? null : new Block(a.floats(5), a.offset(5), a.int32(11));
        Rows half = Rows.of(a, 6, width);
        Simd simd = Simd.best();
        Live.each(rows, team, TILE, (from, to) -> {
            float[] wide = new float[TILE * in];
            float[] y = new float[TILE * width];
            for (int r = from; r < to; r += TILE) {
                int some = Math.min(TILE, to - r);
                for (int i = 0; i < some; i++) {
                    for (int k = 0; k < in; k++) {
                        wide[i * in + k] = type.widen.value(x.data[x.place(r + i, k)]);
                    }
                }
                Block start = add == null ? null : add.from(r);
                Block into = new Block(y, 0, width);
                simd.linear(
                        some, new Block(wide, 0, in), w, 0, in, width, bias, biasAt, start, a.int32(12), into, null);
                for (int i = 0; residual != null && i < some; i++) {
                    for (int j = 0; j < width; j++) {
                        y[i * width + j] += type.widen.value(residual.data[residual.place(r + i, j)]);
                    }
                }
                for (int i = 0; out != null && i < some; i++) {
                    System.arraycopy(y, i * width, out.data(), out.row(r + i), width);
                }
                if (half != null) {
                    half.put(r, some, y, type.narrow);
                }
            }
        });
    }

    public static void thinF16(Arguments a, Team team) {
        thin(a, team, Type.F16);
    }

    public static void thinBf16(Arguments a, Team team) {
        thin(a, team, Type.BF16);
    }

    private static void thin(Arguments a, Team team, Type type) {
        RowSet rows = Live.rows(a, 5);
        int in = a.int32(6);
        int width = a.int32(7);
        Block x = a.isNull(0) ? new Block(new float[0], 0, 0) : new Block(a.floats(0), a.offset(0), a.int32(8));
        float[] w = a.floats(1);
        int wAt = a.offset(1);
        float[] bias = a.isNull(2) ? null : a.floats(2);
        int biasAt = a.offset(2);
        Block add = a.isNull(3) ? null : new Block(a.floats(3), a.offset(3), a.int32(9));
        Rows half = new Rows(a.halves(4), a.offset(4), width);
        Simd simd = Simd.best();
        Live.each(rows, team, TILE, (from, to) -> {
            float[] y = new float[TILE * width];
            for (int r = from; r < to; r += TILE) {
                int some = Math.min(TILE, to - r);
                Block start = add == null ? null : add.from(r);
                Block into = new Block(y, 0, width);
                simd.linear(some, x.from(r), w, wAt, in, width, bias, biasAt, start, a.int32(10), into, null);
                half.put(r, some, y, type.narrow);
            }
        });
    }
}
