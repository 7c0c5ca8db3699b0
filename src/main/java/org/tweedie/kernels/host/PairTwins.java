package org.tweedie.kernels.host;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;

/** Twins of kernels/metric/pairs.cu. Stateless. */
public final class PairTwins {
    private static final float LEAST = 0x1p-100f;

    private PairTwins() {}

    public static void sum(Arguments a, Team team) {
        int kind = a.int32(9);
        float factor = a.float32(10);
        float @Nullable [] bound = a.isNull(11) ? null : a.floats(11);
        int boundAt = a.offset(11);
        int boundStride = a.int32(12);
        double[] parts = a.doubles(13);
        int at = a.offset(13);
        Simd simd = Simd.best();
        PairTiles.of(a).each(team, () -> {
            double[] sums = new double[PairTiles.ROWS * PairTiles.LANES];
            return new PairTiles.Fold() {
                @Override
                public void start(int slot, int row) {
                    java.util.Arrays.fill(sums, slot * PairTiles.LANES, (slot + 1) * PairTiles.LANES, 0);
                }

                @Override
                public void take(int slot, int first, int offset, int count, int self, float[] square) {
                    switch (kind) {
                        case 0 -> simd.exponentials(factor, square, count);
                        case 1 -> roots(square, count);
                        case 2 -> powers(factor, square, count);
                        default -> within(bound, boundAt + (first + offset) * boundStride, boundStride, square, count);
                    }
                    if (self >= 0 && self < count) {
                        square[self] = 0;
                    }
                    int lane = slot * PairTiles.LANES;
                    int whole = count & -4;
                    int j = 0;
                    for (; j < whole; j += 4, lane++) {
                        sums[lane] += (square[j] + square[j + 1]) + (square[j + 2] + square[j + 3]);
                    }
                    if (j < count) {
                        java.util.Arrays.fill(square, count, j + 4, 0f);
                        sums[lane] += (square[j] + square[j + 1]) + (square[j + 2] + square[j + 3]);
                    }
                }

                @Override
                public void leave(int slot, int first, int part) {
                    double sum = sums[slot * PairTiles.LANES];
                    for (int lane = 1; lane < PairTiles.LANES; lane++) {
                        sum += sums[slot * PairTiles.LANES + lane];
                    }
                    parts[at + part] = sum;
                }
            };
        });
    }

    private static void roots(float[] square, int count) {
        for (int j = 0; j < count; j++) {
            square[j] = square[j] < LEAST ? 0f : Approx.squareRoot(square[j]);
        }
    }

    private static void powers(float factor, float[] square, int count) {
        for (int j = 0; j < count; j++) {
            square[j] = square[j] < LEAST ? 0f : Approx.exp(factor * Approx.log(square[j]));
        }
    }

    private static void within(float @Nullable [] bound, int at, int stride, float[] square, int count) {
        if (bound == null) {
            throw new IllegalArgumentException("kind 3 needs a bound a column");
        }
        for (int j = 0; j < count; j++) {
            square[j] = square[j] <= bound[at + j * stride] ? 1f : 0f;
        }
    }

    public static void sumFinish(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        double[] parts = a.doubles(1);
        int chunks = a.int32(2);
        double[] out = a.doubles(3);
        int count = (int) rows.count();
        Live.each(rows, team, 4096, (from, to) -> {
            for (int r = from; r < to; r++) {
                double sum = 0;
                for (int c = 0; c < chunks; c++) {
                    sum += parts[a.offset(1) + c * count + r];
                }
                out[a.offset(3) + r] = sum;
            }
        });
    }

