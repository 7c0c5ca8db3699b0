package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/activation.cu. Stateless. */
public final class ActivationTwins {
    private static final int GRAIN = 1 << 14;

    private ActivationTwins() {}

    public static void forward(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 2);
        int width = a.int32(3);
        Block x = new Block(a.floats(0), a.offset(0), a.int32(4));
        Block out = new Block(a.floats(1), a.offset(1), a.int32(5));
        int activation = a.int32(6);
        Simd simd = Simd.best();
        boolean dense = x.stride() == width && out.stride() == width;
        Live.each(rows, team, Math.max(1, GRAIN / Math.max(1, width)), (from, to) -> {
            if (dense) {
                simd.activate(activation, x.data(), x.row(from), out.data(), out.row(from), (to - from) * width);
                return;
            }
            for (int r = from; r < to; r++) {
                simd.activate(activation, x.data(), x.row(r), out.data(), out.row(r), width);
            }
        });
    }

    public static void slope(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 3);
        int width = a.int32(4);
        Block pre = new Block(a.floats(0), a.offset(0), a.int32(5));
        Block d = new Block(a.floats(1), a.offset(1), a.int32(6));
        Block out = new Block(a.floats(2), a.offset(2), a.int32(7));
        int activation = a.int32(8);
        Simd simd = Simd.best();
        boolean dense = pre.stride() == width && d.stride() == width && out.stride() == width;
        Live.each(rows, team, Math.max(1, GRAIN / Math.max(1, width)), (from, to) -> {
            if (dense) {
                simd.slope(
                        activation,
                        pre.data(),
                        pre.row(from),
                        d.data(),
                        d.row(from),
                        out.data(),
                        out.row(from),
                        (to - from) * width);
                return;
            }
            for (int r = from; r < to; r++) {
                simd.slope(activation, pre.data(), pre.row(r), d.data(), d.row(r), out.data(), out.row(r), width);
            }
        });
    }
}
