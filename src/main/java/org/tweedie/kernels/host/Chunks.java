package org.tweedie.kernels.host;

import org.tweedie.kernels.RowSet;

/**
 * The living rows of a run of chunks, one after the other. Immutable.
 *
 * @param living the number of each in the launch
 * @param first where each chunk begins among them, and where the last one ends
 */
record Chunks(int[] living, int[] first) {
    /** Rows {@code from} to {@code to}, {@code chunk} in each chunk but the last; at least one chunk, which may be empty. */
    static Chunks of(RowSet rows, int from, int to, int chunk) {
        int[] living = new int[to - from];
        int[] first = new int[Math.max(1, (to - from + chunk - 1) / chunk) + 1];
        int some = 0;
        for (int r = from; r < to; r++) {
            if ((r - from) % chunk == 0) {
                first[(r - from) / chunk] = some;
            }
            if (rows.alive(r)) {
                living[some++] = r;
            }
        }
        first[first.length - 1] = some;
        return new Chunks(living, first);
    }

    int count() {
        return first.length - 1;
    }

    int rows() {
        return first[count()];
    }

    /** Where chunk {@code c} begins. */
    int first(int c) {
        return first[c];
    }
}
