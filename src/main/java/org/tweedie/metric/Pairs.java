package org.tweedie.metric;

import java.util.stream.IntStream;

/**
 * Squared Euclidean distances of all pairs of two samples, a tile of rows against a tile of rows, in double. What is done with
 * them is done row by row and in order, so that neither tiles nor threads change a bit. No pair is stored. Stateless.
 */
final class Pairs {
    private static final int ROWS = 32;
    private static final int COLUMNS = 512;

    private Pairs() {}

    /** What is done with a part of the row of x_i. For many threads, but one at a time for each i. */
    @FunctionalInterface
    interface Row {
        /**
         * Takes the squares of |x_i - y_j|, j = from .. from + count - 1; parts come with j rising.
         *
         * @param squares the first {@code count} hold; may be overwritten
         */
        void take(int i, int from, double[] squares, int count);
    }

    /** Hands over all pairs. */
    static void each(Points x, Points y, Row row) {
        int tiles = (x.rows() + ROWS - 1) / ROWS;
        IntStream.range(0, tiles).parallel().forEach(tile -> tile(x, tile * ROWS, y, row));
    }

    private static void tile(Points x, int first, Points y, Row row) {
        int width = x.width();
        int end = Math.min(x.rows(), first + ROWS);
        float[] columns = new float[COLUMNS * width]; // y's tile, transposed, so that the inner loop runs along j
        double[] squares = new double[COLUMNS];
        for (int from = 0; from < y.rows(); from += COLUMNS) {
            int count = Math.min(COLUMNS, y.rows() - from);
            for (int j = 0; j < count; j++) {
                for (int d = 0; d < width; d++) {
                    columns[d * COLUMNS + j] = y.values()[(from + j) * width + d];
                }
            }
            for (int i = first; i < end; i++) {
                java.util.Arrays.fill(squares, 0);
                for (int d = 0; d < width; d++) {
                    add(x.values()[i * width + d], columns, d * COLUMNS, squares, count);
                }
                row.take(i, from, squares, count);
            }
        }
    }

    private static void add(double value, float[] columns, int at, double[] squares, int count) {
        for (int j = 0; j < count; j++) {
            double difference = value - columns[at + j];
            squares[j] += difference * difference;
        }
    }

    /** All of them: [row of x][row of y]. */
    static double[][] squares(Points x, Points y) {
        double[][] all = new double[x.rows()][y.rows()];
        each(x, y, (i, from, squares, count) -> System.arraycopy(squares, 0, all[i], from, count));
        return all;
    }

    /** Squared distance of each row of x to its nearest rows of y, [row][rank], rising; infinite where there are too few. */
    static double[][] nearest(Points x, Points y, int ranks, boolean sameSample) {
        double[][] nearest = new double[x.rows()][ranks];
        for (double[] row : nearest) {
            java.util.Arrays.fill(row, Double.POSITIVE_INFINITY);
        }
        each(x, y, (i, from, squares, count) -> {
            double[] best = nearest[i];
            for (int j = 0; j < count; j++) {
                if (squares[j] < best[ranks - 1] && !(sameSample && from + j == i)) {
                    int rank = ranks - 1;
                    for (; rank > 0 && best[rank - 1] > squares[j]; rank--) {
                        best[rank] = best[rank - 1];
                    }
                    best[rank] = squares[j];
                }
            }
        });
        return nearest;
    }
}
