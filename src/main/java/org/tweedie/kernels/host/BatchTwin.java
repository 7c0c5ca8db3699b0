package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.rng.Philox;

/** Twin of kernels/train/batch.cu and the permutation of kernels/train/shuffle.cuh. Stateless. */
public final class BatchTwin {
    private BatchTwin() {}

    public static void rows(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        float[] data = a.floats(1);
        int dataAt = a.offset(1);
        long n = a.int64(2);
        int bits = a.int32(3);
        int width = a.int32(4);
        float[] out = a.floats(5);
        int outAt = a.offset(5);
        int stride = a.int32(6);
        int what = Philox.purposeWord(a.int32(7), a.int32(8));
        Live.each(rows, team, 512, (from, to) -> {
            Order order = new Order(rows.seed(), what, n, bits);
            for (int r = from; r < to; r++) {
                long row = order.row(rows.index(r));
                System.arraycopy(data, dataAt + Math.toIntExact(row * width), out, outAt + r * stride, width);
            }
        });
    }

    /** The order of epochs; for one thread. */
    static final class Order {
        private final long seed;
        private final int what;
        private final long n;
        private final int leftMask;
        private final int rightMask;
        private final int rightBits;
        private final int[] keys = new int[8];
        /** The first sample of the epoch whose keys these are. */
        private long start = -1;

        Order(long seed, int what, long n, int bits) {
            this.seed = seed;
            this.what = what;
            this.n = n;
            int leftBits = bits / 2;
            rightBits = bits - leftBits;
            leftMask = (1 << leftBits) - 1;
            rightMask = (1 << rightBits) - 1;
        }

        /** The row that is sample {@code i}. */
        long row(long i) {
            if (start < 0 || i < start || i - start >= n) {
                long epoch = i / n;
                start = epoch * n;
                for (int quad = 0; quad < 2; quad++) {
                    Philox.block(
                            (int) epoch,
                            (int) (epoch >>> 32),
                            what,
                            quad,
                            (int) seed,
                            (int) (seed >>> 32),
                            keys,
                            4 * quad);
                }
            }
            long x = i - start;
            do {
                int left = (int) (x >>> rightBits);
                int right = (int) x & rightMask;
                for (int round = 0; round < 6; round += 2) {
                    left ^= hash(right, keys[round]) & leftMask;
                    right ^= hash(left, keys[round + 1]) & rightMask;
                }
                x = (long) left << rightBits | right;
            } while (x >= n);
            return x;
        }

        private static int hash(int x, int key) {
            x = x * 0x9E3779B1 + key;
            x ^= x >>> 16;
            x *= 0x85EBCA6B;
            x ^= x >>> 13;
            x *= 0xC2B2AE35;
            return x ^ (x >>> 16);
        }
    }
}
