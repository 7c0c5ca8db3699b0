package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.host.Simd.Block;

/** Twins of kernels/score/add.cu. Stateless. */
public final class AddTwins {
    private AddTwins() {}

    public static void rows(Arguments arguments, Team team) {
        Block a = new Block(arguments.floats(0), arguments.offset(0), arguments.int32(5));
        Block b = new Block(arguments.floats(1), arguments.offset(1), arguments.int32(6));
        Block out = new Block(arguments.floats(2), arguments.offset(2), arguments.int32(7));
        RowSet rows = Live.rows(arguments, 3);
        int width = arguments.int32(4);
        Live.each(rows, team, Math.max(1, 16_384 / Math.max(1, width)), (from, to) -> {
            for (int r = from; r < to; r++) {
                row(a.data(), a.row(r), b.data(), b.row(r), out.data(), out.row(r), width);
            }
        });
    }

    private static void row(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int width) {
        for (int d = 0; d < width; d++) {
            out[outAt + d] = a[aAt + d] + b[bAt + d];
        }
    }

    public static void numbers(Arguments arguments, Team team) {
        float[] out = arguments.floats(0);
        for (int k = 0; k < arguments.int32(1); k++) {
            out[arguments.offset(0) + k * arguments.int32(2)] = arguments.float32(3 + k);
        }
    }
}
