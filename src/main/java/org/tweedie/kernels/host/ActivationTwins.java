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

    public static void bend(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 6);
        int width = a.int32(7);
        Block[] blocks = new Block[6];
        for (int i = 0; i < 6; i++) {
            blocks[i] = new Block(a.floats(i), a.offset(i), a.int32(8 + i));
        }
        int activation = a.int32(14);
        Live.each(rows, team, Math.max(1, GRAIN / 4 / Math.max(1, width)), (from, to) -> {
            for (int r = from; r < to; r++) {
                for (int c = 0; c < width; c++) {
                    float v = at(blocks[0], r, c);
                    float slope = Curve.slope(activation, v);
                    float bend = Curve.curvature(activation, v) * at(blocks[1], r, c);
                    float along = at(blocks[3], r, c);
                    float back = slope * at(blocks[2], r, c);
                    blocks[4].data()[blocks[4].row(r) + c] = Math.fma(bend, along, back);
                    blocks[5].data()[blocks[5].row(r) + c] = slope * along;
                }
            }
        });
    }

    private static float at(Block block, int row, int column) {
        return block.data()[block.row(row) + column];
    }
}
