package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.ConditionalBridge;
import org.tweedie.Likelihood;
import org.tweedie.LogDensities;
import org.tweedie.Model;
import org.tweedie.SchrodingerBridge;
import org.tweedie.ScoreModel;
import org.tweedie.VariationalBound;
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
                "Log-densities of rows of a file under a model, a bridge to the normal law or a conditional bridge (given the columns --given), by its probability-flow ODE, or lower bounds of them: mean with standard error, and one a row.",
        footer = {"", "Example: tweedie likelihood --model quakes.safetensors --data quakes.csv --out densities.csv"})
final class LikelihoodCommand implements Callable<Integer> {
    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors");
    private static final int STEPS = 100;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "FILE",
            description = "the model file, or that of a bridge to the normal law or of a conditional bridge")
    private Path model;

    @Mixin
    private DataOptions data;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "steps of the ODE, four evaluations each, or of the bound; default 100, of a bridge its own")
    private @Nullable Integer steps;

    /** Which bound. */
    enum Bound {
        CHAIN,
        CONTINUOUS
    }

    @Option(
            names = "--bound",
            paramLabel = "KIND",
            description =
                    "take the variational bound instead: chain (of --steps steps) or continuous (in --steps strata of time)")
    private @Nullable Bound bound;

    @Option(
            names = "--draws",
            paramLabel = "N",
            defaultValue = "1",
            description = "draws of the bound's noise that it is averaged over; default ${DEFAULT-VALUE}")
    private int draws;

    @Option(
            names = "--velocities",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "velocities drawn for each row, of a model of rows with velocities (cld); more tighten the bound and give it"
                            + " a standard error; default ${DEFAULT-VALUE}")
    private int velocities;

    @Option(
            names = "--dequantise",
            description = "fill the bins first: add to each number a random share of --bin; for whole numbers")
    private boolean dequantise;

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
            description =
                    "width of the bins of dequantised data, in units of the data, for bits per dimension; default ${DEFAULT-VALUE}")
    private double bin;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of probes, velocities, draws and filled bins; default ${DEFAULT-VALUE}")
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
        if (bound != null && probes != -1) {
            throw new IllegalArgumentException(
                    "--probes is for the ODE, and --bound needs no divergence; leave one away");
        }
        if (bound != null && velocities != 1) {
            throw new IllegalArgumentException(
                    "--velocities is for the ODE, and --bound is of rows alone; leave one away");
        }
        if (bound == null && draws != 1) {
            throw new IllegalArgumentException("--draws averages a bound; say --bound chain or --bound continuous");
        }
        Output target = null;
        if (out != null) {
            Target.requireExtension(out, EXTENSIONS);
            target = Target.of(out, force, List.of(model));
        }
        Dataset rows = dequantise ? data.read().dequantised(bin, seed) : data.read();
        try (Device opened = device.open(spec.commandLine().getErr())) {
            Judged judged = SchrodingerBridge.holds(model)
                    ? bridge(opened, rows)
                    : ConditionalBridge.holds(model) ? conditional(opened, rows) : model(opened, rows);
            if (target != null) {
                write(target, judged);
            }
            printed.print(spec, text(judged, rows.rows()), json -> fields(json, judged, rows.rows()));
        }
        return ExitCode.OK;
    }

    private Judged model(Device opened, Dataset rows) throws IOException {
        try (Model loaded = Model.load(model, opened)) {
            Dataset matched = ModelMatch.matched(loaded, rows);
            if (bound == null) {
                return density(loaded, matched);
            } else if (loaded instanceof ScoreModel score) {
                return bound(score, matched, bound);
            }
            throw new IllegalArgumentException(
                    "--bound is of models of one speed, and this one's blocks move each at its own; leave it out for the density of its flow");
        }
    }

    private Judged bridge(Device opened, Dataset rows) throws IOException {
        try (SchrodingerBridge loaded = SchrodingerBridge.load(model, opened)) {
            refuseOfBridges();
            if (!loaded.process().normal()) {
                throw new IllegalArgumentException(
                        "the bridge joins two sets of rows, and the density of its second end is not known; fit one to"
                                + " the normal law: bridge fit --to normal");
            }
            Dataset matched = ModelMatch.matched(loaded, rows);
            int taken = steps == null ? loaded.process().sizes().count() : steps;
            return judged(probed(loaded.likelihood().steps(taken)), matched, taken);
        }
    }

    private Judged conditional(Device opened, Dataset rows) throws IOException {
        try (ConditionalBridge loaded = ConditionalBridge.load(model, opened)) {
            refuseOfBridges();
            Dataset matched = ModelMatch.matched(loaded, rows);
            int taken = steps == null ? loaded.process().sizes().count() : steps;
            Likelihood likelihood = probed(loaded.likelihood().steps(taken));
            return judged(under(likelihood, loaded.conditions(), matched), matched, taken);
        }
    }

    private void refuseOfBridges() {
        if (bound != null) {
            throw new IllegalArgumentException(
                    "--bound is of score models, and this file is a bridge; leave it out for the density of its flow");
        }
        if (velocities != 1) {
            throw new IllegalArgumentException(
                    "--velocities is of models of rows with velocities (cld), and this file is a bridge; leave it out");
        }
    }

    /** What was computed, and how. */
    private record Judged(
            LogDensities densities, boolean bounds, int steps, int nfe, String execution, Map<String, Double> terms) {
        String name() {
            return bounds ? "bound of log density" : "log density";
        }
    }

    /** Each row under its own condition. */
    private Judged density(Model loaded, Dataset rows) {
        int taken = steps == null ? STEPS : steps;
        Likelihood likelihood = probed(loaded.likelihood().steps(taken)).velocities(velocities);
        return judged(under(likelihood, loaded.conditions(), rows), rows, taken);
    }

    private static Likelihood under(Likelihood likelihood, List<Dataset.Port> conditions, Dataset rows) {
        Likelihood given = likelihood;
        for (Dataset.Port port : conditions) {
            given = given.given(port.name(), rows.values(port.name()), port.width());
        }
        return given;
    }

    private Likelihood probed(Likelihood likelihood) {
        return probes < 0
                ? likelihood
                : probes == 0 ? likelihood.exact() : likelihood.hutchinson(probes, Law.RADEMACHER);
    }

    private Judged judged(Likelihood likelihood, Dataset rows, int taken) {
        Likelihood.Densities densities = likelihood.of(rows.values(Dataset.X), seed);
        Map<String, Double> terms = new LinkedHashMap<>();
        if (velocities > 1) {
            double squares = Arrays.stream(densities.errors()).map(e -> e * e).sum();
            terms.put("errorOfVelocities", Math.sqrt(squares) / densities.errors().length);
        }
        return new Judged(densities, likelihood.bounds(), taken, densities.nfe(), densities.execution(), terms);
    }

    private Judged bound(ScoreModel loaded, Dataset rows, Bound kind) {
        int taken = steps == null ? STEPS : steps;
        VariationalBound lower = kind == Bound.CHAIN
                ? loaded.bound().discrete(taken)
                : loaded.bound().continuous(taken);
        lower = lower.draws(draws);
        for (Dataset.Port port : loaded.conditions()) {
            lower = lower.given(port.name(), rows.values(port.name()), port.width());
        }
        VariationalBound.Bounds bounds = lower.of(rows.values(Dataset.X), seed);
        Map<String, Double> terms = new LinkedHashMap<>();
        terms.put("prior", bounds.prior());
        terms.put("diffusion", bounds.diffusion());
        terms.put("reconstruction", bounds.reconstruction());
        return new Judged(bounds, true, taken, bounds.nfe(), bounds.execution(), terms);
    }

    private void write(Output target, Judged judged) throws IOException {
        double[] log = judged.densities().log();
        float[] column = new float[log.length];
        for (int r = 0; r < column.length; r++) {
            column[r] = (float) log[r];
        }
        Map<String, String> metadata = Map.of(
                "model", Sha256.of(model), "steps", Integer.toString(judged.steps()), "seed", Long.toString(seed));
        try (RowWriter writer = RowWriter.open(target, column.length, List.of(judged.name()), metadata)) {
            writer.write(column, 0, column.length);
            writer.finish();
        }
    }

    private String text(Judged judged, int rows) {
        LogDensities densities = judged.densities();
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d rows: mean %s %.5f nats, standard error %s; %.5f bits per dimension in bins of %s%n",
                rows,
                judged.bounds() ? "lower bound of the log-density" : "log-density",
                densities.mean(),
                rows == 1 ? "unknown" : String.format(Locale.ROOT, "%.5f", densities.standardError()),
                densities.bitsPerDimension(bin),
                Double.toString(bin)));
        judged.terms()
                .forEach((term, nats) -> text.append(String.format(Locale.ROOT, "  %-17s %.5f nats%n", term, nats)));
        return text.append(String.format(
                        Locale.ROOT,
                        bound == null
                                ? "(the density where the flow begins, a process's at its cutoff, in the units of the"
                                        + " data; %d evaluations a row, execution %s)"
                                : "(in the units of the data; %d evaluations a row, execution %s)",
                        judged.nfe(),
                        judged.execution()))
                .toString();
    }

    private void fields(Json json, Judged judged, int rows) {
        json.field("rows", rows);
        json.field(
                judged.bounds() ? "meanBound" : "meanLogDensity",
                judged.densities().mean());
        json.field("standardError", judged.densities().standardError());
        json.field("bitsPerDimension", judged.densities().bitsPerDimension(bin));
        judged.terms().forEach(json::field);
        json.field("evaluations", judged.nfe());
        json.field("execution", judged.execution());
    }
}
