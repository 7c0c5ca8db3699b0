package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.PerturbLayout;
import org.tweedie.kernels.RowSet;
import org.tweedie.rng.Philox;

/** Twins of kernels/sde/perturb.cu. Stateless. */
public final class PerturbTwins {
    private static final int TILE = 2048;

    private PerturbTwins() {}

    public static void perturb(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        int dim = a.int32(3);
        int what = Philox.purposeWord(a.int32(10), a.int32(11) + rows.iteration());
        int tile = Math.max(1, TILE / Math.max(1, dim));
        Live.each(rows, team, FillTwins.grain(dim), (from, to) -> {
            Draws mine = Draws.mine();
            Hermite place = new Hermite();
            float[] eps = mine.scratch(tile * dim);
            for (int start = from; start < to; start += tile) {
                int end = Math.min(to, start + tile);
                mine.fill(Draws.NORMAL, rows, start, end, what, dim, eps, 0, dim);
                for (int r = start; r < end; r++) {
                    row(a, r, place, eps, (r - start) * dim, dim);
                }
            }
        });
    }

    private static void row(Arguments a, int r, Hermite place, float[] eps, int e, int dim) {
        float[] table = a.floats(6);
        int base = a.offset(6);
        int columns = PerturbLayout.COLUMNS;
        place.atLog(a.floats(4)[a.offset(4) + r * a.int32(5)], a.float32(8), a.float32(9), a.int32(7));
        for (int output = 0; output < 2; output++) {
            int argument = 12 + 2 * output;
            if (!a.isNull(argument)) {
                float ofX = place.value(table, base, columns, 2 * output);
                float ofEps = place.value(table, base, columns, 2 * output + 1);
                combine(
                        ofX,
                        a.floats(1),
                        a.offset(1) + r * a.int32(2),
                        ofEps,
                        eps,
                        e,
                        a.floats(argument),
                        a.offset(argument) + r * a.int32(argument + 1),
                        dim);
            }
        }
        if (!a.isNull(16)) {
            System.arraycopy(eps, e, a.floats(16), a.offset(16) + r * a.int32(17), dim);
        }
        if (dim > 0 && !a.isNull(18)) {
            a.floats(18)[a.offset(18) + r * a.int32(19)] = place.value(table, base, columns, PerturbLayout.WEIGHT);
        }
        if (dim > 0 && !a.isNull(20)) {
            a.floats(20)[a.offset(20) + r * a.int32(21)] = place.value(table, base, columns, PerturbLayout.LEVEL);
        }
    }

    private static void combine(
            float ofX, float[] x, int xAt, float ofEps, float[] eps, int e, float[] into, int at, int dim) {
        for (int d = 0; d < dim; d++) {
            into[at + d] = Math.fma(ofEps, eps[e + d], ofX * x[xAt + d]);
        }
    }

    public static void times(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        float[] t = a.floats(1);
        int at = a.offset(1);
        int stride = a.int32(2);
        float[] table = a.floats(3);
        int base = a.offset(3);
        int nodes = a.int32(4);
        long group = a.int64(5);
        int what = Philox.purposeWord(a.int32(6), a.int32(7) + rows.iteration());
        float inverse = Approx.reciprocal((float) Math.max(1, group));
        Live.each(rows, team, 1024, (from, to) -> {
            Draws mine = Draws.mine();
            Hermite place = new Hermite();
            for (int r = from; r < to; r++) {
                long index = rows.index(r);
                float u = Draws.uniform(mine.firstWord(rows.seed(), group > 0 ? index / group : index, what));
                if (group > 0) {
                    u = ((float) (index % group) + u) * inverse;
                }
                place.at(u * (nodes - 1), nodes);
                t[at + r * stride] = place.value(table, base, 1, 0);
            }
        });
    }
}
