package org.tweedie.kernels.host;

import java.util.Arrays;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.MlpOperations;
import org.tweedie.kernels.MlpShape;
import org.tweedie.kernels.Operands;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.WideLayer;
import org.tweedie.rng.Philox;

/**
 * Twins of kernels/execution/trajectory_mlp.cu, trajectory_wgmma.cu and trajectory_wide.cu: operands rounded to 16 bits, sums in f32 in the order of k, one row after the other. Plain: the
 * reference of the kernels, not the host's way to sample. Stateless.
 */
public final class TrajectoryMlpTwins {
    private static final float MOST_F16 = 65_504;
    private static final float LOW = 2048;

    private TrajectoryMlpTwins() {}

    public static void mlp64F16(Arguments a, Team team) {
        run(a, team, 64, Operands.F16);
    }

    public static void mlp64Bf16(Arguments a, Team team) {
        run(a, team, 64, Operands.BF16);
    }

    public static void mlp128F16(Arguments a, Team team) {
        run(a, team, 128, Operands.F16);
    }

    public static void mlp128Bf16(Arguments a, Team team) {
        run(a, team, 128, Operands.BF16);
    }

    public static void mlp64Rows16(Arguments a, Team team) {
        rows16(a, team, 64);
    }

    public static void mlp128Rows16(Arguments a, Team team) {
        rows16(a, team, 128);
    }

    public static void mlp256Rows16(Arguments a, Team team) {
        rows16(a, team, 256);
    }

    public static void mlp64F16x3(Arguments a, Team team) {
        run(a, team, 64, Operands.F16X3);
    }

    public static void mlp128F16x3(Arguments a, Team team) {
        run(a, team, 128, Operands.F16X3);
    }

    public static void mlp64Wgmma(Arguments a, Team team) {
        run(a, team, 64, a.int32(18) == 0 ? Operands.F16 : Operands.BF16);
    }

    public static void mlp128Wgmma(Arguments a, Team team) {
        run(a, team, 128, a.int32(18) == 0 ? Operands.F16 : Operands.BF16);
    }

    public static void mlp512Wide(Arguments a, Team team) {
        rows16(a, team, 512);
    }

    /** Without warpgroups nothing is packed for them: as {@link #mlp256Rows16}. */
    public static void mlp256Wgmma(Arguments a, Team team) {
        rows16(a, team, 256);
    }

    private static void rows16(Arguments a, Team team, int width) {
        run(a, team, width, a.int32(19) == 0 ? Operands.F16 : Operands.BF16);
    }

    private static void run(Arguments a, Team team, int width, Operands operands) {
        int depth = a.int32(13);
        boolean split = operands == Operands.F16X3;
        int in = split ? 16 : (a.int32(11) + 3) / 4 * 16;
        float[][] layers = new float[depth + 1][];
        int at = a.offset(9);
        for (int l = 0; l <= depth; l++) {
            int from = (split ? 2 : 1) * (l == 0 ? in : width);
            int to = l == depth ? MlpShape.MOST_OUTPUTS : width;
            MixedTwins.Widen widen = operands == Operands.BF16 ? Halves::fromBf16 : Halves::fromF16;
            boolean streamed = width == 512 && l > 0 && l < depth;
            layers[l] = streamed
                    ? placed(a.halves(9), at, width, widen)
                    : MixedTwins.unpack(a.halves(9), at, from, to, widen, new float[from * to]);
            at += from * to;
        }
        RowSet rows = Live.rows(a, 0);
        Round round = operands == Operands.BF16 ? v -> Halves.fromBf16(Halves.bf16(v)) : TrajectoryMlpTwins::finite;
        Live.each(rows, team, 32, (from, to) -> {
            Row row = new Row(a, rows, width, layers, round, split);
            for (int r = from; r < to; r++) {
                row.run(r);
            }
        });
    }

    /** A layer in the order of {@link WideLayer}. */
    private static float[] placed(short[] packed, int at, int width, MixedTwins.Widen widen) {
        float[] w = new float[width * width];
        for (int i = 0; i < w.length; i++) {
            w[i] = widen.value(packed[at + WideLayer.at(width, i / width, i % width)]);
        }
        return w;
    }

    /** The nearest f16, at most 65,504. */
    private static float finite(float v) {
        float nearest = Halves.fromF16(Halves.f16(v));
        return Float.isInfinite(nearest) ? Math.copySign(MOST_F16, nearest) : nearest;
    }

    private interface Round {
        float nearest(float v);
    }

    private static final class Row {
        private final Arguments a;
        private final RowSet rows;
        private final int width;
        private final float[][] layers;
        private final Round round;
        private final boolean split;
        private final float[] state;

        Row(Arguments a, RowSet rows, int width, float[][] layers, Round round, boolean split) {
            this.a = a;
            this.rows = rows;
            this.width = width;
            this.layers = layers;
            this.round = round;
            this.split = split;
            this.state = new float[a.int32(17)];
        }

