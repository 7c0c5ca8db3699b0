package org.tweedie.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a table of a known number of rows in bounded memory. The file appears with {@link #finish}; closing before
 * removes what was written. For one thread.
 */
public interface RowWriter extends AutoCloseable {
    /**
     * Appends rows.
     *
     * @param values row-major values
     * @param offset index of the first value
     * @param rows number of rows
     * @throws IllegalArgumentException for more rows than announced
     */
    void write(float[] values, int offset, int rows) throws IOException;

    /**
     * Completes and publishes the file.
     *
     * @throws IllegalStateException if fewer rows were written than announced
     */
    void finish() throws IOException;

    /** Removes the file unless it was finished. */
    @Override
    void close() throws IOException;

    /**
     * A writer by the file's extension: {@code .npy}, {@code .npz} (array "samples"), {@code .csv}, {@code .safetensors}
     * (tensor "samples").
     *
     * @param rows number of rows that will be written
     * @param names one name a column; a header line in CSV, metadata in safetensors
     * @param metadata kept where the format has room for it: safetensors
     * @throws IllegalArgumentException for another extension, or a target that may not be written
     */
    static RowWriter open(Output output, long rows, List<String> names, Map<String, String> metadata)
            throws IOException {
        String file = String.valueOf(output.path().getFileName()).toLowerCase(Locale.ROOT);
        String extension = file.substring(Math.max(0, file.lastIndexOf('.')));
        int columns = names.size();
        return switch (extension) {
            case ".npy" -> NpyWriter.open(output, rows, columns);
            case ".npz" -> NpzWriter.single(output, "samples", rows, columns);
            case ".csv" -> CsvWriter.open(output, rows, names);
            case ".safetensors" -> SafetensorsWriter.rows(output, "samples", rows, names, metadata);
            default ->
                throw new IllegalArgumentException(
                        "cannot write " + Shown.quoted(Path.of(file).toString())
                                + ": its extension is none of .npy, .npz, .csv, .safetensors");
        };
    }
}
