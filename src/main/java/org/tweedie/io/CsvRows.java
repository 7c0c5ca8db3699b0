package org.tweedie.io;

import de.siegmar.fastcsv.reader.AbstractBaseCsvCallbackHandler;
import de.siegmar.fastcsv.reader.CsvParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Takes cells from the CSV parser as they come, keeps the numbers of the wanted columns and says where a fault is. */
final class CsvRows extends AbstractBaseCsvCallbackHandler<Boolean> {
    private static final int CHUNK = 1 << 16;

    private final String file;
    private final Utf8Reader text;
    private final CsvOptions options;
    private final ReadLimits limits;
    private final NumberText number = new NumberText();

    private final List<String> first = new ArrayList<>();
    private boolean decided;
    private List<String> names = List.of();
    private int width;
    private int[] slots = new int[0]; // of each cell in the file, its place in our row, or -1
    private int columns;

    private float[] row = new float[0];
    private int rows;
    private final List<float[]> full = new ArrayList<>();
    private float[] chunk = new float[0];
    private int used;

    private long line;
    private int cells;
    private boolean comment;

    CsvRows(String file, Utf8Reader text, CsvOptions options, ReadLimits limits) {
        this.file = file;
        this.text = text;
        this.options = options;
        this.limits = limits;
    }

    @Override
    protected void handleBegin(long startingLine) {
        line = startingLine;
        cells = 0;
        comment = false;
    }

    @Override
    protected void handleComment(char[] buffer, int offset, int length) {
        comment = true;
        String fault = text.suspect() ? Utf8Reader.fault(buffer, offset, length) : "";
        if (!fault.isEmpty()) {
            throw new MalformedFileException(file, "comment (line " + line + ")", fault);
        }
    }

    @Override
    protected void handleEmpty() {
        comment = true;
    }

    @Override
    protected void handleField(int index, char[] buffer, int offset, int length, boolean quoted) {
        cells = index + 1;
        if (text.suspect()) {
            String fault = Utf8Reader.fault(buffer, offset, length);
            if (!fault.isEmpty()) {
                throw fault(index, fault);
            }
        }
        if (!decided) {
            if (index >= limits.columns()) {
                throw fault(index, "more than " + limits.columns() + " columns");
            }
            first.add(new String(buffer, offset, length));
            return;
        }
        if (index >= width) {
            throw fault(index, "one cell too many: the rows before have " + width);
        }
        if (slots[index] >= 0) {
            row[slots[index]] = number(index, buffer, offset, length, "");
        }
    }

    private float number(int index, char[] buffer, int offset, int length, String hint) {
        return switch (number.parse(buffer, offset, length)) {
            case NUMBER -> number.value();
            case EMPTY -> throw fault(index, "empty cell" + hint);
            case NAN -> throw fault(index, "NaN; remove or fill such rows first");
            case INFINITE -> throw fault(index, "infinity; remove or fill such rows first");
            case TOO_LARGE ->
                throw fault(
                        index,
                        Shown.quoted(new String(buffer, offset, length).strip())
                                + " is beyond the range of a 32-bit float");
            case TEXT ->
                throw fault(
                        index,
                        Shown.quoted(new String(buffer, offset, Math.min(length, 60)).strip()) + " is not a number"
                                + hint + separators(buffer, offset, length));
        };
    }

    private String separators(char[] buffer, int offset, int length) {
        if (width > 1) {
            return "";
        }
        String cell = new String(buffer, offset, length).strip();
        return cell.matches("(?s).*[0-9][;\\t ]+[-+.0-9].*")
                ? "; columns are separated by '" + options.separator() + "'"
                : "";
    }

    @Override
    protected Boolean buildRecord() {
        if (!comment) {
            if (decided) {
                keep();
            } else {
                decide();
            }
        }
        return Boolean.TRUE;
    }

    private void keep() {
        if (cells < width) {
            throw fault(cells, "missing cell: the row has " + cells + ", the rows before have " + width);
        }
        if (rows == Integer.MAX_VALUE - 8 || (long) (rows + 1) * columns > Integer.MAX_VALUE - 8) {
            throw fault(0, "more than 2^31 numbers; split the file or use NPY");
        }
        for (float value : row) {
            if (used == chunk.length) {
                more();
            }
            chunk[used++] = value;
        }
        rows++;
    }

