package org.tweedie.kernels.host;

import static org.tweedie.kernels.SdeOperations.CLEAR;
import static org.tweedie.kernels.SdeOperations.DRAWN;
import static org.tweedie.kernels.SdeOperations.EVALUATE;
import static org.tweedie.kernels.SdeOperations.MIX;
import static org.tweedie.kernels.SdeOperations.OPERATION;
import static org.tweedie.kernels.SdeOperations.RUN;
import static org.tweedie.kernels.SdeOperations.STEP;
import static org.tweedie.kernels.SdeOperations.STORE;

import java.util.Arrays;
import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.Arguments.ArrayBacked;
import org.tweedie.device.Team;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.SdeOperations;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;

/** Twin of kernels/execution/trajectory_sde.cuh: the oracle of its tests; on the host, samplers keep tiles of rows in cache instead. Stateless. */
public final class TrajectorySdeTwins {
    private TrajectorySdeTwins() {}

    public static void run(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        Live.each(rows, team, 64, (from, to) -> {
            Row row = new Row(a, rows);
            for (int r = from; r < to; r++) {
                row.run(r);
            }
        });
    }

    /** The registers of a row at a time. */
    private static final class Row {
        private final RowSet rows;
        private final List<?> views;
        private final int[] operations;
        private final int operationsAt;
        private final float[] weights;
        private final int weightsAt;
        private final float[] terms;
        private final int termsAt;
        private final int dim;
        private final int first;
        private final int last;
        private final float[] slots;
        private final float[] sums;
        private final float[] noise;

        Row(Arguments a, RowSet rows) {
            this.rows = rows;
            views = a.struct(1, List.class);
            operations = a.ints(2);
            operationsAt = a.offset(2);
            weights = a.floats(3);
            weightsAt = a.offset(3);
            terms = a.floats(4);
            termsAt = a.offset(4);
            dim = a.int32(5);
            first = a.int32(6);
            last = a.int32(7);
            slots = new float[SdeOperations.MOST_SLOTS * dim];
            sums = new float[slots.length];
            noise = new float[CellLayout.MOST_DRAWS * dim];
        }

        void run(int r) {
            Arrays.fill(slots, 0);
            for (int i = first; i < last; i++) {
                int at = operationsAt + i * OPERATION;
                int a = operations[at + 1];
                int b = operations[at + 2];
                int c = operations[at + 3];
                switch (operations[at]) {
                    case MIX -> mix(r, at, weightsAt + 4 * a, b, c);
                    case RUN -> steps(r, weightsAt + 4 * a, c);
                    case CLEAR -> clear(b);
                    case EVALUATE ->
                        new CarriedMixture(
                                        dim,
                                        c,
                                        Float.intBitsToFloat(operations[at + 5]),
                                        terms,
                                        termsAt + operations[at + 4] * CarriedMixture.TERM)
                                .score(slots, a * dim, slots, b * dim);
                    default -> move(r, a, (View) views.get(c), operations[at] == STORE);
                }
            }
        }

        private void move(int r, int slot, View view, boolean store) {
            float[] there = (float[]) ((ArrayBacked) view.data()).array();
            int at = Math.toIntExact(view.offset() + (long) r * view.stride());
            if (store) {
                System.arraycopy(slots, slot * dim, there, at, dim);
            } else {
                System.arraycopy(there, at, slots, slot * dim, dim);
            }
        }

        private void clear(int written) {
            for (int o = 0; o < SdeOperations.MOST_SLOTS; o++) {
                if ((written >> o & 1) != 0) {
                    Arrays.fill(slots, o * dim, (o + 1) * dim, 0);
                }
            }
        }

        private void steps(int r, int at, int count) {
            for (int k = 0; k < count; k++) {
                int step = at + k * STEP;
                draw(Draws.NORMAL, r, Float.floatToRawIntBits(weights[step]), 0);
                for (int d = 0; d < dim; d++) {
                    slots[d] = Math.fma(weights[step + 2], noise[d], weights[step + 1] * slots[d]);
                }
            }
        }

        private void draw(int law, int r, int word, int k) {
            int what = Philox.purposeWord(word >>> 24, (word & 0xffffff) + rows.iteration());
            int drawn = law == SdeOperations.FAST_NORMAL ? Draws.NORMAL : law;
            Draws.mine().fill(drawn, rows, r, r + 1, what, dim, noise, k * dim, dim);
        }

        private void mix(int r, int at, int table, int outs, int draws) {
            for (int k = 0; k < draws; k++) {
                draw(operations[at + DRAWN + 2 * k], r, operations[at + DRAWN + 2 * k + 1], k);
            }
            for (int o = 0; o < SdeOperations.MOST_SLOTS; o++) {
                if ((outs >> o & 1) != 0) {
                    for (int d = 0; d < dim; d++) {
                        sums[o * dim + d] = sum(table + o * CellLayout.COLUMNS, d);
                    }
                }
            }
            for (int o = 0; o < SdeOperations.MOST_SLOTS; o++) {
                if ((outs >> o & 1) != 0) {
                    System.arraycopy(sums, o * dim, slots, o * dim, dim);
                }
            }
        }

        private float sum(int row, int d) {
            float sum = 0;
            boolean any = false;
            for (int c = 0; c < CellLayout.COLUMNS; c++) {
                float w = weights[row + c];
                if (w != 0) {
                    float v = c < CellLayout.MOST_INS ? slots[c * dim + d] : noise[(c - CellLayout.MOST_INS) * dim + d];
                    sum = any ? Math.fma(w, v, sum) : w * v;
                    any = true;
                }
            }
            return sum;
        }
    }
}