        void run(int r) {
            int[] table = a.ints(3);
            for (int i = 0; i < a.int32(4); i++) {
                int at = a.offset(3) + i * MlpOperations.WORDS;
                int first = table[at + 1];
                int second = table[at + 2];
                int far = Math.toIntExact(a.offset(1) + table[at + 3] * a.int64(2) + (long) r * second);
                switch (table[at]) {
                    case MlpOperations.LOAD -> System.arraycopy(a.floats(1), far, state, first, second);
                    case MlpOperations.STORE -> System.arraycopy(state, first, a.floats(1), far, second);
                    case MlpOperations.MIX -> mix(r, first, second);
                    default -> network(first, second, a.offset(5) + table[at + 4] * MlpShape.MOST_INPUTS);
                }
            }
        }

        private void mix(int r, int cell, int dim) {
            int[] cells = a.ints(6);
            float[] weights = a.floats(7);
            int header = a.offset(6) + cell * CellLayout.HEADER;
            int outs = cells[header + CellLayout.OUTS];
            float[][] columns = columns(r, cells, header, dim);
            float[][] sums = new float[outs][dim];
            for (int o = 0; o < outs; o++) {
                boolean any = false;
                for (int c = 0; c < CellLayout.COLUMNS; c++) {
                    float w = weights[a.offset(7) + cell * CellLayout.WEIGHTS + o * CellLayout.COLUMNS + c];
                    for (int d = 0; w != 0 && d < dim; d++) {
                        sums[o][d] = any ? Math.fma(w, columns[c][d], sums[o][d]) : w * columns[c][d];
                    }
                    any |= w != 0;
                }
            }
            for (int o = 0; o < outs; o++) {
                System.arraycopy(sums[o], 0, state, cells[header + CellLayout.OUT_SLOTS + o], dim);
            }
        }

        /** What each column of a cell's weights is multiplied by. */
        private float[][] columns(int r, int[] cells, int header, int dim) {
            float[][] columns = new float[CellLayout.COLUMNS][dim];
            for (int i = 0; i < cells[header + CellLayout.INS]; i++) {
                System.arraycopy(state, cells[header + CellLayout.IN_SLOTS + i], columns[i], 0, dim);
            }
            for (int k = 0; k < cells[header + CellLayout.DRAWS]; k++) {
                int what = Philox.purposeWord(
                        cells[header + CellLayout.PURPOSES + k],
                        cells[header + CellLayout.ORDINALS + k] + rows.iteration());
                float[] into = columns[CellLayout.MOST_INS + k];
                Draws.mine().fill(cells[header + CellLayout.LAWS + k], rows, r, r + 1, what, dim, into, 0, dim);
            }
            return columns;
        }

        private void network(int into, int biases, int places) {
            int depth = layers.length - 1;
            int activation = a.int32(14) & 15; // by special functions alone or not: here by neither
            float[] x = inputs(places);
            for (int l = 0; l < depth; l++) {
                float[] sums = product(x, layers[l], a.floats(8), a.offset(8) + (biases * depth + l) * width, width);
                float[] next = new float[(split ? 2 : 1) * width];
                for (int j = 0; j < width; j++) {
                    float y = activate(activation, sums[j]);
                    boolean more = l > 0 && a.int32(15) != 0;
                    float before = more && split ? Math.fma(x[width + j], 1 / LOW, x[j]) : more ? x[j] : 0;
                    operand(more ? y + before : y, next, j, width + j);
                }
                x = next;
            }
            float[] out = product(x, layers[depth], a.floats(10), a.offset(10), MlpShape.MOST_OUTPUTS);
            System.arraycopy(out, 0, state, into, a.int32(12));
        }

        private void operand(float value, float[] into, int high, int low) {
            into[high] = round.nearest(value);
            if (split) {
                into[low] = round.nearest(LOW * (value - into[high]));
            }
        }

        private float[] inputs(int places) {
            float[] x = new float[layers[0].length / width];
            for (int c = 0; c < a.int32(11); c++) {
                float value = state[a.ints(5)[places + c]];
                if (split) {
                    operand(value, x, c, 16 + c);
                    continue;
                }
                float high = round.nearest(value);
                float low = round.nearest(value - high);
                int row = c / 4 * 16 + c % 4;
                x[row] = high;
                x[row + 4] = low;
                x[row + 8] = high;
                x[row + 12] = low;
            }
            return x;
        }

        private float[] product(float[] x, float[] w, float[] bias, int at, int columns) {
            float[] sums = Arrays.copyOfRange(bias, at, at + columns);
            if (!split) {
                add(sums, x, 0, w, 0, x.length, columns);
                return sums;
            }
            int half = x.length / 2;
            float[] low = new float[columns];
            add(sums, x, 0, w, 0, half, columns);
            add(low, x, 0, w, half, half, columns);
            add(low, x, half, w, 0, half, columns);
            for (int j = 0; j < columns; j++) {
                sums[j] = Math.fma(low[j], 1 / LOW, sums[j]);
            }
            return sums;
        }

        private static void add(float[] sums, float[] x, int from, float[] w, int row, int count, int columns) {
            for (int k = 0; k < count; k++) {
                for (int j = 0; j < columns; j++) {
                    sums[j] = Math.fma(x[from + k], w[(row + k) * columns + j], sums[j]);
                }
            }
        }

        /** The kernel has halved the argument of SiLU. */
        private static float activate(int code, float x) {
            return Curve.value(code, code == Curve.SILU ? 2 * x : x);
        }
    }
}
