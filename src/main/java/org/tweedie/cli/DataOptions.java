package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.tweedie.data.BuiltInSet;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Table;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Option;

/** {@code --data}, {@code --columns}, {@code --given}. */
final class DataOptions {
    @Option(names = "--data", required = true, paramLabel = "FILE",
            description = "rows to learn from or judge by: .csv, .txt, .npy, .npz or file.npz:name; or a built-in set as moons:20000")
    String data;

    @Option(names = "--columns", split = ",", paramLabel = "NAME", description = "the columns to use, by name or number from 1; default all")
    List<String> columns = List.of();

    @Option(names = "--given", split = ",", paramLabel = "NAME", description = "columns that are conditions (input 'y' of the network), not modelled")
    List<String> given = List.of();

    Dataset read() throws IOException {
        Dataset all = Dataset.of(table());
        return given.isEmpty() ? all : all.given("y", given.toArray(String[]::new));
    }

    private Table table() throws IOException {
        int colon = data.indexOf(':');
        if (colon > 0 && !Files.exists(Path.of(data)) && data.substring(colon + 1).matches("[0-9]{1,9}") && !data.contains(".npz")) {
            BuiltInSet set = BuiltInSet.of(data.substring(0, colon));
            int rows = Integer.parseInt(data.substring(colon + 1));
            return Table.of(set.rows(1, 0, rows), set.width()).named(List.of("x", "y")).select(columns);
        }
        return Table.read(data, columns, ReadLimits.defaults());
    }
}
