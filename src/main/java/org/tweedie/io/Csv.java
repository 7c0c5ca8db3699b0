package org.tweedie.io;

import de.siegmar.fastcsv.reader.CommentStrategy;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * Comma-separated numbers, as tables of floats: UTF-8 with or without a byte-order mark, LF or CRLF, quoted cells,
 * {@code #} comment lines, blank lines, a header row or none. Cells of columns that are not wanted may hold anything.
 * Faults name row (from 1, header not counted), column and line. Stateless.
 */
public final class Csv {
    private static final int LONGEST_CELL = 1 << 20;

    private Csv() {}

    /** Reads a file: commas, a header if there is one, all columns, default limits. */
    public static Table read(Path file) throws IOException {
        return read(file, CsvOptions.defaults(), ReadLimits.defaults());
    }

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException for a wanted column that is not there, with those that are
     * @throws MalformedFileException for a file that cannot be used
     */
    public static Table read(Path file, CsvOptions options, ReadLimits limits) throws IOException {
        try (Source source = Source.open(file)) {
            return read(source, options, limits);
        }
    }

    /** Reads text that is in memory; the name is used in messages only. */
    public static Table read(String name, byte[] bytes, CsvOptions options, ReadLimits limits) {
        try (Source source = Source.of(name, bytes)) {
            return read(source, options, limits);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Table read(Source source, CsvOptions options, ReadLimits limits) throws IOException {
        Utf8Reader text = new Utf8Reader(source.stream(0, source.length()), source.length());
        CsvRows rows = new CsvRows(source.name(), text, options, limits);
        try (CsvReader<Boolean> reader = CsvReader.builder()
                .fieldSeparator(options.separator())
                .quoteCharacter('"')
                .commentStrategy(CommentStrategy.READ)
                .commentCharacter('#')
                .skipEmptyLines(true)
                .allowUnclosedQuote(false)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .maxBufferSize(LONGEST_CELL)
                .build(rows, text)) {
            for (boolean ignored : reader) {
                continue; // the handler keeps the numbers
            }
            return rows.table();
        } catch (CsvParseException e) {
            // The parser wraps what its handler and its reader throw.
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw rows.unreadable(e);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
