package org.tweedie.io;

import java.util.ArrayList;
import java.util.List;

/**
 * Numbers in rows and columns, the common form of all tabular files.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param data values, row-major, {@code [rows, columns]}; not copied
 * @param rows number of rows
 * @param columns number of columns, at least 1
 * @param names one name a column, or none at all
 */
public record Table(float[] data, int rows, int columns, List<String> names) {
    public Table {
        names = List.copyOf(names);
        if (rows < 0 || columns < 1 || (long) rows * columns != data.length) {
            throw new IllegalArgumentException(
                    "a table of " + rows + " rows and " + columns + " columns does not fit " + data.length + " values");
        }
        if (!names.isEmpty() && names.size() != columns) {
            throw new IllegalArgumentException("got " + names.size() + " names for " + columns + " columns");
        }
    }

    /** A table without column names. */
    public static Table of(float[] data, int columns) {
        return new Table(data, columns < 1 ? 0 : data.length / columns, columns, List.of());
    }

    /** The value at a row and column, both from 0. */
    public float at(int row, int column) {
        if (column < 0 || column >= columns) {
            throw new IllegalArgumentException("column must be within 0 and " + (columns - 1) + ", got " + column);
        }
        return data[row * columns + column];
    }

    /** A copy of one column, from 0. */
    public float[] column(int column) {
        float[] values = new float[rows];
        for (int row = 0; row < rows; row++) {
            values[row] = at(row, column);
        }
        return values;
    }

    /** A column's name, or x1, x2, ... where the table has none; column from 0. */
    public String name(int column) {
        return names.isEmpty() ? "x" + (column + 1) : names.get(column);
    }

    /** The same columns under other names. */
    public Table named(List<String> columnNames) {
        return new Table(data, rows, columns, columnNames);
    }

    /** A copy of the rows {@code first} (inclusive) to {@code end} (exclusive). */
    public Table slice(int first, int end) {
        if (first < 0 || end < first || end > rows) {
            throw new IllegalArgumentException("rows " + first + " to " + end + " are not within 0 and " + rows);
        }
        return new Table(
                java.util.Arrays.copyOfRange(data, first * columns, end * columns), end - first, columns, names);
    }

    /**
     * A copy of some columns in the order given, each by its name or its number from 1; an empty list is all of them.
     *
     * @throws IllegalArgumentException for a column that is not there, with those that are
     */
    public Table select(List<String> choice) {
        if (choice.isEmpty()) {
            return this;
        }
        int[] from = ColumnChoice.resolve(choice, names, columns);
        float[] values = new float[Math.multiplyExact(rows, from.length)];
        List<String> chosen = new ArrayList<>();
        for (int c = 0; c < from.length; c++) {
            for (int row = 0; row < rows; row++) {
                values[row * from.length + c] = data[row * columns + from[c]];
            }
            if (!names.isEmpty()) {
                chosen.add(names.get(from[c]));
            }
        }
        return new Table(values, rows, from.length, chosen);
    }

    /**
     * Reads a table by its file name: {@code .csv}, {@code .txt}, {@code .npy}, {@code .npz} or {@code file.npz:name}.
     *
     * @param columns the columns wanted, by name or number from 1; empty for all
     * @throws IllegalArgumentException for an extension that is none of these, or a column or array that is not there
     * @throws MalformedFileException for a file that cannot be used
     */
    public static Table read(String file, List<String> columns, ReadLimits limits) throws java.io.IOException {
        TableFile from = TableFile.of(file);
        return switch (from.format()) {
            case CSV -> Csv.read(from.path(), CsvOptions.defaults().withColumns(columns), limits);
            case NPY -> Npy.read(from.path(), limits).select(columns);
            case NPZ -> {
                try (Npz npz = Npz.open(from.path(), limits)) {
                    yield npz.read(from.array().orElseGet(npz::only)).select(columns);
                }
            }
        };
    }
}