    public static void soft(Arguments a, Team team) {
        float inverse = a.float32(9);
        float @Nullable [] potential = a.isNull(10) ? null : a.floats(10);
        int potentialAt = a.offset(10);
        int potentialStride = a.int32(11);
        float[] tops = a.floats(12);
        double[] sums = a.doubles(13);
        PairTiles.of(a).each(team, () -> {
            SoftSum[] lanes = new SoftSum[PairTiles.ROWS * PairTiles.LANES];
            for (int i = 0; i < lanes.length; i++) {
                lanes[i] = new SoftSum();
            }
            return new PairTiles.Fold() {
                @Override
                public void start(int slot, int row) {
                    for (int lane = 0; lane < PairTiles.LANES; lane++) {
                        lanes[slot * PairTiles.LANES + lane].clear();
                    }
                }

                @Override
                public void take(int slot, int first, int offset, int count, int self, float[] square) {
                    for (int j = 0; j < count; j++) {
                        float of = potential == null
                                ? 0f
                                : inverse * potential[potentialAt + (first + offset + j) * potentialStride];
                        square[j] = Math.fma(-inverse, square[j], of);
                    }
                    if (self >= 0 && self < count) {
                        square[self] = SoftSum.NONE;
                    }
                    java.util.Arrays.fill(square, count, (count + 3) & -4, SoftSum.NONE);
                    for (int j = 0; j < count; j += 4) {
                        lanes[slot * PairTiles.LANES + j / 4].take(square, j);
                    }
                }

                @Override
                public void leave(int slot, int first, int part) {
                    SoftSum all = new SoftSum();
                    for (int lane = 0; lane < PairTiles.LANES; lane++) {
                        SoftSum one = lanes[slot * PairTiles.LANES + lane];
                        all.join(one.top(), one.sum());
                    }
                    tops[a.offset(12) + part] = all.top();
                    sums[a.offset(13) + part] = all.sum();
                }
            };
        });
    }

    public static void softFinish(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        float[] tops = a.floats(1);
        double[] sums = a.doubles(2);
        int chunks = a.int32(3);
        double share = a.float64(4);
        float scale = a.float32(5);
        float @Nullable [] old = a.isNull(6) ? null : a.floats(6);
        float[] out = a.floats(8);
        int count = (int) rows.count();
        Live.each(rows, team, 4096, (from, to) -> {
            SoftSum all = new SoftSum();
            for (int r = from; r < to; r++) {
                all.clear();
                for (int c = 0; c < chunks; c++) {
                    all.join(tops[a.offset(1) + c * count + r], sums[a.offset(2) + c * count + r]);
                }
                float value = scale * (all.top() + Approx.log((float) (all.sum() * share)));
                out[a.offset(8) + r * a.int32(9)] =
                        old == null ? value : 0.5f * (old[a.offset(6) + r * a.int32(7)] + value);
            }
        });
    }

    public static void nearest(Arguments a, Team team) {
        float @Nullable [] after = a.isNull(9) ? null : a.floats(9);
        long @Nullable [] afterColumn = a.isNull(10) ? null : a.longs(10);
        float[] least = a.floats(11);
        long[] columns = a.longs(12);
        PairTiles.of(a).each(team, () -> {
            float[] best = new float[PairTiles.ROWS];
            long[] at = new long[PairTiles.ROWS];
            float[] behind = new float[PairTiles.ROWS];
            long[] behindColumn = new long[PairTiles.ROWS];
            return new PairTiles.Fold() {
                @Override
                public void start(int slot, int row) {
                    best[slot] = Float.POSITIVE_INFINITY;
                    at[slot] = -1;
                    behind[slot] = after == null ? -1f : after[a.offset(9) + row];
                    behindColumn[slot] = afterColumn == null ? -1 : afterColumn[a.offset(10) + row];
                }

                @Override
                public void take(int slot, int first, int offset, int count, int self, float[] square) {
                    float most = best[slot];
                    float past = behind[slot];
                    for (int j = 0; j < count; j++) {
                        float s = square[j];
                        if (s < most
                                && s >= past
                                && (s > past || first + offset + j > behindColumn[slot])
                                && j != self) {
                            most = s;
                            at[slot] = (long) first + offset + j;
                        }
                    }
                    best[slot] = most;
                }

                @Override
                public void leave(int slot, int first, int part) {
                    least[a.offset(11) + part] = best[slot];
                    columns[a.offset(12) + part] = at[slot];
                }
            };
        });
    }

    public static void nearestFinish(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        float[] least = a.floats(1);
        long[] columns = a.longs(2);
        int chunks = a.int32(3);
        int count = (int) rows.count();
        Live.each(rows, team, 4096, (from, to) -> {
            for (int r = from; r < to; r++) {
                float s = Float.POSITIVE_INFINITY;
                long j = -1;
                for (int c = 0; c < chunks; c++) {
                    if (least[a.offset(1) + c * count + r] < s) {
                        s = least[a.offset(1) + c * count + r];
                        j = columns[a.offset(2) + c * count + r];
                    }
                }
                a.floats(4)[a.offset(4) + r] = s;
                a.longs(5)[a.offset(5) + r] = j;
            }
        });
    }
}
