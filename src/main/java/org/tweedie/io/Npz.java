package org.tweedie.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Several named NPY arrays in one ZIP file, as numpy.savez and savez_compressed write them. Opening checks the whole
 * directory; each read checks sizes and checksum. For one thread.
 */
public final class Npz implements AutoCloseable {
    private final Source source;
    private final ReadLimits limits;
    private final Map<String, ZipDirectory.Entry> arrays = new LinkedHashMap<>();

    private Npz(Source source, ReadLimits limits) throws IOException {
        this.source = source;
        this.limits = limits;
        for (ZipDirectory.Entry entry : ZipDirectory.read(source, limits)) {
            String name = entry.name().endsWith(".npy")
                    ? entry.name().substring(0, entry.name().length() - 4)
                    : entry.name();
            if (arrays.put(name, entry) != null) {
                throw new MalformedFileException(
                        source.name(), "entry " + entry.name(), "occurs twice, with and without .npy");
            }
        }
    }

    /** Opens a file. */
    public static Npz open(Path file, ReadLimits limits) throws IOException {
        return open(Source.open(file), limits);
    }

    /** Opens an archive that is in memory; the name is used in messages only. */
    public static Npz of(String name, byte[] bytes, ReadLimits limits) {
        try {
            return open(Source.of(name, bytes), limits);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Npz open(Source source, ReadLimits limits) throws IOException {
        try {
            return new Npz(source, limits);
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** The arrays' names, without {@code .npy}, in the order of the file. */
    public List<String> names() {
        return List.copyOf(arrays.keySet());
    }

    /**
     * The name of the only array.
     *
     * @throws IllegalArgumentException if there are several, with their names
     */
    public String only() {
        if (arrays.size() > 1) {
            throw new IllegalArgumentException(source.name() + " holds " + arrays.size() + " arrays; choose one, as "
                    + source.name() + ":" + names().get(0) + " (" + list() + ")");
        }
        return names().get(0);
    }

    /**
     * Reads one array, by its name with or without {@code .npy}.
     *
     * @throws IllegalArgumentException if there is none of that name, with those that are
     * @throws MalformedFileException if it cannot be used
     */
    public Table read(String name) throws IOException {
        ZipDirectory.Entry entry = arrays.get(name);
        if (entry == null && name.endsWith(".npy")) {
            entry = arrays.get(name.substring(0, name.length() - 4));
        }
        if (entry == null) {
            throw new IllegalArgumentException(
                    source.name() + " holds no array " + Shown.quoted(name) + "; it holds " + list());
        }
        try (ZipEntryStream in = new ZipEntryStream(source, entry)) {
            Table table;
            try {
                table = Npy.read(source.name() + ":" + entry.name(), in, entry.size(), limits);
            } catch (MalformedFileException e) {
                in.finish(); // a damaged archive is the better explanation
                throw e;
            }
            in.finish();
            return table;
        }
    }

    private String list() {
        List<String> names = names();
        String shown = String.join(", ", names.subList(0, Math.min(20, names.size())));
        return names.size() > 20 ? shown + ", ..." : shown;
    }

    /** Writes named tables as stored arrays. */
    public static void write(Output output, Map<String, Table> tables) throws IOException {
        try (NpzWriter writer = NpzWriter.open(output)) {
            for (Map.Entry<String, Table> table : tables.entrySet()) {
                writer.array(
                        table.getKey(),
                        table.getValue().rows(),
                        table.getValue().columns());
                writer.write(table.getValue().data(), 0, table.getValue().rows());
            }
            writer.finish();
        }
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
