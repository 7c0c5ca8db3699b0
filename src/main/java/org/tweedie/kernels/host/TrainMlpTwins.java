package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.SumChunks;

/**
 * Twins of kernels/train/train_mlp.cu: operands rounded to bf16, sums in f32 in the order of k, one row after the other. Plain: the reference
 * of the kernels, not the host's way to train. Stateless.
 */
public final class TrainMlpTwins {
    private static final int WORDS = 9;
    private static final int BIASES = 1;
    private static final int INPUTS = 2;

    private TrainMlpTwins() {}

    private static float near(float v) {
        return Halves.fromBf16(Halves.bf16(v));
    }

    public static void pack(Arguments a, Team team) {
        for (int m = 0; m < a.int32(3); m++) {
            int[] matrix = new int[WORDS];
            System.arraycopy(a.ints(2), a.offset(2) + WORDS * m, matrix, 0, WORDS);
            pack(a.floats(0), a.offset(0) + matrix[1], a.halves(1), a.offset(1) + 8 * matrix[2], matrix);
        }
    }

    private static void pack(float[] w, int from, short[] packed, int at, int[] matrix) {
        int columns = matrix[6];
        if (matrix[0] == BIASES) {
            for (int j = 0; j < 16 * matrix[4]; j++) {
                int bits = j < columns ? Float.floatToRawIntBits(w[from + j]) : 0;
                packed[at + 2 * j] = (short) bits;
                packed[at + 2 * j + 1] = (short) (bits >>> 16);
            }
            return;
        }
        for (int k = 0; k < 16 * matrix[3]; k++) {
            int row = matrix[0] == INPUTS ? 4 * (k / 16) + k % 4 : k;
            for (int j = 0; j < 16 * matrix[4]; j++) {
                float v = row < matrix[5] && j < columns ? w[from + row * matrix[7] + j * matrix[8]] : 0;
                boolean low = matrix[0] == INPUTS && k % 16 >= 8;
                packed[at + MixedTwins.place(k, j, matrix[3])] = Halves.bf16(low ? v - near(v) : v);
            }
        }
    }

    /** The sizes of a network in blocks of sixteen, and where things lie on the tape. */
    private record Shape(int inputs, int features, int outputs, int width, int depth) {
        int in() {
            return (inputs + 3) / 4;
        }

        int time() {
            return (features + 15) / 16;
        }

        int wide() {
            return 2 * ((width + 31) / 32);
        }

        int hidden(int l) {
            return in() + time() + l * wide();
        }

        int towards(int l) {
            return hidden(depth) + (l == depth ? 0 : 1 + l * wide());
        }

        int tape() {
            return hidden(depth) + 1 + depth * wide();
        }

        /** The element of column c of the block, for row r. */
        int at(int r, int block, int c) {
            int matrix = r % 16 / 8 + 2 * (c % 16 / 8);
            return (r / 16 * tape() + block + c / 16) * 256 + 64 * matrix + r % 8 * 8 + c % 8;
        }
    }

    private static Shape shape(Arguments a, int first) {
        return new Shape(
                a.int32(first), a.int32(first + 1), a.int32(first + 2), a.int32(first + 3), a.int32(first + 4));
    }

    public static void rows(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        Shape s = shape(a, 8);
        Stages stages = new Stages(a.halves(5), a.offset(5), s);
        short[] tape = a.halves(6);
        int tapeAt = a.offset(6);
        for (int r = 0; r < (rows.count() + 15) / 16 * 16; r++) {
            if (r >= rows.count() || !rows.alive(r)) {
                for (int c = 0; c < 16 * s.tape(); c++) {
                    tape[tapeAt + s.at(r, 0, c)] = 0;
                }
            }
        }
        Live.each(rows, team, 32, (from, to) -> {
            Row row = new Row(a, s, stages, tape, tapeAt);
            for (int r = from; r < to; r++) {
                row.run(r);
            }
        });
    }

    /** The weights of all stages, unpacked. */
    private static final class Stages {
        final float[][] biases;
        final float[][] forward;
        final float[][] times;
        final float[][] back;
        private final short[] packed;
        private int at;

        Stages(short[] packed, int from, Shape s) {
            this.packed = packed;
            this.at = from;
            int wide = 16 * s.wide();
            biases = new float[s.depth() + 1][];
            forward = new float[s.depth() + 1][];
            times = new float[s.depth()][];
            back = new float[s.depth() + 1][];
            for (int l = 0; l < s.depth(); l++) {
                biases[l] = floats(wide);
                forward[l] = matrix(l == 0 ? 16 * s.in() : wide, wide);
                times[l] = matrix(16 * s.time(), wide);
            }
            biases[s.depth()] = floats(16);
            forward[s.depth()] = matrix(wide, 16);
            back[s.depth()] = matrix(16, wide);
            for (int l = s.depth() - 1; l > 0; l--) {
                back[l] = matrix(wide, wide);
            }
        }

        private float[] floats(int count) {
            float[] values = new float[count];
            for (int i = 0; i < count; i++, at += 2) {
                values[i] = Float.intBitsToFloat(packed[at] & 0xffff | packed[at + 1] << 16);
            }
            return values;
        }

        private float[] matrix(int in, int out) {
            float[] w = MixedTwins.unpack(packed, at, in, out, Halves::fromBf16, new float[in * out]);
            at += in * out;
            return w;
        }
    }

    private static final class Row {
        private final Arguments a;
        private final Shape s;
        private final Stages stages;
        private final short[] tape;
        private final int tapeAt;

        Row(Arguments a, Shape s, Stages stages, short[] tape, int tapeAt) {
            this.a = a;
            this.s = s;
            this.stages = stages;
            this.tape = tape;
            this.tapeAt = tapeAt;
        }

