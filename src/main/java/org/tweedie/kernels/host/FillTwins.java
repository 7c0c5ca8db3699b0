package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.rng.Philox;

/** Twins of kernels/rng/fill.cu. Stateless. */
public final class FillTwins {
    private FillTwins() {}

    public static void normal(Arguments a, Team team) {
        fill(a, team, Draws.NORMAL);
    }

    public static void uniform(Arguments a, Team team) {
        fill(a, team, Draws.UNIFORM);
    }

    public static void rademacher(Arguments a, Team team) {
        fill(a, team, Draws.RADEMACHER);
    }

    private static void fill(Arguments a, Team team, int law) {
        RowSet rows = Live.rows(a, 1);
        float[] out = a.floats(0);
        int at = a.offset(0);
        int width = a.int32(2);
        int stride = a.int32(3);
        int what = Philox.purposeWord(a.int32(4), a.int32(5) + rows.iteration());
        Live.each(
                rows,
                team,
                grain(width),
                (from, to) -> Draws.mine().fill(law, rows, from, to, what, width, out, at + from * stride, stride));
    }

    public static void words(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 1);
        int[] out = a.ints(0);
        int at = a.offset(0);
        int width = a.int32(2);
        int stride = a.int32(3);
        int what = Philox.purposeWord(a.int32(4), a.int32(5) + rows.iteration());
        Live.each(rows, team, grain(width), (from, to) -> {
            int[] block = new int[4];
            for (int r = from; r < to; r++) {
                long index = rows.index(r);
                for (int d = 0; d < width; d += 4) {
                    Philox.block(
                            (int) index,
                            (int) (index >>> 32),
                            what,
                            d / 4,
                            (int) rows.seed(),
                            (int) (rows.seed() >>> 32),
                            block,
                            0);
                    System.arraycopy(block, 0, out, at + r * stride + d, Math.min(4, width - d));
                }
            }
        });
    }

    /** Rows that are worth a thread's attention. */
    static long grain(int width) {
        return Math.max(1, 4096 / Math.max(1, width));
    }
}
