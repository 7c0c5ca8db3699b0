package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.Sampler;
import org.tweedie.inverse.LinearOperator;
import org.tweedie.inverse.Observation;
import org.tweedie.inverse.OperatorSpec;
import org.tweedie.inverse.SolverSpec;
import org.tweedie.io.Table;
import picocli.CommandLine.Option;

/** {@code --observe}, {@code --operator}, {@code --noise}, {@code --solver}: what is known of the rows, and how it is used. */
final class ObserveOptions {
    private static final String MATRIX = "matrix:";

    @Option(
            names = "--observe",
            paramLabel = "FILE",
            description =
                    "rows y = A x + noise of what is known, in the data's units; row i belongs to sample i, a single row to all")
    private @Nullable String observe;

    @Option(
            names = "--operator",
            paramLabel = "SPEC",
            description =
                    "A: columns:NAME,NAME (those are known), matrix:FILE, blur:28x28,1.5, downsample:28x28,4, grey:8x8x3, radon:16,12,16, fourier:28x28,3")
    private @Nullable String operator;

    @Option(
            names = "--noise",
            paramLabel = "S",
            description = "standard deviation of the noise of each number of y; default 0, exact")
    private @Nullable Double noise;

    @Option(
            names = "--solver",
            paramLabel = "SPEC",
            description = "pigdm[:DEVIATION], dps[:STEP], annealed, replace[:SHARE], ddrm[:ETA,ETAB]; default "
                    + SolverSpec.USUAL)
    private @Nullable String solver;

    /** Files that are read. */
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        Optional.ofNullable(observe).map(DataOptions::path).ifPresent(files::add);
        matrix().map(DataOptions::path).ifPresent(files::add);
        return files;
    }

    private Optional<String> matrix() {
        return Optional.ofNullable(operator)
                .filter(text -> text.startsWith(MATRIX))
                .map(text -> text.substring(MATRIX.length()));
    }

    /** Refuses texts that are none, before anything is opened. */
    void check() {
        if (observe == null) {
            for (String[] option : new String[][] {{"--operator", operator}, {"--solver", solver}}) {
                if (option[1] != null) {
                    throw new IllegalArgumentException(
                            option[0] + " says how rows are seen; say what is seen by --observe FILE");
                }
            }
            if (noise != null) {
                throw new IllegalArgumentException(
                        "--noise is that of what is seen; say what is seen by --observe FILE");
            }
            return;
        }
        if (operator == null) {
            throw new IllegalArgumentException(
                    "--observe needs --operator SPEC: which columns, or what of them, is seen");
        }
        if (matrix().isEmpty()) {
            OperatorSpec.parse(operator);
        }
        SolverSpec.parse(solver());
    }

    private String solver() {
        return solver == null ? SolverSpec.USUAL : solver;
    }

    /**
     * The sampler, steered.
     *
     * @param rows that must be there: the number of the last sample, plus one
     */
    Sampler steered(Sampler sampler, List<String> columns, long rows) throws IOException {
        if (observe == null || operator == null) {
            return sampler;
        }
        LinearOperator map = matrix().isPresent()
                ? LinearOperator.matrix(matrix(matrix().get()))
                : OperatorSpec.parse(operator).operator(columns);
        if (map.from() != columns.size()) {
            throw new IllegalArgumentException("--operator " + operator + " is of rows of " + map.from()
                    + " numbers, the model's have " + columns.size() + ": " + String.join(", ", columns));
        }
        Observation observation = Observation.of(map, noise == null ? 0 : noise);
        Table seen = DataOptions.file(observe, List.of());
        List<String> known = known(columns);
        if (!known.isEmpty() && seen.names().containsAll(known)) {
            seen = seen.select(known);
        }
        if (seen.columns() != map.into()) {
            throw new IllegalArgumentException("--observe: " + observe + " has " + seen.columns()
                    + " columns, --operator " + operator + " sees " + map.into() + " numbers");
        }
        if (seen.rows() > 1 && seen.rows() < rows) {
            throw new IllegalArgumentException("--observe: " + observe + " has " + seen.rows()
                    + " rows; row i belongs to sample i, so " + rows + " are needed, or one for all");
        }
        return sampler.steer(SolverSpec.parse(solver()).solver(observation))
                .given(Observation.NAME, seen.data(), seen.columns());
    }

    /** The columns that are known, where the operator is columns of the model. */
    private List<String> known(List<String> columns) {
        String text = String.valueOf(operator);
        if (!text.startsWith("columns:")) {
            return List.of();
        }
        List<String> words = List.of(text.substring("columns:".length()).split(",", -1));
        return words.stream()
                .map(String::strip)
                .map(word -> columns.contains(word) ? word : columns.get(Integer.parseInt(word) - 1))
                .toList();
    }

    private static double[][] matrix(String file) throws IOException {
        Table table = DataOptions.file(file, List.of());
        double[][] matrix = new double[Math.toIntExact(table.rows())][table.columns()];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix[i].length; j++) {
                matrix[i][j] = table.at(i, j);
            }
        }
        return matrix;
    }

    /** The options as they are to be written again. */
    String again() {
        StringBuilder again = new StringBuilder();
        for (String[] option : new String[][] {
            {"--observe", observe},
            {"--operator", operator},
            {"--noise", noise == null ? null : noise.toString()},
            {"--solver", solver}
        }) {
            if (option[1] != null) {
                again.append(' ').append(option[0]).append(' ').append(TrainCommand.quoted(option[1]));
            }
        }
        return again.toString();
    }
}
