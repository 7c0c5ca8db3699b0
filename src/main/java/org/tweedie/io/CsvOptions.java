package org.tweedie.io;

import java.util.List;

/**
 * How a CSV file is to be read. Immutable.
 *
 * @param header whether the first row holds names
 * @param separator between cells
 * @param columns the columns wanted, by name or number from 1, in the order wanted; empty for all
 */
public record CsvOptions(Header header, char separator, List<String> columns) {
    /** Whether the first row holds names. Immutable. */
    public enum Header {
        /** It does if none of its (chosen) cells is a number. */
        AUTO,
        /** It does. */
        PRESENT,
        /** It does not. */
        ABSENT
    }

    public CsvOptions {
        columns = List.copyOf(columns);
        if (separator == '"' || separator == '#' || separator == '\n' || separator == '\r' || separator == 0) {
            throw new IllegalArgumentException("separator must not be a quote, '#', a line end or NUL");
        }
    }

    /** Commas, a header if there is one, all columns. */
    public static CsvOptions defaults() {
        return new CsvOptions(Header.AUTO, ',', List.of());
    }

    /** The same for other columns. */
    public CsvOptions withColumns(List<String> names) {
        return new CsvOptions(header, separator, names);
    }

    /** The same with another rule for the first row. */
    public CsvOptions withHeader(Header rule) {
        return new CsvOptions(rule, separator, columns);
    }

    /** The same with another separator. */
    public CsvOptions withSeparator(char character) {
        return new CsvOptions(header, character, columns);
    }
}
