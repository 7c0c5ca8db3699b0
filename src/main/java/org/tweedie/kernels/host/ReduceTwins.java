package org.tweedie.kernels.host;

import java.util.Arrays;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;

/** Twins of kernels/score/reduce.cu. Stateless. */
public final class ReduceTwins {
    /** Lanes of a block, and blocks of a sum. */
    private static final int LANES = 256;

    private ReduceTwins() {}

    public static void partials(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 2);
        float[] values = a.floats(0);
        int at = a.offset(0);
        double[] partials = a.doubles(1);
        int partialsAt = a.offset(1);
        int width = a.int32(3);
        int stride = a.int32(4);
        int kind = a.int32(5);
        long elements = rows.count() * width;
        team.forRange(LANES, Math.max(1, LANES * 16_384L / Math.max(1, elements)), (from, to) -> {
            double[] lanes = new double[LANES];
            for (int block = (int) from; block < to; block++) {
                Arrays.fill(lanes, 0);
                for (long e = (long) block * LANES; e < elements; e += (long) LANES * LANES) {
                    take(rows, values, at, width, stride, kind, e, Math.min(elements, e + LANES), lanes);
                }
                partials[partialsAt + block] = (long) block * LANES < elements ? tree(lanes) : 0;
            }
        });
    }

    /** Adds elements {@code from <= e < to} to the lanes from lane 0 on. */
    private static void take(
            RowSet rows, float[] values, int at, int width, int stride, int kind, long from, long to, double[] lanes) {
        if (kind != 2 && !rows.masked() && stride == width) {
            add(values, at + (int) from, (int) (to - from), kind == 1, lanes);
            return;
        }
        int row = (int) (from / width);
        int column = (int) (from % width);
        for (int lane = 0; lane < to - from; lane++) {
            if (rows.alive(row)) {
                lanes[lane] += term(kind, values[at + row * stride + column]);
            }
            if (++column == width) {
                column = 0;
                row++;
            }
        }
    }

    private static void add(float[] values, int at, int count, boolean squares, double[] lanes) {
        if (squares) {
            for (int lane = 0; lane < count; lane++) {
                double x = values[at + lane];
                lanes[lane] += x * x;
            }
        } else {
            for (int lane = 0; lane < count; lane++) {
                lanes[lane] += values[at + lane];
            }
        }
    }

    private static double term(int kind, float x) {
        return switch (kind) {
            case 0 -> x;
            case 1 -> (double) x * x;
            default -> Float.isFinite(x) ? 0 : 1;
        };
    }

    private static double tree(double[] lanes) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        return lanes[0];
    }

    public static void finish(Arguments a, Team team) {
        double[] lanes = new double[LANES];
        System.arraycopy(a.doubles(0), a.offset(0), lanes, 0, a.int32(2));
        a.floats(1)[a.offset(1)] = (float) tree(lanes);
    }

    public static void rowNorm2(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 2);
        float[] values = a.floats(0);
        int at = a.offset(0);
        float[] out = a.floats(1);
        int outAt = a.offset(1);
        int width = a.int32(3);
        int stride = a.int32(4);
        int outStride = a.int32(5);
        Live.each(rows, team, Math.max(1, 16_384 / Math.max(1, width)), (from, to) -> {
            float[] lanes = new float[32];
            for (int r = from; r < to; r++) {
                Arrays.fill(lanes, 0f);
                for (int d = 0; d < width; d++) {
                    float x = values[at + r * stride + d];
                    lanes[d % 32] = Math.fma(x, x, lanes[d % 32]);
                }
                for (int half = 16; half > 0; half /= 2) {
                    for (int lane = 0; lane < half; lane++) {
                        lanes[lane] += lanes[lane + half];
                    }
                }
                out[outAt + r * outStride] = lanes[0];
            }
        });
    }
}
