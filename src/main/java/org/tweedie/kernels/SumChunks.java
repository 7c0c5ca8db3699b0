package org.tweedie.kernels;

/**
 * Where a sum over the rows of a launch is cut: each chunk is summed row after row, then the chunks one after the other, on every device and by
 * any number of threads. The cut is part of the sum's bits. Stateless.
 */
public final class SumChunks {
    /** Rows of a chunk are a multiple of this. */
    public static final int LEAST = 64;

    /** Chunks of a launch at most. */
    public static final int MOST = 64;

    private SumChunks() {}

    /** Rows in a chunk of {@code rows}: the least multiple of {@value #LEAST} that gives at most {@value #MOST} chunks. */
    public static long each(long rows) {
        long most = (long) LEAST * MOST;
        return LEAST * Math.max(1, (rows + most - 1) / most);
    }

    /** Chunks that up to {@code rows} rows can be cut into, 1 or more. */
    static int most(long rows) {
        return rows > (long) LEAST * MOST ? MOST : (int) Math.max(1, (rows + LEAST - 1) / LEAST);
    }
}
