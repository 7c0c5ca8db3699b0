package org.tweedie.io;

import java.io.IOException;
import java.nio.file.Path;

/** Rows of an NPY file, any range of them at a time, in bounded memory. For one thread. */
public final class NpyRows implements AutoCloseable {
    private final Source source;
    private final NpyHeader header;

    private NpyRows(Source source, NpyHeader header) {
        this.source = source;
        this.header = header;
    }

    static NpyRows open(Path file, ReadLimits limits) throws IOException {
        Source source = Source.open(file);
        try {
            return new NpyRows(
                    source, NpyFormat.read(source.name(), source.stream(0, source.length()), source.length(), limits));
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** The checked header: rows, columns, dtype. */
    public NpyHeader header() {
        return header;
    }

    /**
     * Reads rows.
     *
     * @param first the first row, from 0
     * @param count number of rows
     * @param into where they go, row-major from {@code offset}
     * @throws MalformedFileException for NaN or infinity, with row and column
     */
    public void read(long first, int count, float[] into, int offset) throws IOException {
        int columns = header.columns();
        if (first < 0 || count < 0 || first > header.rows() - count) {
            throw new IllegalArgumentException("rows " + first + " to " + (first + count) + " are not within the "
                    + header.rows() + " of " + source.name());
        }
        if (offset < 0 || offset + (long) count * columns > into.length) {
            throw new IllegalArgumentException(
                    count + " rows of " + columns + " do not fit " + into.length + " values from " + offset);
        }
        if (header.rowMajor()) {
            range(first * columns, (long) count * columns, into, offset, 1);
        } else {
            for (int column = 0; column < columns; column++) {
                range(column * header.rows() + first, count, into, offset + column, columns);
            }
        }
    }

    private void range(long element, long count, float[] into, int offset, int stride) throws IOException {
        int bytes = header.type().bytes();
        new Npy.Elements(source.name(), header, source.stream(header.offset() + element * bytes, count * bytes), count)
                .next(element, count, into, offset, stride);
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
