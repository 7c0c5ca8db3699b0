package org.tweedie.kernels.host;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/linear_tiles.cu and tiles.cu, whose approximate activations are the exact ones here. Plain. Stateless. */
public final class TileTwins {
    private static final int TILE = 96;

    private TileTwins() {}

    /** The nearest tf32, of two the larger; NaN stays. */
    static float tf32(float x) {
        return Float.isNaN(x) ? x : Float.intBitsToFloat(Float.floatToRawIntBits(x) + 0x1000 & 0xFFFFE000);
    }

    /** Lines in tiles inside an array: see the head of tiles.cuh. */
    private static final class Lines {
        private final TileNumbers numbers;
        private final int tiles;
        private final int at;
        private final short[] halves;
        private final float[] floats;

        Lines(Arguments a, int parameter, int width, TileNumbers numbers) {
            this.numbers = numbers;
            this.tiles = (width + depth(numbers) - 1) / depth(numbers);
            this.at = a.offset(parameter);
            this.halves = numbers == TileNumbers.TF32 ? new short[0] : a.halves(parameter);
            this.floats = numbers == TileNumbers.TF32 ? a.floats(parameter) : new float[0];
        }

        static @Nullable Lines of(Arguments a, int parameter, int width, TileNumbers numbers) {
            return a.isNull(parameter) ? null : new Lines(a, parameter, width, numbers);
        }

        static int depth(TileNumbers numbers) {
            return TileOrder.depth(numbers.element().bytes());
        }

        /** Numbers of a line, filled up. */
        int room() {
            return tiles * depth(numbers);
        }

        private int place(int line, int k) {
            return at
                    + Math.toIntExact(
                            TileOrder.place(line, k, tiles, numbers.element().bytes()));
        }

        float get(int line, int k) {
            int place = place(line, k);
            return switch (numbers) {
                case F16 -> Halves.fromF16(halves[place]);
                case BF16 -> Halves.fromBf16(halves[place]);
                case TF32 -> floats[place];
            };
        }

        void put(int line, int k, float v) {
            int place = place(line, k);
            switch (numbers) {
                case F16 -> halves[place] = Halves.f16(v);
                case BF16 -> halves[place] = Halves.bf16(v);
                case TF32 -> floats[place] = tf32(v);
            }
        }

        /** Rounds rows, zeros to the end of their last tile. */
        void put(int from, int rows, float[] values, int width) {
            for (int r = 0; r < rows; r++) {
                for (int j = 0; j < room(); j++) {
                    put(from + r, j, j < width ? values[r * width + j] : 0);
                }
            }
        }
    }

    public static void forwardF16(Arguments a, Team team) {
        forward(a, team, TileNumbers.F16);
    }

    public static void forwardBf16(Arguments a, Team team) {
        forward(a, team, TileNumbers.BF16);
    }

    public static void forwardTf32(Arguments a, Team team) {
        forward(a, team, TileNumbers.TF32);
    }

    private static void forward(Arguments a, Team team, TileNumbers numbers) {
        RowSet rows = Live.rows(a, 7);
        int in = a.int32(8);
        int width = a.int32(9);
        Lines x = new Lines(a, 0, in, numbers);
        Lines columns = new Lines(a, 1, in, numbers);
        float[] w = new float[in * width];
        for (int j = 0; j < width; j++) {
            for (int k = 0; k < in; k++) {
                w[k * width + j] = columns.get(TileOrder.lineOf(j), k);
            }
        }
        float[] bias = a.isNull(2) ? null : a.floats(2);
        int biasAt = a.offset(2);
        Block add = a.isNull(3) ? null : new Block(a.floats(3), a.offset(3), a.int32(10));
        Lines residual = Lines.of(a, 4, width, numbers);
        Block out = a.isNull(5) ? null : new Block(a.floats(5), a.offset(5), a.int32(11));
        Lines half = Lines.of(a, 6, width, numbers);
        Simd simd = Simd.best();
        Live.each(rows, team, TILE, (from, to) -> {
            float[] wide = new float[TILE * in];
            float[] y = new float[TILE * width];
            for (int r = from; r < to; r += TILE) {
                int some = Math.min(TILE, to - r);
                for (int i = 0; i < some; i++) {
                    for (int k = 0; k < in; k++) {
                        wide[i * in + k] = x.get(r + i, k);
                    }
                }
                Block start = add == null ? null : add.from(r);
                Block into = new Block(y, 0, width);
                simd.linear(
                        some, new Block(wide, 0, in), w, 0, in, width, bias, biasAt, start, a.int32(12), into, null);
                for (int i = 0; residual != null && i < some; i++) {
                    for (int j = 0; j < width; j++) {
                        y[i * width + j] += residual.get(r + i, j);
                    }
                }
                for (int i = 0; out != null && i < some; i++) {
                    System.arraycopy(y, i * width, out.data(), out.row(r + i), width);
                }
                if (half != null) {
                    half.put(r, some, y, width);
                }
            }
        });
    }

    public static void thin(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 5);
        int in = a.int32(6);
        int width = a.int32(7);
        Block x = a.isNull(0) ? new Block(new float[0], 0, 0) : new Block(a.floats(0), a.offset(0), a.int32(8));
        float[] w = a.floats(1);
        int wAt = a.offset(1);
        float[] bias = a.isNull(2) ? null : a.floats(2);
        int biasAt = a.offset(2);
        Block add = a.isNull(3) ? null : new Block(a.floats(3), a.offset(3), a.int32(9));
        Lines half = new Lines(a, 4, width, TileNumbers.values()[a.int32(11)]);
        Simd simd = Simd.best();
        Live.each(rows, team, TILE, (from, to) -> {
            float[] y = new float[TILE * width];
            for (int r = from; r < to; r += TILE) {
                int some = Math.min(TILE, to - r);
                Block start = add == null ? null : add.from(r);
                Block into = new Block(y, 0, width);
                simd.linear(some, x.from(r), w, wAt, in, width, bias, biasAt, start, a.int32(10), into, null);
                half.put(r, some, y, width);
            }
        });
    }

    public static void pack(Arguments a, Team team) {
        float[] w = a.floats(0);
        int at = a.offset(0);
        int in = a.int32(2);
        int width = a.int32(3);
        Lines into = new Lines(a, 1, in, TileNumbers.values()[a.int32(4)]);
        for (int line = 0; line < (width + TileOrder.LINES - 1) / TileOrder.LINES * TileOrder.LINES; line++) {
            int j = TileOrder.columnOf(line);
            for (int k = 0; k < into.room(); k++) {
                into.put(line, k, k < in && j < width ? w[at + k * width + j] : 0);
            }
        }
    }
}
