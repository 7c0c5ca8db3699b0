package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;

/** Twins of kernels/metric/sorted.cu as far as the order goes: keys, tiles in order, runs merged. Stateless. */
public final class SortTwins {
    static final int TILE = 1024;

    private SortTwins() {}

    public static void project(Arguments a, Team team) {
        float[] x = a.floats(0);
        int stride = a.int32(1);
        long count = a.int64(2);
        int width = a.int32(3);
        float[] centre = a.floats(4);
        double[] directions = a.doubles(5);
        double[] keys = a.doubles(7);
        team.forRange(count * a.int32(6), TILE, (from, to) -> {
            for (long item = from; item < to; item++) {
                int direction = a.offset(5) + (int) (item / count) * width;
                int of = a.offset(0) + (int) (item % count) * stride;
                double sum = 0;
                for (int d = 0; d < width; d++) {
                    sum += directions[direction + d] * ((double) x[of + d] - (double) centre[a.offset(4) + d]);
                }
                keys[a.offset(7) + (int) item] = sum;
            }
        });
    }

    /** Keys with their rows, in arrays that others have too. */
    private record Pairs(double[] keys, int keysAt, int[] rows, int rowsAt) {
        boolean before(int i, int j) {
            double a = keys[keysAt + i];
            double b = keys[keysAt + j];
            return a < b || (a == b && rows[rowsAt + i] < rows[rowsAt + j]);
        }

        /** Two neighbouring runs, [start, middle) and [middle, end): places from .. to - 1 of what they are as one go into others. */
        void merge(int start, int middle, int end, int from, int to, Pairs into) {
            int i = start + taken(start, middle, end, from - start);
            int j = middle + (from - i);
            for (int at = from; at < to; at++) {
                int next = j == end || (i < middle && before(i, j)) ? i++ : j++;
                into.keys[into.keysAt + at] = keys[keysAt + next];
                into.rows[into.rowsAt + at] = rows[rowsAt + next];
            }
        }

        /** How many of the first {@code of} of both runs are of the first. */
        private int taken(int start, int middle, int end, int of) {
            int least = Math.max(0, of - (end - middle));
            int most = Math.min(of, middle - start);
            while (least < most) {
                int i = (least + most) >>> 1;
                if (before(start + i, middle + of - 1 - i)) {
                    least = i + 1;
                } else {
                    most = i;
                }
            }
            return least;
        }
    }

    /** By merging, where the device has a network: the order is total, so the answer is the same. */
    public static void tiles(Arguments a, Team team) {
        int count = (int) a.int64(1);
        int tiles = tiles(count);
        team.forRange((long) tiles * a.int32(2), 4, (from, to) -> {
            Pairs one = new Pairs(new double[TILE], 0, new int[TILE], 0);
            Pairs other = new Pairs(new double[TILE], 0, new int[TILE], 0);
            for (int item = (int) from; item < to; item++) {
                int first = item % tiles * TILE;
                int at = item / tiles * count + first;
                int length = Math.min(TILE, count - first);
                System.arraycopy(a.doubles(0), a.offset(0) + at, one.keys, 0, length);
                for (int e = 0; e < length; e++) {
                    one.rows[e] = first + e;
                }
                Pairs ordered = one;
                Pairs next = other;
                for (int run = 1; run < length; run *= 2) {
                    mergeAll(ordered, length, run, next);
                    Pairs last = ordered;
                    ordered = next;
                    next = last;
                }
                System.arraycopy(ordered.keys, 0, a.doubles(3), a.offset(3) + at, length);
                System.arraycopy(ordered.rows, 0, a.ints(4), a.offset(4) + at, length);
            }
        });
    }

    private static void mergeAll(Pairs pairs, int length, int run, Pairs into) {
        for (int start = 0; start < length; start += 2 * run) {
            int middle = Math.min(start + run, length);
            int end = Math.min(middle + run, length);
            pairs.merge(start, middle, end, start, end, into);
        }
    }

    public static void merge(Arguments a, Team team) {
        int count = (int) a.int64(2);
        int tiles = tiles(count);
        long run = a.int64(4);
        team.forRange((long) tiles * a.int32(3), 16, (from, to) -> {
            for (int item = (int) from; item < to; item++) {
                int line = item / tiles * count;
                int begin = item % tiles * TILE;
                int start = (int) (begin / (2 * run) * (2 * run));
                int middle = (int) Math.min(start + run, count);
                int end = (int) Math.min(middle + run, count);
                Pairs in = new Pairs(a.doubles(0), a.offset(0) + line, a.ints(1), a.offset(1) + line);
                Pairs out = new Pairs(a.doubles(5), a.offset(5) + line, a.ints(6), a.offset(6) + line);
                in.merge(start, middle, end, begin, Math.min(begin + TILE, end), out);
            }
        });
    }

    static int tiles(long count) {
        return (int) ((count + TILE - 1) / TILE);
    }
}
