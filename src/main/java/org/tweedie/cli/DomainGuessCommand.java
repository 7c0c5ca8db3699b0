package org.tweedie.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.DomainPart;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie domain guess}. */
@Command(
        name = "guess",
        mixinStandardHelpOptions = true,
        description = {
            "Proposes the domain of a table for domain fit --domain, column by column.",
            "Zeros and ones that sum to 1 are onehot; at most 32 values, each of ten rows or more in the mean, are levels;"
                    + " else 0 to 1 is interval:0,1, what is not negative above:0, and the rest free."
        },
        footer = {"", "Example: tweedie domain guess --data quakes.csv"})
final class DomainGuessCommand implements Callable<Integer> {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "rows: .csv, .txt, .npy, .npz or file.npz:name; or a built-in set as moons:20000")
    private String data = "";

    @Option(
            names = "--columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns to use, by name or number from 1; default all")
    private List<String> columns = List.of();

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Dataset rows = DataOptions.read(data, columns);
        BridgeDomain guess = BridgeDomain.guess(rows);
        printed.print(
                spec,
                Printed.lines(lines -> {
                    int at = 0;
                    for (DomainPart part : guess.parts()) {
                        lines.println("  " + part.spec() + "  "
                                + String.join(", ", rows.columns().subList(at, at + part.width())));
                        at += part.width();
                    }
                    lines.println("--domain '" + guess.spec() + "'");
                }),
                json -> json.field("domain", guess.spec()));
        return ExitCode.OK;
    }
}
