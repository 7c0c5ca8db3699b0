package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/time_features.cu. Stateless. */
public final class TimeTwins {
    private TimeTwins() {}

    public static void forward(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 3);
        int n = a.int32(4);
        Block t = new Block(a.floats(0), a.offset(0), a.int32(5));
        float[] frequencies = a.floats(1);
        int at = a.offset(1);
        Block out = new Block(a.floats(2), a.offset(2), a.int32(6));
        Live.each(rows, team, Math.max(1, 4096 / Math.max(1, n)), (from, to) -> {
            for (int r = from; r < to; r += TimeRun.ROWS) {
                int some = Math.min(TimeRun.ROWS, to - r);
                TimeRun run = TimeRun.start(some, frequencies, at, n);
                for (int i = 0; i < some; i++) {
                    run.add(t.data()[t.row(r + i)]);
                }
                run.finish();
                for (int i = 0; i < some; i++) {
                    run.copy(i, out.data(), out.row(r + i));
                }
            }
        });
    }
}
