package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.Likelihood;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.io.Json;
import org.tweedie.io.Output;
import org.tweedie.io.RowWriter;
import org.tweedie.io.Sha256;
import org.tweedie.rng.Law;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie likelihood}. */
@Command(
        name = "likelihood",
        mixinStandardHelpOptions = true,
        description =
                "Log-densities of rows of a file under a model, by its probability-flow ODE: mean with standard error, and one a row.",
        footer = {"", "Example: tweedie likelihood --model quakes.safetensors --data quakes.csv --out densities.csv"})
final class LikelihoodCommand implements Callable<Integer> {
    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors");

    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Mixin
    private DataOptions data;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "of the ODE, four evaluations each; default ${DEFAULT-VALUE}")
    private int steps;

    @Option(
            names = "--probes",
            paramLabel = "N",
            defaultValue = "-1",
            description = "random directions for the divergence; 0: exact. Default: exact up to " + Likelihood.EXACT
                    + " columns, else 1")
    private int probes;

    @Option(
            names = "--bin",
            paramLabel = "W",
            defaultValue = "1",
            description = "width of the bins of dequantised data, for bits per dimension; default ${DEFAULT-VALUE}")
    private double bin;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "of the probes; default ${DEFAULT-VALUE}")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "write a log-density a row: .npy, .npz, .csv, .safetensors")
    private @Nullable Path out;

    @Option(names = "--force", description = "replace the file")
    private boolean force;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (probes < -1) {
            throw new IllegalArgumentException("--probes must not be negative, got " + probes);
        }
        if (!(bin > 0 && bin < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("--bin must be positive, got " + bin);
        }
        Output target = null;
        if (out != null) {
            Target.requireExtension(out, EXTENSIONS);
            target = Target.of(out, force, List.of(model));
        }
        Dataset rows = data.read();
        try (Device opened = device.open(spec.commandLine().getErr());
                ScoreModel loaded = ScoreModel.load(model, opened)) {
            ModelMatch.check(loaded, rows);
            Likelihood.Densities densities = under(loaded, rows).of(rows.values(Dataset.X), seed);
            if (target != null) {
                write(target, densities);
            }
            printed.print(spec, text(densities, rows.rows()), json -> fields(json, densities, rows.rows()));
        }
        return ExitCode.OK;
    }

    /** Each row under its own condition. */
    private Likelihood under(ScoreModel loaded, Dataset rows) {
        Likelihood likelihood = loaded.likelihood().steps(steps);
        if (probes == 0) {
            likelihood = likelihood.exact();
        } else if (probes > 0) {
            likelihood = likelihood.hutchinson(probes, Law.RADEMACHER);
        }
        for (Dataset.Port port : loaded.conditions()) {
            likelihood = likelihood.given(port.name(), rows.values(port.name()), port.width());
        }
        return likelihood;
    }

    private void write(Output target, Likelihood.Densities densities) throws IOException {
        float[] column = new float[densities.log().length];
        for (int r = 0; r < column.length; r++) {
            column[r] = (float) densities.log()[r];
        }
        Map<String, String> metadata =
                Map.of("model", Sha256.of(model), "steps", Integer.toString(steps), "seed", Long.toString(seed));
        try (RowWriter writer = RowWriter.open(target, column.length, List.of("log density"), metadata)) {
            writer.write(column, 0, column.length);
            writer.finish();
        }
    }

    private String text(Likelihood.Densities densities, int rows) {
        return String.format(
                Locale.ROOT,
                "%,d rows: mean log-density %.5f nats, standard error %.5f; %.5f bits per dimension in bins of %s%n"
                        + "(the density at the process's cutoff, in the units of the data; %d evaluations a row, execution %s)",
                rows,
                densities.mean(),
                densities.standardError(),
                densities.bitsPerDimension(bin),
                Double.toString(bin),
                densities.nfe(),
                densities.execution());
    }

    private void fields(Json json, Likelihood.Densities densities, int rows) {
        json.field("rows", rows);
        json.field("meanLogDensity", densities.mean());
        json.field("standardError", densities.standardError());
        json.field("bitsPerDimension", densities.bitsPerDimension(bin));
        json.field("evaluations", densities.nfe());
        json.field("execution", densities.execution());
    }
}
