package org.tweedie.kernels.host;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.host.Simd.Block;

/** Twin of kernels/train/squared_loss.cu. Stateless. */
public final class SquaredLossTwin {
    private SquaredLossTwin() {}

    public static void gradient(Arguments a, Team team) {
        Block out = new Block(a.floats(0), a.offset(0), a.int32(7));
        Block target = new Block(a.floats(1), a.offset(1), a.int32(8));
        Block weight = a.isNull(2) ? null : new Block(a.floats(2), a.offset(2), a.int32(9));
        Block cotangent = new Block(a.floats(3), a.offset(3), a.int32(10));
        float[] loss = a.floats(4);
        int lossAt = a.offset(4);
        RowSet rows = Live.rows(a, 5);
        int width = a.int32(6);
        float scale = a.float32(11);
        Live.each(rows, team, Math.max(1, 8192 / Math.max(1, width)), (from, to) -> {
            for (int r = from; r < to; r++) {
                loss[lossAt + r] = row(out, target, weight, cotangent, r, width, scale);
            }
        });
    }

    private static float row(
            Block out, Block target, @Nullable Block weight, Block cotangent, int r, int width, float scale) {
        float w = weight == null ? 1f : weight.data()[weight.row(r)];
        float factor = (scale + scale) * w;
        int outAt = out.row(r);
        int targetAt = target.row(r);
        int intoAt = cotangent.row(r);
        float sum = 0f;
        for (int d = 0; d < width; d++) {
            float error = out.data()[outAt + d] - target.data()[targetAt + d];
            sum = Math.fma(error, error, sum);
            cotangent.data()[intoAt + d] = factor * error;
        }
        return w * sum;
    }
}
