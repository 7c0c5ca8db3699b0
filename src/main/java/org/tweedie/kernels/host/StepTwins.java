package org.tweedie.kernels.host;

import java.util.Arrays;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.RowSet;
import org.tweedie.rng.Philox;

/** Twin of kernels/execution/step.cu: tiles of rows through scratch, so that all registers are read before any is written. Stateless. */
public final class StepTwins {
    /** Coordinates of a register in a tile: a few registers and draws of a tile stay in the nearest cache. */
    private static final int TILE = 1024;

    private StepTwins() {}

    public static void cell(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        Cell cell = new Cell(
                a.floats(1),
                a.offset(1),
                a.int64(2),
                a.int32(3),
                a.ints(4),
                a.offset(4) + a.int32(6) * CellLayout.HEADER,
                a.floats(5),
                a.offset(5) + a.int32(6) * CellLayout.WEIGHTS);
        if (cell.dim == 0) {
            return;
        }
        int tile = Math.max(1, TILE / cell.dim);
        Live.each(rows, team, FillTwins.grain(cell.dim), (from, to) -> {
            for (int r = from; r < to; r += tile) {
                cell.run(rows, r, Math.min(to, r + tile));
            }
        });
    }

    private record Cell(
            float[] state, int at, long slotStride, int dim, int[] cells, int header, float[] weights, int table) {
        void run(RowSet rows, int from, int to) {
            int ins = cells[header + CellLayout.INS];
            int outs = cells[header + CellLayout.OUTS];
            int draws = cells[header + CellLayout.DRAWS];
            int count = (to - from) * dim;
            Simd simd = Simd.best();
            Draws mine = Draws.mine();
            float[] scratch = mine.scratch((draws + outs) * count);
            for (int k = 0; k < draws; k++) {
                int what = Philox.purposeWord(
                        cells[header + CellLayout.PURPOSES + k],
                        cells[header + CellLayout.ORDINALS + k] + rows.iteration());
                mine.fill(cells[header + CellLayout.LAWS + k], rows, from, to, what, dim, scratch, k * count, dim);
            }
            for (int o = 0; o < outs; o++) {
                int sum = (draws + o) * count;
                boolean any = false;
                for (int i = 0; i < ins; i++) {
                    float w = weights[table + o * CellLayout.COLUMNS + i];
                    if (w != 0) {
                        simd.term(
                                !any,
                                w,
                                state,
                                place(cells[header + CellLayout.IN_SLOTS + i], from),
                                scratch,
                                sum,
                                count);
                        any = true;
                    }
                }
                for (int k = 0; k < draws; k++) {
                    float w = weights[table + o * CellLayout.COLUMNS + CellLayout.MOST_INS + k];
                    if (w != 0) {
                        simd.term(!any, w, scratch, k * count, scratch, sum, count);
                        any = true;
                    }
                }
                if (!any) {
                    Arrays.fill(scratch, sum, sum + count, 0f);
                }
            }
            for (int o = 0; o < outs; o++) {
                System.arraycopy(
                        scratch,
                        (draws + o) * count,
                        state,
                        place(cells[header + CellLayout.OUT_SLOTS + o], from),
                        count);
            }
        }

        private int place(int slot, int row) {
            return Math.toIntExact(at + slot * slotStride + (long) row * dim);
        }
    }
}
