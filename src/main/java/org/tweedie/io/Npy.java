package org.tweedie.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * NumPy's array files, versions 1 to 3: f4, f8, i4 and i8 in both byte orders and both storage orders, as tables of
 * floats. A vector is one column. NaN, infinity and values beyond a float's range are refused with row and column. Stateless.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>
 */
public final class Npy {
    private Npy() {}

    /** Reads a file within the default limits. */
    public static Table read(Path file) throws IOException {
        return read(file, ReadLimits.defaults());
    }

    /** Reads a file. */
    public static Table read(Path file, ReadLimits limits) throws IOException {
        try (Source source = Source.open(file)) {
            return read(source, limits);
        }
    }

    /** Reads an array that is in memory; the name is used in messages only. */
    public static Table read(String name, byte[] bytes, ReadLimits limits) {
        try (Source source = Source.of(name, bytes)) {
            return read(source, limits);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Table read(Source source, ReadLimits limits) throws IOException {
        return read(source.name(), source.stream(0, source.length()), source.length(), limits);
    }

    /** Reads the header alone; it is checked against the file's length. */
    public static NpyHeader header(Path file, ReadLimits limits) throws IOException {
        try (Source source = Source.open(file)) {
            return NpyFormat.read(source.name(), source.stream(0, source.length()), source.length(), limits);
        }
    }

    /** Opens a file whose rows are to be read a few at a time. */
    public static NpyRows rows(Path file, ReadLimits limits) throws IOException {
        return NpyRows.open(file, limits);
    }

    /** Writes a table as 32-bit floats. */
    public static void write(Output output, Table table) throws IOException {
        try (NpyWriter writer = NpyWriter.open(output, table.rows(), table.columns())) {
            writer.write(table.data(), 0, table.rows());
            writer.finish();
        }
    }

    /** Reads an array of {@code length} bytes from a stream. */
    static Table read(String name, InputStream in, long length, ReadLimits limits) throws IOException {
        NpyHeader header = NpyFormat.read(name, in, length, limits);
        long count = header.rows() * header.columns();
        if (count > Integer.MAX_VALUE - 8) {
            throw new MalformedFileException(
                    name, "header", count + " values, above the 2^31 of one table; read it by rows");
        }
        limits.afford(4 * count, name, "header");
        float[] data = new float[(int) count];
        Elements elements = new Elements(name, header, in, count);
        if (header.rowMajor()) {
            elements.next(0, count, data, 0, 1);
        } else {
            for (int column = 0; column < header.columns(); column++) {
                elements.next(column * header.rows(), header.rows(), data, column, header.columns());
            }
        }
        return new Table(data, (int) header.rows(), header.columns(), java.util.List.of());
    }

    /** Decodes elements in file order. */
    static final class Elements {
        private final String name;
        private final NpyHeader header;
        private final NpyType type;
        private final InputStream in;
        private final byte[] chunk;

        /**
         * @param most elements to come, so that small arrays get small buffers
         */
        Elements(String name, NpyHeader header, InputStream in, long most) {
            this.name = name;
            this.header = header;
            this.type = header.type();
            this.in = in;
            this.chunk = new byte[type.bytes() * (int) Math.min(Floats.CHUNK, most)];
        }

        /** Decodes elements {@code first} to {@code first + count} of the file into a strided array. */
        void next(long first, long count, float[] into, int offset, int stride) throws IOException {
            int most = chunk.length / type.bytes();
            for (long done = 0; done < count; ) {
                int piece = (int) Math.min(most, count - done);
                if (in.readNBytes(chunk, 0, piece * type.bytes()) < piece * type.bytes()) {
                    throw new MalformedFileException(name, "data", "the file ends too early");
                }
                int bad = type.decode(chunk, piece, into, (int) (offset + done * stride), stride);
                if (bad >= 0) {
                    throw new MalformedFileException(name, place(first + done + bad), type.fault(chunk, bad));
                }
                done += piece;
            }
        }

        private String place(long element) {
            boolean rowMajor = header.rowMajor();
            long row = rowMajor ? element / header.columns() : element % header.rows();
            long column = rowMajor ? element % header.columns() : element / header.rows();
            return "row " + (row + 1) + ", column " + (column + 1);
        }
    }
}
