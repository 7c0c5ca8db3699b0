package org.tweedie.kernels.host;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.rng.Philox;

/** Twins of kernels/metric/sorted.cu behind the order: rows drawn again, their slots, and costs. Stateless. */
public final class SlotTwins {
    private static final int TILE = SortTwins.TILE;
    private static final int LANES = 32;

    private SlotTwins() {}

    public static void draw(Arguments a, Team team) {
        int[] counts = a.ints(0);
        int count = (int) a.int64(1);
        long seed = a.int64(3);
        team.forRange(a.int32(2), 1, (from, to) -> {
            int[] words = new int[4];
            for (int replicate = (int) from; replicate < to; replicate++) {
                int purpose = Philox.purposeWord(a.int32(4), a.int64(5) + (long) replicate * a.int32(6));
                int at = a.offset(0) + replicate * count;
                for (int i = 0; i < count; i++) {
                    if (i % 4 == 0) {
                        Philox.block(0, 0, purpose, i / 4, (int) seed, (int) (seed >>> 32), words, 0);
                    }
                    counts[at + (int) (((words[i % 4] & 0xffffffffL) * count) >>> 32)]++;
                }
            }
        });
    }

    /** The counts of a replicate in the order of a line. */
    private record Ranked(int[] counts, int countsAt, int[] rows, int rowsAt) {
        /** Of arguments that begin with counts and rows and have count and lines from {@code sizes} on. */
        static Ranked of(Arguments a, int sizes, int group) {
            int count = (int) a.int64(sizes);
            int lines = a.int32(sizes + 1);
            return new Ranked(
                    a.ints(0), a.offset(0) + group / lines * count, a.ints(1), a.offset(1) + group % lines * count);
        }

        int at(int rank) {
            return counts[countsAt + rows[rowsAt + rank]];
        }
    }

    public static void sums(Arguments a, Team team) {
        int count = (int) a.int64(2);
        int tiles = SortTwins.tiles(count);
        team.forRange((long) tiles * a.int32(3) * a.int32(4), 16, (from, to) -> {
            for (int item = (int) from; item < to; item++) {
                Ranked ranked = Ranked.of(a, 2, item / tiles);
                int first = item % tiles * TILE;
                int sum = 0;
                for (int rank = first; rank < Math.min(first + TILE, count); rank++) {
                    sum += ranked.at(rank);
                }
                a.ints(5)[a.offset(5) + item] = sum;
            }
        });
    }

    public static void spread(Arguments a, Team team) {
        int[] sums = a.ints(2);
        int count = (int) a.int64(3);
        int tiles = SortTwins.tiles(count);
        int[] slots = a.ints(6);
        team.forRange((long) tiles * a.int32(4) * a.int32(5), 16, (from, to) -> {
            for (int item = (int) from; item < to; item++) {
                int group = item / tiles;
                Ranked ranked = Ranked.of(a, 3, group);
                int slot = 0;
                for (int t = group * tiles; t < item; t++) {
                    slot += sums[a.offset(2) + t];
                }
                int first = item % tiles * TILE;
                int at = a.offset(6) + group * count;
                for (int rank = first; rank < Math.min(first + TILE, count); rank++) {
                    for (int end = Math.min(count, slot + ranked.at(rank)); slot < end; slot++) {
                        slots[at + slot] = rank;
                    }
                }
            }
        });
    }

    /** A sample in order: rank by rank, or slot by slot where it has slots. */
    private record Line(double[] keys, int keysAt, int @Nullable [] slots, int slotsAt) {
        /** Of pointer arguments {@code i} and {@code i + 1}, so many keys a line. */
        static Line of(Arguments a, int i, int count, int line, int group) {
            int keysAt = a.offset(i) + line * count;
            return a.isNull(i + 1)
                    ? new Line(a.doubles(i), keysAt, null, 0)
                    : new Line(a.doubles(i), keysAt, a.ints(i + 1), a.offset(i + 1) + group * count);
        }

        double at(int s) {
            return keys[keysAt + (slots == null ? s : slots[slotsAt + s])];
        }
    }

    public static void cost(Arguments a, Team team) {
        int n = (int) a.int64(2);
        int m = (int) a.int64(5);
        int lines = a.int32(6);
        boolean square = a.int32(8) == 2;
        int chunks = SortTwins.tiles(n);
        team.forRange((long) chunks * lines * a.int32(7), 16, (from, to) -> {
            double[] lanes = new double[LANES];
            for (int item = (int) from; item < to; item++) {
                int group = item / chunks;
                Line x = Line.of(a, 0, n, group % lines, group);
                Line y = Line.of(a, 3, m, group % lines, group);
                int first = item % chunks * TILE;
                int slot = (int) ((long) first * m / n);
                long past = (long) first * m - (long) slot * n;
                Arrays.fill(lanes, 0);
                for (int s = first; s < Math.min(first + TILE, n); s++) {
                    double value = x.at(s);
                    long here = Math.min(n - past, m);
                    double sum = lanes[s % LANES] + here * cost(value - y.at(slot), square);
                    if (here < m) {
                        sum += (m - here) * cost(value - y.at(slot + 1), square);
                    }
                    lanes[s % LANES] = sum;
                    past += m;
                    if (past >= n) {
                        past -= n;
                        slot++;
                    }
                }
                a.doubles(9)[a.offset(9) + item] = byHalves(lanes);
            }
        });
    }

    private static double cost(double gap, boolean square) {
        return square ? gap * gap : Math.abs(gap);
    }

    public static void costFinish(Arguments a, Team team) {
        double[] parts = a.doubles(0);
        int chunks = (int) a.int64(1);
        team.forRange(a.int64(2), 256, (from, to) -> {
            double[] lanes = new double[LANES];
            for (int item = (int) from; item < to; item++) {
                Arrays.fill(lanes, 0);
                for (int c = 0; c < chunks; c++) {
                    lanes[c % LANES] += parts[a.offset(0) + item * chunks + c];
                }
                a.doubles(4)[a.offset(4) + item] = byHalves(lanes) / a.float64(3);
            }
        });
    }

    /** As a warp adds its lanes. */
    private static double byHalves(double[] lanes) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        return lanes[0];
    }
}
