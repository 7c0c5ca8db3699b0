package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.train.Classes;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** {@code --classify}, {@code --against}, {@code --for}: a classifier beside a score model, and what its classes are. */
final class ClassOptions {
    /** What belongs to a score model alone. */
    private static final List<String> OF_SCORES = List.of(
            "--sde",
            "--predict",
            "--process-after",
            "--objective",
            "--weighting",
            "--given",
            "--drop",
            "--condition-noise");

    @Option(
            names = "--classify",
            paramLabel = "COLUMN",
            description =
                    "train a classifier of noisy rows instead, for 'sample --guidance classifier:...': the column, by name or number, whose numbers are the classes")
    private @Nullable String column;

    @Option(
            names = "--against",
            split = ",",
            paramLabel = "FILE",
            description =
                    "the same with the classes in files: --data holds the rows of one, each of these those of another; they are called as their files")
    private List<String> against = List.of();

    @Option(
            names = "--for",
            paramLabel = "MODEL",
            description = "the score model that the classifier is to guide; it has its process and its units")
    private @Nullable Path model;

    /** Whether a classifier is asked for. */
    boolean asked() {
        return column != null || !against.isEmpty() || model != null;
    }

    /** Refuses options that do not go together. */
    void check(ParseResult line) {
        if (!asked()) {
            return;
        }
        if (model == null) {
            throw new IllegalArgumentException((column != null ? "--classify" : "--against")
                    + " needs --for MODEL, the score model whose process and units the classifier has");
        }
        if (column == null == against.isEmpty()) {
            throw new IllegalArgumentException(
                    "--for needs --classify COLUMN or --against FILE,..., one of them: what the classes are");
        }
        for (String option : OF_SCORES) {
            if (line.hasMatchedOption(option)) {
                throw new IllegalArgumentException(
                        option
                                + " is of score models; a classifier learns by cross-entropy on the process of --for; leave it out");
            }
        }
    }

    /** The score model's file. */
    Path model() {
        if (model == null) {
            throw new IllegalStateException("checked before");
        }
        return model;
    }

    /** Files that are read, but for --data. */
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        against.forEach(file -> files.add(DataOptions.path(file)));
        if (model != null) {
            files.add(model);
        }
        return files;
    }

    /** The rows with their classes. */
    Classes read(DataOptions data) throws IOException {
        Dataset rows = data.read();
        if (column != null) {
            return Classes.of(rows, DataOptions.column("--classify", column.strip(), rows.columns()));
        }
        Map<String, Dataset> each = new LinkedHashMap<>();
        each.put(name(data.data), rows);
        for (String file : against) {
            DataOptions other = new DataOptions();
            other.data = file;
            other.columns = data.columns;
            if (each.put(name(file), other.read()) != null) {
                throw new IllegalArgumentException(
                        "--against: two classes would be called '" + name(file) + "', as their files; rename one");
            }
        }
        return Classes.of(each);
    }

    /** {@code storm} of data/storm.csv, all.npz:storm and storm:2000. */
    private static String name(String file) {
        int array = file.toLowerCase(Locale.ROOT).lastIndexOf(".npz:");
        if (array >= 0) {
            return file.substring(array + ".npz:".length());
        }
        String last = file.substring(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
        int dot = last.lastIndexOf('.');
        return dot > 0 ? last.substring(0, dot) : last.replaceFirst(":.*", "");
    }
}
