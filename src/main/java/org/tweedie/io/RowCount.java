package org.tweedie.io;

/** Rows announced and rows written. */
final class RowCount {
    private final long announced;
    private final int columns;
    private long written;

    RowCount(long announced, int columns) {
        if (announced < 0) {
            throw new IllegalArgumentException("rows must not be negative, got " + announced);
        }
        if (columns < 1) {
            throw new IllegalArgumentException("columns must be positive, got " + columns);
        }
        this.announced = announced;
        this.columns = columns;
    }

    long announced() {
        return announced;
    }

    int columns() {
        return columns;
    }

    /** Counts rows in and gives the number of values. */
    int add(float[] values, int offset, int rows) {
        long count = (long) rows * columns;
        if (rows < 0 || offset < 0 || offset + count > values.length) {
            throw new IllegalArgumentException(rows + " rows of " + columns + " from offset " + offset
                    + " are not within " + values.length + " values");
        }
        if (rows > announced - written) {
            throw new IllegalArgumentException((written + rows) + " rows written, " + announced + " announced");
        }
        written += rows;
        return (int) count;
    }

    void complete() {
        if (written != announced) {
            throw new IllegalStateException(
                    written + " rows written, " + announced + " announced; the file is not published");
        }
    }
}