    /** Room for more numbers: a chunk that doubles up to its full size, then another. */
    private void more() {
        int size = Math.min(CHUNK, Math.max(64, 2 * chunk.length));
        // The chunks and the table made of them live side by side at the end.
        limits.afford(
                2L * Float.BYTES * ((full.size() + (chunk.length == CHUNK ? 1L : 0L)) * CHUNK + size), file, place(0));
        if (chunk.length == CHUNK) {
            full.add(chunk);
            chunk = new float[CHUNK];
            used = 0;
        } else {
            chunk = Arrays.copyOf(chunk, size);
        }
    }

    /** The first row is complete: are these names or numbers, and which columns are wanted? */
    private void decide() {
        decided = true;
        width = first.size();
        boolean header = switch (options.header()) {
            case PRESENT -> true;
            case ABSENT -> false;
            case AUTO -> looksLikeNames();
        };
        if (header) {
            names = first.stream().map(String::strip).toList();
        }
        slots = new int[width];
        if (options.columns().isEmpty()) {
            columns = width;
            Arrays.setAll(slots, i -> i);
        } else {
            int[] wanted = ColumnChoice.resolve(options.columns(), names, width);
            columns = wanted.length;
            Arrays.fill(slots, -1);
            for (int i = 0; i < columns; i++) {
                slots[wanted[i]] = i;
            }
        }
        row = new float[columns];
        if (header) {
            return;
        }
        boolean mixed = options.header() == CsvOptions.Header.AUTO && width > 1;
        String hint = mixed ? " (the first row mixes numbers and text, so it is not taken for a header)" : "";
        for (int i = 0; i < width; i++) {
            if (slots[i] >= 0) {
                char[] cell = first.get(i).toCharArray();
                row[slots[i]] = number(i, cell, 0, cell.length, hint);
            }
        }
        keep();
    }

    private boolean looksLikeNames() {
        boolean[] asked = new boolean[width];
        boolean any = false;
        for (int i = 0; i < width; i++) {
            asked[i] = options.columns().contains(Integer.toString(i + 1))
                    || options.columns().contains(first.get(i).strip());
            any |= asked[i];
        }
        boolean text = false;
        for (int i = 0; i < width; i++) {
            char[] cell = first.get(i).toCharArray();
            NumberText.Kind kind = asked[i] || !any ? number.parse(cell, 0, cell.length) : NumberText.Kind.EMPTY;
            if (kind != NumberText.Kind.TEXT && kind != NumberText.Kind.EMPTY) {
                return false;
            }
            text |= kind == NumberText.Kind.TEXT;
        }
        return text;
    }

    /** All rows, once the parser is through. */
    Table table() {
        if (rows == 0) {
            throw new MalformedFileException(
                    file,
                    "row 1, column 1",
                    !decided ? "no rows: the file is empty" : "no rows: the file has a header only");
        }
        float[] data = new float[rows * columns];
        int at = 0;
        for (int i = 0; i < full.size(); i++) {
            System.arraycopy(full.get(i), 0, data, at, CHUNK);
            at += CHUNK;
        }
        System.arraycopy(chunk, 0, data, at, used);
        List<String> chosen = new ArrayList<>();
        if (!names.isEmpty()) {
            String[] ordered = new String[columns];
            for (int i = 0; i < width; i++) {
                if (slots[i] >= 0) {
                    ordered[slots[i]] = names.get(i);
                }
            }
            chosen.addAll(Arrays.asList(ordered));
        }
        return new Table(data, rows, columns, chosen);
    }

    /** What the parser itself could not read: quotes, and cells or rows that do not end. */
    MalformedFileException unreadable(CsvParseException e) {
        String message = String.valueOf(e.getMessage());
        String fault;
        if (message.startsWith("Unclosed quoted field")) {
            fault = "unclosed quote";
        } else if (message.startsWith("Unexpected character after closing quote")) {
            fault = "text after a closing quote";
        } else if (message.startsWith("The maximum buffer size")) {
            fault = "a cell longer than 1,048,576 characters, or an unclosed quote";
        } else {
            fault = message;
        }
        return new MalformedFileException(file, place(cells), fault, e);
    }

    private MalformedFileException fault(int index, String fault) {
        return new MalformedFileException(file, place(index), fault);
    }

    private String place(int index) {
        String name = index < names.size() && !names.get(index).isEmpty() ? " " + Shown.quoted(names.get(index)) : "";
        return "row " + (rows + 1) + ", column " + (index + 1) + name + " (line " + line + ")";
    }
}
