package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;

/** Spreads runs of living rows over a team. */
final class Live {
    private Live() {}

    /** Work on the rows from {@code from} up to {@code to}, all alive. */
    @FunctionalInterface
    interface Run {
        void rows(int from, int to);
    }

    static RowSet rows(Arguments arguments, int i) {
        return arguments.struct(i, RowSet.class);
    }

    static void each(RowSet rows, Team team, long grain, Run run) {
        team.forRange(rows.count(), grain, (from, to) -> each(rows, (int) from, (int) to, run));
    }

    static void each(RowSet rows, int from, int to, Run run) {
        if (!rows.masked()) {
            run.rows(from, to);
            return;
        }
        int r = from;
        while (r < to) {
            while (r < to && !rows.alive(r)) {
                r++;
            }
            int start = r;
            while (r < to && rows.alive(r)) {
                r++;
            }
            if (start < r) {
                run.rows(start, r);
            }
        }
    }
}
