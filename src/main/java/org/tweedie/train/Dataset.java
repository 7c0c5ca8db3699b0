package org.tweedie.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.tweedie.io.Table;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * Rows to learn from: finite numbers in named columns, grouped into the ports of a field. Port {@value #X} is what is
 * modelled; the others are conditions. Immutable; the array is not copied and must not change. Shared by threads.
 */
public final class Dataset {
    /** The port of what is modelled. */
    public static final String X = "x";

    /** The port that says whether a row's conditions are there: what {@link #droppable} adds. */
    public static final String GIVEN = "given";

    private final float[] values;
    private final int rows;
    private final int width;
    private final List<Port> ports;

    /** Columns that go into one port of a field, side by side. Immutable. */
    public record Port(String name, List<String> columns) {
        public Port {
            columns = List.copyOf(columns);
        }

        public int width() {
            return columns.size();
        }

        /** Whether the columns may be these, be it by other names: as many, and none of these in another's place. */
        public boolean matches(List<String> wanted) {
            return width() == wanted.size()
                    && IntStream.range(0, width()).allMatch(i -> {
                        int place = wanted.indexOf(columns.get(i));
                        return place < 0 || place == i;
                    });
        }
    }

    private Dataset(float[] values, int rows, List<Port> ports) {
        this.values = values;
        this.rows = rows;
        this.ports = List.copyOf(ports);
        this.width = ports.stream().mapToInt(Port::width).sum();
    }

    /**
     * Rows of named columns, all of them {@link #X}.
     *
     * @param rows row-major, {@code columns.length} numbers a row; not copied
     * @throws IllegalArgumentException if there is no row, or a number is NaN or infinite; names the first
     */
    public static Dataset of(float[] rows, String... columns) {
        return of(new Table(
                rows, columns.length == 0 ? 0 : rows.length / columns.length, columns.length, List.of(columns)));
    }

    /** A table, all of whose columns are {@link #X}; columns without names are called x1, x2, ... */
    public static Dataset of(Table table) {
        List<String> names =
                IntStream.range(0, table.columns()).mapToObj(table::name).toList();
        if (table.rows() < 1) {
            throw new IllegalArgumentException("there is no row to learn from");
        }
        if (names.stream().distinct().count() != names.size()) {
            throw new IllegalArgumentException("column names must differ, got " + names);
        }
        float[] values = table.data();
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("row " + (i / names.size() + 1) + ", column '"
                        + names.get(i % names.size()) + "' is " + values[i] + "; remove or replace such rows");
            }
        }
        return new Dataset(values, table.rows(), List.of(new Port(X, names)));
    }

    /**
     * The same rows with some columns of {@link #X} as a condition.
     *
     * @param port a new port's name
     * @throws IllegalArgumentException if a column is not in x, or x would have none left
     */
    public Dataset given(String port, String... columns) {
        Port x = ports.get(0);
        List<String> chosen = List.of(columns);
        List<String> left =
                x.columns().stream().filter(name -> !chosen.contains(name)).toList();
        if (chosen.isEmpty() || ports.stream().anyMatch(known -> known.name().equals(port))) {
            throw new IllegalArgumentException(
                    "a condition needs columns and a name of its own, got '" + port + "' of " + chosen);
        }
        if (!x.columns().containsAll(chosen) || left.size() + chosen.size() != x.width()) {
            throw new IllegalArgumentException("columns " + chosen + " are not all in x, which has " + x.columns());
        }
        if (left.isEmpty()) {
            throw new IllegalArgumentException("no column would be left to model; conditions are " + chosen);
        }
        List<Port> now = new ArrayList<>();
        now.add(new Port(X, left));
        now.addAll(ports.subList(1, ports.size()));
        now.add(new Port(port, chosen));
        return arranged(now);
    }

    /**
     * The same rows with the columns of a port in another order.
     *
     * @param columns all of the port's
     * @throws IllegalArgumentException if there is no such port, or these are not its columns
     */
    public Dataset ordered(String port, List<String> columns) {
        List<String> known = port(port).columns();
        if (columns.size() != known.size() || !Set.copyOf(known).equals(new HashSet<>(columns))) {
            throw new IllegalArgumentException("columns " + columns + " are not those of '" + port + "': " + known);
        }
        return known.equals(columns)
                ? this
                : arranged(ports.stream()
                        .map(each -> each.name().equals(port) ? new Port(port, columns) : each)
                        .toList());
    }

    /** The same columns in other places. */
    private Dataset arranged(List<Port> now) {
        List<String> before = columns();
        int[] from = now.stream()
                .flatMap(p -> p.columns().stream())
                .mapToInt(before::indexOf)
                .toArray();
        float[] moved = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < width; c++) {
                moved[r * width + c] = values[r * width + from[c]];
            }
        }
        return new Dataset(moved, rows, now);
    }

    /**
     * The same rows with a condition more, {@link #GIVEN}, 1 in each: training that drops conditions tells the network by it.
     *
     * @throws IllegalArgumentException if there is no condition to drop
     */
    public Dataset droppable() {
        if (ports.size() < 2) {
            throw new IllegalArgumentException(
                    "there is no condition that could be dropped; name one by given(port, columns)");
        }
        if (ports.stream().anyMatch(port -> port.name().equals(GIVEN))) {
            return this;
        }
        List<Port> now = new ArrayList<>(ports);
        now.add(new Port(GIVEN, List.of(GIVEN)));
        float[] wider = new float[Math.multiplyExact(rows, width + 1)];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(values, r * width, wider, r * (width + 1), width);
            wider[r * (width + 1) + width] = 1;
        }
        return new Dataset(wider, rows, now);
    }

    public int rows() {
        return rows;
    }

    /** Numbers in a row, over all ports. */
    public int width() {
        return width;
    }

    /** The ports in the order of their columns; {@link #X} first. */
    public List<Port> ports() {
        return ports;
    }

    public Port port(String name) {
        return ports.stream()
                .filter(port -> port.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the data have no '" + name + "'; they have "
                        + ports.stream().map(Port::name).toList()));
    }

    /** Where the columns of a port start in a row. */
    public int offset(String name) {
        int offset = 0;
        for (Port port : ports) {
            if (port.name().equals(name)) {
                return offset;
            }
            offset += port.width();
        }
        throw new IllegalArgumentException("the data have no '" + name + "'");
    }

    /** Names of all columns, in the order of a row. */
    public List<String> columns() {
        return ports.stream().flatMap(port -> port.columns().stream()).toList();
    }

    /** Row-major, {@link #width()} a row; not to be changed. */
    public float[] values() {
        return values;
    }

    /** The rows of one port, dense. */
    public float[] values(String port) {
        int count = port(port).width();
        int offset = offset(port);
        float[] chosen = new float[rows * count];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(values, r * width + offset, chosen, r * count, count);
        }
        return chosen;
    }

    /** The rows as the process sees them: each port that has an encoding is encoded by it. */
    public Dataset encoded(Map<String, ? extends Encoding> encodings) {
        float[] encoded = values.clone();
        encodings.forEach((name, encoding) -> {
            int count = port(name).width();
            int offset = offset(name);
            if (encoding.width() != count) {
                throw new IllegalArgumentException(
                        "'" + name + "' is " + count + " wide, its encoding " + encoding.width());
            }
            float[] rowsOfPort = values(name);
            encoding.encode(rowsOfPort, rowsOfPort, rows);
            for (int r = 0; r < rows; r++) {
                System.arraycopy(rowsOfPort, r * count, encoded, r * width + offset, count);
            }
        });
        return new Dataset(encoded, rows, ports);
    }

    /** Rows to learn from and rows to judge by. Immutable. */
    public record Split(Dataset learned, Dataset heldOut) {}

    /**
     * Sets a share of the rows aside, by each row's own random number; both keep the rows' order.
     *
     * @param share of rows to hold out, in (0, 1)
     * @throws IllegalArgumentException if one side would be empty
     */
    public Split split(double share, long seed) {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException("the share held out must be in (0, 1), got " + share);
        }
        int[] held = IntStream.range(0, rows)
                .filter(r -> Philox.words(seed, r, Purpose.SPLIT, 0).uniform(0) < share)
                .toArray();
        if (held.length == 0 || held.length == rows) {
            throw new IllegalArgumentException(
                    "holding out " + share + " of " + rows + " rows leaves one side empty; give more rows");
        }
        boolean[] out = new boolean[rows];
        for (int r : held) {
            out[r] = true;
        }
        return new Split(select(IntStream.range(0, rows).filter(r -> !out[r]).toArray()), select(held));
    }

    private Dataset select(int[] chosen) {
        float[] some = new float[chosen.length * width];
        for (int i = 0; i < chosen.length; i++) {
            System.arraycopy(values, chosen[i] * width, some, i * width, width);
        }
        return new Dataset(some, chosen.length, ports);
    }

    /**
     * Rows of whole bins filled evenly: every number of {@code x} is the lower end of a bin and moves a random share of it up (uniform
     * dequantisation; Theis et al., ICLR 2016, arXiv 1511.01844). The mean log-density of such rows, plus the logarithm of the bin for each
     * number, is at most the mean log-probability of the bins.
     *
     * @param bin its width, positive: 1 for whole numbers
     */
    public Dataset dequantised(double bin, long seed) {
        if (!(bin > 0 && Double.isFinite(bin))) {
            throw new IllegalArgumentException("the width of a bin must be positive, got " + bin);
        }
        float[] filled = values.clone();
        int count = port(X).width();
        int offset = offset(X);
        for (int r = 0; r < rows; r++) {
            Words words = Philox.words(seed, r, Purpose.DATA, 0);
            for (int c = 0; c < count; c++) {
                filled[r * width + offset + c] += (float) (bin * words.uniform(c));
            }
        }
        return new Dataset(filled, rows, ports);
    }

    /** The same rows and ports with other numbers, of the same count; not copied. */
    Dataset with(float[] other) {
        return new Dataset(other, rows, ports);
    }

    /** SHA-256 of ports, columns and numbers, in hex: what a checkpoint knows its data by. */
    public String hash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((ports + " " + rows).getBytes(StandardCharsets.UTF_8));
            ByteBuffer bytes = ByteBuffer.allocate(4 * 8192).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < values.length; at += 8192) {
                int count = Math.min(8192, values.length - at);
                bytes.clear();
                bytes.asFloatBuffer().put(values, at, count);
                digest.update(bytes.limit(4 * count));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Dataset data && ports.equals(data.ports) && Arrays.equals(values, data.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return rows + " rows of " + ports;
    }
}
