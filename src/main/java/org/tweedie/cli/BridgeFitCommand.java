package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.tweedie.Bridge;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
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

/** {@code tweedie bridge fit}. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        description =
                "Fits a Schrödinger bridge between the rows of two files, or of one and the normal law; or, with --given, a conditional one, which draws rows given observations.",
        footer = {
            "",
            "Ctrl-C finishes the step, writes a checkpoint and prints the command that goes on from it.",
            "Example: tweedie bridge fit --from moons:5000 --to circles:5000 --out bridge.safetensors --report bridge.html",
            "Example: tweedie bridge fit --from pairs.csv --given y1,y2 --law affine --sizes 20x0.01-0.2 --out posterior.safetensors"
        })
final class BridgeFitCommand implements Callable<Integer> {
    /** The word for the second end where it is no set of rows. */
    static final String NORMAL = "normal";

    @Option(
            names = "--from",
            required = true,
            paramLabel = "FILE",
            description =
                    "rows of the first end: .csv, .txt, .npy, .npz or file.npz:name; or a built-in set as moons:20000, with a seed as moons:20000:7")
    private String from = "";

    @Option(
            names = "--to",
            paramLabel = "FILE",
            defaultValue = NORMAL,
            description = "rows of the second end, named likewise; or normal, the normal law; default ${DEFAULT-VALUE}")
    private String to = NORMAL;

    @Option(
            names = "--columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns of --from to use, by name or number from 1; default all")
    private List<String> columns = List.of();

    @Option(
            names = "--to-columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns of --to, in the same order; default as --columns")
    private @Nullable List<String> toColumns;

    @Option(
            names = "--given",
            split = ",",
            paramLabel = "NAME",
            description =
                    "the columns of --from, by name or number, that are observations (condition 'y'): fits a conditional bridge to the others")
    private List<String> given = List.of();

    @Option(
            names = "--law",
            paramLabel = "SPEC",
            description = {
                "the normal law that walks of a conditional bridge start from: normal (mean 0, deviation 1), columns (those of the columns),",
                "affine[:PENALTY] or radial:N,SCALE[:PENALTY] (regressions on the observations); default columns, with --as-they-are normal"
            })
    private @Nullable String law;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "BRIDGE",
            description = "the bridge file to write (.safetensors); it holds the rows, which walks start from")
    private Path out;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description =
                    "a page to write (.html): rows in motion, where walks of each half bridge end, losses, distances; of a conditional bridge draws beside the pairs")
    private @Nullable Path report;

    @Option(names = "--force", description = "replace the files, and checkpoints of an earlier run")
    private boolean force;

    @Option(
            names = "--sizes",
            paramLabel = "SPEC",
            defaultValue = "20x0.01-0.05",
            description = {
                "step sizes of the walks: 20x0.03 (constant), 20x0.01-0.05 (small at the ends), or all as 0.1,0.2,0.1; default ${DEFAULT-VALUE}.",
                "Twice their sum is the variance of the reference's noise from end to end, in squared deviations of the standardised columns."
            })
    private String sizes;

    @Option(
            names = "--reference",
            paramLabel = "SPEC",
            description =
                    "what the bridge stays near to: brownian, or ou[:VARIANCE], which tends to a normal law; default brownian, to the normal law ou")
    private @Nullable String reference;

    @Option(
            names = "--iterations",
            paramLabel = "N",
            description = "how often a half bridge backward and one forward are fitted; default 5")
    private @Nullable Integer iterations;

    @Option(
            names = "--matching",
            paramLabel = "M",
            description = "what the networks put out: drift, or mean for that of a step; default drift")
    private @Nullable String matching;

    @Option(names = "--walks", paramLabel = "N", description = "walks cached at a time; default 2048")
    private @Nullable Integer walks;

    @Option(
            names = "--refresh",
            paramLabel = "N",
            description = "training steps between two refreshes of the cache; default 100")
    private @Nullable Long refresh;

    @Option(
            names = "--without-score",
            description = "learn the first half bridge as the others, not by denoising score matching")
    private boolean withoutScore;

    @Option(
            names = "--afresh",
            description = "learn every half bridge from the first weights, not its direction's last")
    private boolean afresh;

    @Option(names = "--as-they-are", description = "do not standardise: the reference moves rows in their own units")
    private boolean asTheyAre;

    @Option(
            names = "--network",
            paramLabel = "SPEC",
            description = "network of each direction, as mlp:WIDTHxDEPTH[,activation][,residual]; default mlp:64x3")
    private @Nullable String network;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "go on from the newest checkpoint in DIR (default for new runs: BRIDGE.checkpoints)")
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
        BridgeSpec settings = settings();
        Reference near = TrainCommand.named(
                "--reference", () -> Reference.parse(reference != null ? reference : toNormal() ? "ou" : "brownian"));
        requireOptions();
        LawSpec start = startsFrom();
        RunFolder.check(resume);
        List<Path> inputs = new ArrayList<>(List.of(DataOptions.path(from)));
        if (!toNormal()) {
            inputs.add(DataOptions.path(to));
        }
        Target.requireExtension(out, List.of(".safetensors"));
        Output target = dryRun ? Output.to(out) : Target.of(out, force, inputs);
        Output page = null;
        if (report != null) {
            Target.requireExtension("--report", report, List.of(".html"));
            page = dryRun ? null : Target.of("--report", report, force, inputs);
        }
        PrintWriter err = spec.commandLine().getErr();
        BridgeFit fit = read(near, start, err);
        try (Device opened = device.open(err)) {
            if (dryRun) {
                BridgeFitText.estimate(printed, spec, fit, settings, opened);
                return ExitCode.OK;
            }
            return fit(fit, settings, opened, target, page);
        }
    }

    private boolean toNormal() {
        return to.equals(NORMAL);
    }

    /** Refuses options that the kind of bridge does not read. */
    private void requireOptions() {
        boolean conditional = !given.isEmpty();
        if (conditional && !toNormal()) {
            throw new IllegalArgumentException(
                    "--to: a conditional bridge goes from the law of --law to the rows of --from; leave it out, or leave out --given");
        }
        if (toNormal() && toColumns != null) {
            throw new IllegalArgumentException("--to-columns: the normal law has the columns of --from; leave it out");
        }
        if (!conditional && law != null) {
            throw new IllegalArgumentException(
                    "--law: only a conditional bridge starts from one; name the columns of its conditions with --given, or leave it out");
        }
    }

    private void requireAsManyColumns(Dataset start, Dataset end) {
        if (start.width() != end.width()) {
            throw new IllegalArgumentException("--from " + from + " has " + start.width() + " columns ("
                    + String.join(", ", start.columns()) + ") and --to " + to + " " + end.width() + " ("
                    + String.join(", ", end.columns())
                    + "); choose as many of both with --columns and --to-columns");
        }
    }

    private LawSpec startsFrom() {
        String asked = law;
        return asked == null
                ? LawSpec.of(asTheyAre ? LawSpec.Kind.NORMAL : LawSpec.Kind.COLUMNS)
                : TrainCommand.named("--law", () -> LawSpec.parse(asked));
    }

    private BridgeFit read(Reference near, LawSpec law, PrintWriter err) throws IOException {
        Dataset start = DataOptions.read("--from", from, columns, given, List.of());
        TrainCommand.sayConstant(start, err);
        if (!given.isEmpty()) {
            return new ConditionalFit(start, law, near);
        }
        Optional<Dataset> end = Optional.empty();
        if (!toNormal()) {
            end = Optional.of(
                    DataOptions.read("--to", to, toColumns == null ? columns : toColumns, List.of(), List.of(NORMAL)));
            requireAsManyColumns(start, end.get());
            TrainCommand.sayConstant(end.get(), err);
        }
        return new JoinedFit(start, end, near);
    }

    private int fit(BridgeFit fit, BridgeSpec settings, Device opened, Output target, @Nullable Output page)
            throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try (StopSignals signals = new StopSignals(err, "finishing the step, then writing a checkpoint")) {
            BridgeWatch watch = new BridgeWatch(err);
            long began = System.nanoTime();
            try (Bridge bridge = fit(fit, settings, opened, watch, signals)) {
                if (bridge.result().orElseThrow().outcome() == TrainResult.Outcome.NOT_FINITE) {
                    err.println("tweedie: " + bridge.result().orElseThrow().message());
                    return ExitCode.FAILURE;
                }
                double seconds = (System.nanoTime() - began) / 1e9;
                bridge.save(target);
                if (page != null) {
                    report(fit, bridge, watch, page, signals);
                }
                BridgeFitText.done(printed, spec, fit, bridge, out, seconds);
            }
        }
        return ExitCode.OK;
    }

    private Bridge fit(BridgeFit fit, BridgeSpec settings, Device opened, BridgeWatch watch, StopSignals signals)
            throws IOException {
        RunFolder folder = RunFolder.of(out, resume, force);
        return folder.holding(spec.commandLine().getErr(), directory -> {
            Bridge bridge = fit.fit(settings, opened, watch, signals.token(), directory, folder.resumed());
            TrainResult result = bridge.result().orElseThrow();
            if (result.outcome() == TrainResult.Outcome.CANCELLED) {
                int done = bridge.halves().size();
                bridge.close();
                throw new Stopped(
                        "stopped after step " + result.step() + " of "
                                + settings.training().steps() + " of half bridge "
                                + (done + 1) + " of " + 2 * settings.iterations() + "; go on with: "
                                + folder.again(spec),
                        signals.code() == 0 ? 130 : signals.code());
            }
            return bridge;
        });
    }

    private BridgeSpec settings() {
        BridgeSpec settings = TrainCommand.named("--sizes", () -> BridgeSpec.of(StepSizes.parse(sizes)));
        settings = TrainCommand.with("--iterations", settings, iterations, BridgeSpec::withIterations);
        settings = TrainCommand.with(
                "--matching", settings, matching, (before, text) -> before.withMatching(Matching.parse(text)));
        settings = TrainCommand.with(
                "--walks", settings, walks, (before, value) -> before.withCache(value, before.refreshEvery()));
        settings = TrainCommand.with(
                "--refresh", settings, refresh, (before, value) -> before.withCache(before.walks(), value));
        settings = TrainCommand.with(
                "--network", settings, network, (before, text) -> before.withNetwork(Architecture.parse(text)));
        settings = withoutScore ? settings.withoutScore() : settings;
        settings = afresh ? settings.afresh() : settings;
        settings = asTheyAre ? settings.asTheyAre() : settings;
        return settings.withTraining(stepping.over(settings.training()));
    }

    private void report(BridgeFit fit, Bridge bridge, BridgeWatch watch, Output page, StopSignals signals)
            throws IOException {
        try {
            fit.page(bridge, watch, stepping.seed(), signals.token(), RunFolder.command(spec))
                    .write(page);
        } catch (CancellationException e) {
            throw new Stopped(
                    "stopped; " + out + " was written, " + report + " was not",
                    signals.code() == 0 ? 130 : signals.code());
        }
    }
}
