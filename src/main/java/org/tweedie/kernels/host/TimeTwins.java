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
            for (int r = from; r < to; r++) {
                row(frequencies, at, n, t.data()[t.row(r)], out.data(), out.row(r));
            }
        });
    }

    /** The features of one time. */
    static void row(float[] frequencies, int at, int n, float time, float[] out, int row) {
        for (int k = 0; k < n; k++) {
            float turn = fraction(frequencies[at + k], time);
            out[row + k] = Approx.sinTurns(turn);
            out[row + n + k] = Approx.cosTurns(turn);
        }
    }

    /** f t less its nearest integer, rounded once: fused multiply-add keeps what the rounded product lost. */
    static float fraction(float f, float t) {
        float product = f * t;
        float size = Math.abs(product);
        float whole = size < 8388608f ? (size + 8388608f) - 8388608f : size;
        return Math.fma(f, t, product < 0f ? whole : -whole);
    }
}
