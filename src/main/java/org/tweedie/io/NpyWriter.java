package org.tweedie.io;

import java.io.IOException;

/** Writes an NPY file of little-endian 32-bit floats, shape (rows, columns), byte for byte as numpy.save does. For one thread. */
public final class NpyWriter implements RowWriter {
    private final AtomicFile file;
    private final RowCount count;

    private NpyWriter(AtomicFile file, RowCount count) {
        this.file = file;
        this.count = count;
    }

    /** Starts a file of a known number of rows. */
    public static NpyWriter open(Output output, long rows, int columns) throws IOException {
        RowCount count = new RowCount(rows, columns);
        AtomicFile file = AtomicFile.create(output);
        try {
            file.write(NpyFormat.header(rows, columns));
            return new NpyWriter(file, count);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public void write(float[] values, int offset, int rows) throws IOException {
        put(file, values, offset, count.add(values, offset, rows));
    }

    static void put(AtomicFile file, float[] values, int offset, int count) throws IOException {
        for (int done = 0; done < count; done += Floats.CHUNK) {
            file.write(Floats.little(values, offset + done, Math.min(Floats.CHUNK, count - done)));
        }
    }

    @Override
    public void finish() throws IOException {
        count.complete();
        file.publish();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
