package org.tweedie.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes a table as CSV: a header line, then the shortest decimals that read back to the same floats, LF after each row.
 * The bytes are the same on every Java version. For one thread.
 */
public final class CsvWriter implements RowWriter {
    private static final int FLUSH = 1 << 16;

    private final AtomicFile file;
    private final RowCount count;
    private final StringBuilder line = new StringBuilder(FLUSH + 1024);

    private CsvWriter(AtomicFile file, RowCount count) {
        this.file = file;
        this.count = count;
    }

    /**
     * Starts a file.
     *
     * @param names the header, one name a column
     */
    public static CsvWriter open(Output output, long rows, List<String> names) throws IOException {
        CsvWriter writer = start(output, rows, names.size());
        for (int i = 0; i < names.size(); i++) {
            writer.line.append(i == 0 ? "" : ",").append(cell(names.get(i)));
        }
        writer.line.append('\n');
        return writer;
    }

    /** Starts a file without header. */
    public static CsvWriter openBare(Output output, long rows, int columns) throws IOException {
        return start(output, rows, columns);
    }

    private static CsvWriter start(Output output, long rows, int columns) throws IOException {
        RowCount count = new RowCount(rows, columns);
        return new CsvWriter(AtomicFile.create(output), count);
    }

    /** A cell in quotes where it needs them. */
    private static String cell(String text) {
        boolean plain = !text.isEmpty()
                && text.strip().equals(text)
                && text.chars().noneMatch(c -> c == ',' || c == '"' || c < ' ' || c == '#');
        return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
    }

    @Override
    public void write(float[] values, int offset, int rows) throws IOException {
        int total = count.add(values, offset, rows);
        int columns = count.columns();
        for (int i = 0; i < total; i++) {
            NumberText.append(line, values[offset + i]);
            line.append((i + 1) % columns == 0 ? '\n' : ',');
            if (line.length() >= FLUSH) {
                flush();
            }
        }
    }

    private void flush() throws IOException {
        file.write(line.toString().getBytes(StandardCharsets.UTF_8));
        line.setLength(0);
    }

    @Override
    public void finish() throws IOException {
        count.complete();
        flush();
        file.publish();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
