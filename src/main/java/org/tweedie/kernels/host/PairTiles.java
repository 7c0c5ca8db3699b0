package org.tweedie.kernels.host;

import java.util.function.Supplier;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;

/**
 * All pairs of two samples by tiles, the twin of kernels/metric/pairs.cuh: squares of a row's distances to 64 columns at a time, each
 * square by fused multiply-adds in the order of the coordinates.
 *
 * @param y the columns, at most {@code columns} rows
 * @param same whether the pair of a row with itself is left out
 */
record PairTiles(RowSet rows, Simd.Block x, Simd.Block y, int columns, int dim, int chunk, boolean same) {
    /** Rows of a tile here; in shared memory they are 64, which no result depends on. */
    static final int ROWS = 32;

    static final int LANES = 16;
    private static final int COLUMNS = 64;

    /** By the first nine parameters of an entry of {@code Pairs}. */
    static PairTiles of(Arguments a) {
        return new PairTiles(
                Live.rows(a, 0),
                new Simd.Block(a.floats(1), a.offset(1), a.int32(2)),
                new Simd.Block(a.floats(3), a.offset(3), a.int32(4)),
                (int) a.int64(5),
                a.int32(6),
                (int) a.int64(7),
                a.int32(8) != 0);
    }

    /** What is made of a tile's rows, each in a slot. For one thread. */
    interface Fold {
        void start(int slot, int row);

        /**
         * Columns {@code first + offset} and on of the chunk that begins at {@code first}.
         *
         * @param self the one that is left out, if it is among them
         * @param square of {@code count} columns; may be overwritten, up to 64
         */
        void take(int slot, int first, int offset, int count, int self, float[] square);

        void leave(int slot, int first, int part);
    }

    void each(Team team, Supplier<Fold> folds) {
        int count = (int) rows.count();
        int tiles = (count + ROWS - 1) / ROWS;
        team.forRange(tiles, Math.max(1, 16_384 / Math.max(1, (long) ROWS * columns * dim)), (from, to) -> {
            Fold fold = folds.get();
            float[] turned = new float[COLUMNS * dim];
            float[] square = new float[COLUMNS];
            for (int tile = (int) from; tile < to; tile++) {
                int end = Math.min(count, (tile + 1) * ROWS);
                for (int first = 0; first < columns; first += chunk) {
                    chunk(tile * ROWS, end, first, fold, turned, square);
                }
            }
        });
    }

    private void chunk(int begin, int end, int first, Fold fold, float[] turned, float[] square) {
        Simd simd = Simd.best();
        int length = Math.min(chunk, columns - first);
        for (int r = begin; r < end; r++) {
            fold.start(r - begin, r);
        }
        for (int offset = 0; offset < length; offset += COLUMNS) {
            int count = Math.min(COLUMNS, length - offset);
            for (int j = 0; j < count; j++) {
                for (int d = 0; d < dim; d++) {
                    turned[d * COLUMNS + j] = y.data()[y.row(first + offset + j) + d];
                }
            }
            for (int r = begin; r < end; r++) {
                simd.squares(x.data(), x.row(r), dim, turned, COLUMNS, square);
                fold.take(r - begin, first, offset, count, same ? r - first - offset : -1, square);
            }
        }
        for (int r = begin; r < end; r++) {
            fold.leave(r - begin, first, first / chunk * (int) rows.count() + r);
        }
    }
}