        void run(int r) {
            int activation = a.int32(17);
            boolean residual = a.int32(18) != 0;
            float[] x = inputs(r);
            float[] features = new float[16 * s.time()];
            for (int k = 0; k < s.features(); k++) {
                features[k] = near(a.floats(2)[a.offset(2) + r * a.int32(14) + k]);
            }
            keep(r, 0, x);
            keep(r, s.in(), features);
            float[][] slopes = new float[s.depth()][];
            float[] h = x;
            for (int l = 0; l < s.depth(); l++) {
                float[] sums = stages.biases[l].clone();
                product(h, stages.forward[l], sums);
                product(features, stages.times[l], sums);
                slopes[l] = new float[sums.length];
                for (int j = 0; j < sums.length; j++) {
                    slopes[l][j] = near(Curve.slope(activation, sums[j]));
                    float y = Curve.value(activation, sums[j]);
                    sums[j] = near(l > 0 && residual ? y + h[j] : y);
                }
                keep(r, s.hidden(l), sums);
                h = sums;
            }
            float[] out = stages.biases[s.depth()].clone();
            product(h, stages.forward[s.depth()], out);
            float[] d = judge(r, out);
            keep(r, s.towards(s.depth()), d);
            float[] dh = new float[16 * s.wide()];
            for (int l = s.depth() - 1; l >= 0; l--) {
                float[] sums = new float[dh.length];
                product(d, stages.back[l + 1], sums);
                d = new float[dh.length];
                for (int j = 0; j < d.length; j++) {
                    dh[j] = near(residual && l < s.depth() - 1 ? sums[j] + dh[j] : sums[j]);
                    d[j] = near(dh[j] * slopes[l][j]);
                }
                keep(r, s.towards(l), d);
            }
        }

        private float[] inputs(int r) {
            float[] x = new float[16 * s.in()];
            for (int c = 0; c < s.inputs(); c++) {
                float value = a.floats(1)[a.offset(1) + r * a.int32(13) + c];
                float high = near(value);
                int row = c / 4 * 16 + c % 4;
                x[row] = x[row + 8] = high;
                x[row + 4] = x[row + 12] = near(value - high);
            }
            return x;
        }

        private float[] judge(int r, float[] out) {
            float w = a.isNull(4) ? 1 : a.floats(4)[a.offset(4) + r * a.int32(16)];
            float scale = a.float32(19);
            float factor = (scale + scale) * w;
            float[] d = new float[16];
            float sum = 0;
            for (int c = 0; c < s.outputs(); c++) {
                float error = out[c] - a.floats(3)[a.offset(3) + r * a.int32(15) + c];
                sum = Math.fma(error, error, sum);
                d[c] = near(factor * error);
            }
            a.floats(7)[a.offset(7) + r] = w * sum;
            return d;
        }

        private void keep(int r, int block, float[] values) {
            for (int c = 0; c < values.length; c++) {
                tape[tapeAt + s.at(r, block, c)] = Halves.bf16(values[c]);
            }
        }

        private static void product(float[] x, float[] w, float[] sums) {
            for (int k = 0; k < x.length; k++) {
                for (int j = 0; j < sums.length; j++) {
                    sums[j] = Math.fma(x[k], w[k * sums.length + j], sums[j]);
                }
            }
        }
    }

    public static void weights(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        Shape s = shape(a, 5);
        int count = (int) rows.count();
        int chunk = (int) SumChunks.each(count);
        team.forRange((count + chunk - 1) / chunk, 1, (from, to) -> {
            for (int c = (int) from; c < to; c++) {
                Product product = new Product(a, s, c * chunk, Math.min(count, (c + 1) * chunk), c);
                for (int l = 0; l <= s.depth(); l++) {
                    product.layer(l);
                }
            }
        });
    }

    private static final class Product {
        private final Arguments a;
        private final Shape s;
        private final int from;
        private final int to;
        private final int into;

        Product(Arguments a, Shape s, int from, int to, int c) {
            this.a = a;
            this.s = s;
            this.from = from;
            this.to = to;
            this.into = a.offset(3) + c * (a.int32(4) + 1);
        }

        private float tape(int r, int block, int c) {
            return Halves.fromBf16(a.halves(1)[a.offset(1) + s.at(r, block, c)]);
        }

        void layer(int l) {
            int columns = l == s.depth() ? s.outputs() : s.width();
            int places = a.offset(2) + 3 * l;
            for (int j = 0; j < columns; j++) {
                if (l == 0) {
                    for (int k = 0; k < s.inputs(); k++) {
                        int column = k / 4 * 16 + k % 4;
                        put(a.ints(2)[places] + k * columns + j, sum(0, column, l, j) + sum(0, column + 4, l, j));
                    }
                } else {
                    for (int k = 0; k < s.width(); k++) {
                        put(a.ints(2)[places] + k * columns + j, sum(s.hidden(l - 1), k, l, j));
                    }
                }
                for (int k = 0; l < s.depth() && k < s.features(); k++) {
                    put(a.ints(2)[places + 1] + k * columns + j, sum(s.in(), k, l, j));
                }
                put(a.ints(2)[places + 2] + j, sum(-1, 0, l, j));
            }
        }

        private void put(int at, float value) {
            a.floats(3)[into + at] = value;
        }

        /** Over the rows, of column k times what goes back into output j of layer l; of that alone where there is no block. */
        private float sum(int block, int k, int l, int j) {
            float sum = 0;
            for (int r = from; r < to; r++) {
                sum = Math.fma(block < 0 ? 1 : tape(r, block, k), tape(r, s.towards(l), j), sum);
            }
            return sum;
        }
    }
}
