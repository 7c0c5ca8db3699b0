package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.tweedie.data.BuiltInSet;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Table;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Option;

/** {@code --data}, {@code --columns}, {@code --given}. */
final class DataOptions {
    private static final Pattern WORD = Pattern.compile("([A-Za-z][A-Za-z0-9_-]*)(:.*)?");
    private static final Pattern SIZE = Pattern.compile(":([0-9]{1,18})(?::(-?[0-9]{1,18}))?");
    private static final int MOST_ROWS = 100_000_000;
    private static final List<String> EXTENSIONS = List.of(".csv", ".txt", ".npy", ".npz");

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description =
                    "rows to learn from or judge by: .csv, .txt, .npy, .npz or file.npz:name; or a built-in set as moons:20000,"
                            + " with a seed as moons:20000:7")
    String data;

    @Option(
            names = "--columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns to use, by name or number from 1; default all")
    List<String> columns = List.of();

    @Option(
            names = "--given",
            split = ",",
            paramLabel = "NAME",
            description =
                    "the columns, by name or number, that are conditions (the network's input 'y') and not modelled; default none")
    List<String> given = List.of();

    /** The option that says the rows, and a word that it knows beside built-in sets. */
    private String option = "--data";

    private List<String> words = List.of();

    /** The rows that {@code --data} says where it is no mixin. */
    static Dataset read(String name, List<String> columns) throws IOException {
        return read("--data", name, columns, List.of(), List.of());
    }

    /**
     * The rows that an option of another name says, with conditions.
     *
     * @param words that the option knows beside built-in sets, for messages
     */
    static Dataset read(String option, String name, List<String> columns, List<String> given, List<String> words)
            throws IOException {
        DataOptions options = new DataOptions();
        options.option = option;
        options.words = words;
        options.data = name;
        options.columns = columns;
        options.given = given;
        return options.read();
    }

    Dataset read() throws IOException {
        Table table = table();
        List<String> names =
                IntStream.range(0, table.columns()).mapToObj(table::name).toList();
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (!seen.add(name)) {
                throw new MalformedFileException(
                        data,
                        "header",
                        "column '" + name + "' occurs twice; rename one, or choose columns with --columns");
            }
        }
        Dataset all = Dataset.of(table);
        if (given.isEmpty()) {
            return all;
        }
        return all.given(
                "y",
                given.stream()
                        .map(wanted -> column("--given", wanted.strip(), names))
                        .distinct()
                        .toArray(String[]::new));
    }

    /** The column of a name, or of a number from 1. */
    static String column(String option, String wanted, List<String> names) {
        if (names.contains(wanted)) {
            return wanted;
        }
        if (wanted.matches("[0-9]{1,6}") && Integer.parseInt(wanted) >= 1 && Integer.parseInt(wanted) <= names.size()) {
            return names.get(Integer.parseInt(wanted) - 1);
        }
        throw new IllegalArgumentException(
                option + ": there is no column '" + wanted + "'; there are " + String.join(", ", names));
    }

    /** The table; of two files in one command a message says which. */
    private Table table() throws IOException {
        try {
            return chosen();
        } catch (IllegalArgumentException e) {
            String said = String.valueOf(e.getMessage());
            throw option.equals("--data") || said.startsWith(option) || said.startsWith(data)
                    ? e
                    : new IllegalArgumentException(option + " " + data + ": " + said, e);
        }
    }

    private Table chosen() throws IOException {
        Matcher word = WORD.matcher(data);
        if (!exists(data) && word.matches() && !data.contains(".")) {
            return builtIn(word.group(1), word.group(2) == null ? "" : word.group(2))
                    .select(columns);
        }
        return file(data, columns);
    }

    /** {@code moons:20000} or {@code moons:20000:7}. */
    private Table builtIn(String name, String size) {
        BuiltInSet set = set(name, words, " (and a file ends in " + String.join(", ", EXTENSIONS) + ")");
        Matcher numbers = SIZE.matcher(size);
        if (!numbers.matches()
                || Long.parseLong(numbers.group(1)) < 1
                || Long.parseLong(numbers.group(1)) > MOST_ROWS) {
            throw new IllegalArgumentException(
                    option + " " + data + ": a built-in set is written NAME:ROWS or NAME:ROWS:SEED with 1 to "
                            + MOST_ROWS + " rows, as " + set.spec() + ":20000");
        }
        long seed = numbers.group(2) == null ? 0 : Long.parseLong(numbers.group(2));
        return Table.of(set.rows(seed, 0, Integer.parseInt(numbers.group(1))), set.width())
                .named(List.of("x", "y"));
    }

    /** The built-in set of that name, or the nearest names of those and other words. */
    static BuiltInSet set(String name, List<String> words, String more) {
        List<String> known =
                Arrays.stream(BuiltInSet.values()).map(BuiltInSet::spec).toList();
        if (!known.contains(name)) {
            List<String> all = new ArrayList<>(words);
            all.addAll(known);
            throw Spelling.unknown("built-in set", name, all, more);
        }
        return BuiltInSet.of(name);
    }

    /** A table from a file whose extension says the format. */
    static Table file(String name, List<String> columns) throws IOException {
        if (exists(name) && Files.isDirectory(Path.of(name))) {
            throw new MalformedFileException(name, "file", "is a directory");
        }
        String lower = name.toLowerCase(Locale.ROOT);
        int slash = Math.max(lower.lastIndexOf('/'), lower.lastIndexOf('\\'));
        String extension = lower.substring(Math.max(slash + 1, lower.lastIndexOf('.')));
        if (!lower.contains(".npz:") && !EXTENSIONS.contains(extension)) {
            throw new IllegalArgumentException(name + ": "
                    + Spelling.unknown("extension", extension, EXTENSIONS, " and file.npz:name")
                            .getMessage());
        }
        return Table.read(name, columns, ReadLimits.defaults());
    }

    /** The file a name means, without what follows {@code .npz:}. */
    static Path path(String name) {
        int array = name.toLowerCase(Locale.ROOT).lastIndexOf(".npz:");
        return Path.of(array < 0 ? name : name.substring(0, array + 4));
    }

    private static boolean exists(String name) {
        try {
            return Files.exists(Path.of(name));
        } catch (InvalidPathException e) {
            return false; // moons:20000 is no path where paths have no colons
        }
    }
}
