package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.MlpOperations;
import org.tweedie.kernels.MlpShape;
import org.tweedie.kernels.RowSet;
import org.tweedie.rng.Philox;

/**
 * Twins of kernels/execution/trajectory_mlp.cu: operands rounded to 16 bits, sums in f32 in the order of k, one row after the other. Plain: the
 * reference of the kernels, not the host's way to sample. Stateless.
 */
public final class TrajectoryMlpTwins {
    private TrajectoryMlpTwins() {}

    /** Bits of the nearest 16-bit number. */
    private interface Narrow {
        short bits(float v);
    }

    public static void mlp64F16(Arguments a, Team team) {
        run(a, team, 64, Halves::f16, Halves::fromF16);
    }

    public static void mlp64Bf16(Arguments a, Team team) {
        run(a, team, 64, Halves::bf16, Halves::fromBf16);
    }

    public static void mlp128F16(Arguments a, Team team) {
        run(a, team, 128, Halves::f16, Halves::fromF16);
    }

    public static void mlp128Bf16(Arguments a, Team team) {
        run(a, team, 128, Halves::bf16, Halves::fromBf16);
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

    private static void rows16(Arguments a, Team team, int width) {
        if (a.int32(19) == 0) {
            run(a, team, width, Halves::f16, Halves::fromF16);
        } else {
            run(a, team, width, Halves::bf16, Halves::fromBf16);
        }
    }

    private static void run(Arguments a, Team team, int width, Narrow narrow, MixedTwins.Widen widen) {
        int depth = a.int32(13);
        int in = (a.int32(11) + 3) / 4 * 16;
        float[][] layers = new float[depth + 1][];
        int at = a.offset(9);
        for (int l = 0; l <= depth; l++) {
            int from = l == 0 ? in : width;
            int to = l == depth ? MlpShape.MOST_OUTPUTS : width;
            layers[l] = MixedTwins.unpack(a.halves(9), at, from, to, widen, new float[from * to]);
            at += from * to;
        }
        RowSet rows = Live.rows(a, 0);
        Live.each(rows, team, 32, (from, to) -> {
            Row row = new Row(a, rows, width, layers, v -> widen.value(narrow.bits(v)));
            for (int r = from; r < to; r++) {
                row.run(r);
            }
        });
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
        private final float[] state;

        Row(Arguments a, RowSet rows, int width, float[][] layers, Round round) {
            this.a = a;
            this.rows = rows;
            this.width = width;
            this.layers = layers;
            this.round = round;
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
            int activation = a.int32(14);
            float[] x = inputs(places);
            for (int l = 0; l < depth; l++) {
                float[] next = product(x, layers[l], a.floats(8), a.offset(8) + (biases * depth + l) * width, width);
                for (int j = 0; j < width; j++) {
                    float y = activate(activation, next[j]);
                    next[j] = round.nearest(l > 0 && a.int32(15) != 0 ? y + x[j] : y);
                }
                x = next;
            }
            float[] out = product(x, layers[depth], a.floats(10), a.offset(10), MlpShape.MOST_OUTPUTS);
            System.arraycopy(out, 0, state, into, a.int32(12));
        }

        private float[] inputs(int places) {
            float[] x = new float[layers[0].length / width];
            for (int c = 0; c < a.int32(11); c++) {
                float value = state[a.ints(5)[places + c]];
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

        private static float[] product(float[] x, float[] w, float[] bias, int at, int width) {
            float[] sums = new float[width];
            System.arraycopy(bias, at, sums, 0, width);
            for (int k = 0; k < x.length; k++) {
                for (int j = 0; j < width; j++) {
                    sums[j] = Math.fma(x[k], w[k * width + j], sums[j]);
                }
            }
            return sums;
        }

        /** The kernel has halved the argument of SiLU. */
        private static float activate(int code, float x) {
            return Curve.value(code, code == Curve.SILU ? 2 * x : x);
        }
    }
}
