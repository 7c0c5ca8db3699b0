package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.BridgeModel;
import org.tweedie.bridge.domain.BridgeBase;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.BridgeErrorReport;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.score.Architecture;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainResult;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie domain fit}. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        description = "Fits a bridge into a domain to rows of levels, categories and bounded numbers.",
        footer = {
            "",
            "Ctrl-C finishes the step, writes a checkpoint and prints the command that goes on from it.",
            "Example: tweedie domain fit --data homes.csv --domain levels:0,1,3^5 --out homes.safetensors"
        })
final class DomainFitCommand implements Callable<Integer> {
    /** Samples whose distance from the domain is told. */
    private static final int TOLD = 1000;

    /** Of rows, steps and paths that the report goes through where nobody says how many. */
    private static final long MOST_TERMS = 200_000_000;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description =
                    "rows to learn from: .csv, .txt, .npy, .npz or file.npz:name; or a built-in set as moons:20000, with a seed as moons:20000:7")
    private String data = "";

    @Option(
            names = "--columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns to use, by name or number from 1; default all")
    private List<String> columns = List.of();

    @Option(
            names = "--domain",
            paramLabel = "SPEC",
            description = {
                "where rows are: a factor for each column or group of columns, in their order, joined by ' x ':",
                "free:2, levels:0,1,3, points:0,0;1,1, onehot:3, interval:0,1, above:0, below:0; interval:0,1^4 is four of them; default as domain guess says"
            })
    private @Nullable String domain;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "MODEL",
            description = "the file to write (.safetensors); it holds no rows")
    private Path out;

    @Option(names = "--force", description = "replace the file, and checkpoints of an earlier run")
    private boolean force;

    @Option(
            names = "--base",
            paramLabel = "SPEC",
            description =
                    "what bridges are made from: 'brownian CLOCK', 'ou:PULL CLOCK' with constant:VARIANCE or exponential:A,B, or 'reversed PROCESS'; default 'brownian exponential:3,1'")
    private @Nullable String base;

    @Option(names = "--walk-steps", paramLabel = "N", description = "steps of a walk, 2 to 10000; default 100")
    private @Nullable Integer walkSteps;

    @Option(names = "--walks", paramLabel = "N", description = "walks cached at a time; default 4096")
    private @Nullable Integer walks;

    @Option(
            names = "--refresh",
            paramLabel = "N",
            description = "training steps between two refreshes of the cache; default 100")
    private @Nullable Long refresh;

    @Option(
            names = "--network",
            paramLabel = "SPEC",
            description = "mlp:WIDTHxDEPTH[,activation][,residual]; default mlp:64x3")
    private @Nullable String network;

    @Option(
            names = "--as-they-are",
            description =
                    "do not standardise columns that are a factor of their own: the base moves rows in their units")
    private boolean asTheyAre;

    @Option(
            names = "--without-shares",
            description = "weigh all points of a factor alike, not by their shares of the rows")
    private boolean withoutShares;

    @Option(
            names = "--paths",
            paramLabel = "N",
            description = "bridges that the report averages over; default 200, fewer where rows are many")
    private @Nullable Integer paths;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "go on from the newest checkpoint in DIR (default for new runs: MODEL.checkpoints)")
    private @Nullable Path resume;

    @Option(
            names = "--dry-run",
            description = "print shapes, parameters, device bytes and an estimate of the time, then stop")
    private boolean dryRun;

    @Mixin
    private StepOptions stepping;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        DomainSpec settings = settings();
        if (paths != null && paths < 1) {
            throw new IllegalArgumentException("--paths must be positive, got " + paths);
        }
        Optional<BridgeDomain> said =
                Optional.ofNullable(domain).map(text -> TrainCommand.named("--domain", () -> BridgeDomain.parse(text)));
        RunFolder.check(resume);
        Target.requireExtension(out, List.of(".safetensors"));
        Output target = dryRun ? Output.to(out) : Target.of(out, force, List.of(DataOptions.path(data)));
        PrintWriter err = spec.commandLine().getErr();
        Dataset rows = DataOptions.read(data, columns);
        BridgeDomain into = said.orElseGet(() -> BridgeDomain.guess(rows));
        try (Device opened = device.open(err)) {
            if (said.isEmpty()) {
                err.println("tweedie: the rows look like --domain '" + into.spec() + "'");
            }
            if (dryRun) {
                new WalkFitText(
                                rows,
                                into.spec(),
                                settings.steps() + " by " + settings.base().spec(),
                                settings.network(),
                                settings.training())
                        .estimate(printed, spec, BridgeModel.estimate(rows, into, settings, opened), opened);
                return ExitCode.OK;
            }
            return fitted(rows, into, settings, opened, target);
        }
    }

    private int fitted(Dataset rows, BridgeDomain into, DomainSpec settings, Device opened, Output target)
            throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try (StopSignals signals = new StopSignals(err, "finishing the step, then writing a checkpoint");
                BridgeModel model = fit(rows, into, settings, opened, signals)) {
            TrainResult result = model.result().orElseThrow();
            if (result.outcome() == TrainResult.Outcome.NOT_FINITE) {
                err.println("tweedie: " + result.message());
                return ExitCode.FAILURE;
            }
            model.save(target);
            say(rows, model, result);
        }
        return ExitCode.OK;
    }

    private BridgeModel fit(Dataset rows, BridgeDomain into, DomainSpec settings, Device opened, StopSignals signals)
            throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        RunFolder folder = RunFolder.of(out, resume, force);
        return folder.holding(err, directory -> {
            BridgeModel model = BridgeModel.fit(
                    rows,
                    into,
                    settings,
                    opened,
                    TrainCommand.listener(err),
                    signals.token(),
                    directory,
                    folder.resumed());
            TrainResult result = model.result().orElseThrow();
            if (result.outcome() == TrainResult.Outcome.CANCELLED) {
                model.close();
                throw new Stopped(
                        "stopped after step " + result.step() + " of "
                                + settings.training().steps() + "; go on with: " + folder.again(spec),
                        signals.code() == 0 ? 130 : signals.code());
            }
            return model;
        });
    }

    private DomainSpec settings() {
        DomainSpec settings = DomainSpec.of();
        settings =
                TrainCommand.with("--base", settings, base, (before, text) -> before.withBase(BridgeBase.parse(text)));
        settings = TrainCommand.with("--walk-steps", settings, walkSteps, DomainSpec::withSteps);
        settings = TrainCommand.with(
                "--walks", settings, walks, (before, value) -> before.withCache(value, before.refreshEvery()));
        settings = TrainCommand.with(
                "--refresh", settings, refresh, (before, value) -> before.withCache(before.walks(), value));
        settings = TrainCommand.with(
                "--network", settings, network, (before, text) -> before.withNetwork(Architecture.parse(text)));
        settings = asTheyAre ? settings.asTheyAre() : settings;
        settings = withoutShares ? settings.withoutShares() : settings;
        return settings.withTraining(stepping.over(settings.training()));
    }

    private void say(Dataset rows, BridgeModel model, TrainResult result) {
        long fewer = MOST_TERMS / Math.max(1, (long) rows.rows() * model.steps());
        BridgeErrorReport report =
                model.report(paths != null ? paths : (int) Math.max(10, Math.min(200, fewer)), stepping.seed());
        double violation = BridgeModel.violation(model.sample(TOLD, stepping.seed()));
        printed.print(
                spec,
                Printed.lines(lines -> {
                    lines.printf(
                            Locale.ROOT,
                            "%s: %s, by %s in %d steps, from %,d rows of %s, in %s%n",
                            out,
                            model.domain().spec(),
                            model.bridge().base().spec(),
                            model.steps(),
                            rows.rows(),
                            String.join(", ", rows.columns()),
                            ProgressLine.duration(result.seconds()));
                    lines.printf(
                            Locale.ROOT,
                            "loss %.4f; the data's KL is at most %.4f nats: %.4f left to learn, %.4f of the steps, %.4f of the start%n",
                            result.smoothLoss(),
                            report.bound(),
                            report.training(),
                            report.discretisation(),
                            report.initial());
                    lines.printf(
                            Locale.ROOT,
                            "%,d samples were at most %.3g from the domain before they were rounded to it%n",
                            TOLD,
                            violation);
                    lines.printf(
                            Locale.ROOT,
                            "next: tweedie domain sample --model %s --count 1000 --out samples.csv%n",
                            TrainCommand.quoted(out.toString()));
                }),
                json -> json.field("model", out.toString())
                        .field("domain", model.domain().spec())
                        .field("rows", rows.rows())
                        .field("loss", result.smoothLoss())
                        .field("seconds", result.seconds())
                        .field("bound", report.bound())
                        .field("training", report.training())
                        .field("discretisation", report.discretisation())
                        .field("initial", report.initial())
                        .field("violation", violation));
    }
}
