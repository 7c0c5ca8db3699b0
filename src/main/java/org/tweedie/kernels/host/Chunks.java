package org.tweedie.kernels.host;

import org.tweedie.kernels.RowSet;

/**
 * The living rows of a wave, one after the other, cut where chunks begin: pieces, each a chunk or a part of one. Immutable.
 *
 * @param living the number of each in the launch
 * @param first where each piece begins among them, and where the last one ends
 * @param opens whether the first piece begins its chunk; the others do
 * @param closes whether the last piece ends its chunk; the others do
 */
record Chunks(int[] living, int[] first, boolean opens, boolean closes) {
    /** Rows {@code from} to {@code to} of those of a launch; at least one piece, which may be empty. */
    static Chunks of(RowSet rows, int from, int to, int chunk) {
        int[] living = new int[to - from];
        int before = from / chunk;
        int[] first = new int[Math.max(1, (to + chunk - 1) / chunk - before) + 1];
        int some = 0;
        for (int r = from; r < to; r++) {
            if (r % chunk == 0) {
                first[r / chunk - before] = some;
            }
            if (rows.alive(r)) {
                living[some++] = r;
            }
        }
        first[first.length - 1] = some;
        return new Chunks(living, first, from % chunk == 0, to % chunk == 0 || to == rows.count());
    }

    int count() {
        return first.length - 1;
    }

    int rows() {
        return first[count()];
    }

    /** Where piece {@code c} begins. */
    int first(int c) {
        return first[c];
    }

    /** Whether piece {@code c} begins its chunk. */
    boolean opens(int c) {
        return c > 0 || opens;
    }

    /** Whether piece {@code c} ends its chunk. */
    boolean closes(int c) {
        return c < count() - 1 || closes;
    }
}
