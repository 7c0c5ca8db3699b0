package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.FirstHittingModel;
import org.tweedie.device.Device;
import org.tweedie.hitting.Drive;
import org.tweedie.hitting.HalfSpace;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.io.Output;
import org.tweedie.metric.Estimate;
import org.tweedie.score.Architecture;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainResult;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie hitting fit}. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        description = "Fits a first-hitting model to rows that lie on a set.",
        footer = {
            "",
            "Ctrl-C finishes the step, writes a checkpoint and prints the command that goes on from it.",
            "Example: tweedie hitting fit --data quakes.csv --domain earth --out quakes.safetensors"
        })
final class HittingFitCommand implements Callable<Integer> {
    /** That tell of the likelihood. */
    private static final int MOST_BRIDGES = 8192;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "rows on the set: .csv, .txt, .npy, .npz or file.npz:name")
    private String data = "";

    @Option(
            names = "--columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns to use, by name or number from 1; default all")
    private List<String> columns = List.of();

    @Option(
            names = "--domain",
            required = true,
            paramLabel = "SPEC",
            description = {
                "earth: latitude and longitude in degrees; ball:3: unit vectors of so many numbers; cube:4: zeros and ones, or cube:0.3,0.5 with walks that start at each column's share of ones;",
                "categories:3,2: columns of levels 0 to 2 and 0 to 1; halfspace:2,1: any two numbers of the size of 1"
            })
    private String domain = "";

    @Option(
            names = "--out",
            required = true,
            paramLabel = "MODEL",
            description = "the model file to write (.safetensors)")
    private Path out;

    @Option(names = "--force", description = "replace the file, and checkpoints of an earlier run")
    private boolean force;

    @Option(
            names = "--walk",
            paramLabel = "SPEC",
            description =
                    "steps of walks, as MOST[,SHARE[,TOLERANCE[,LIMIT]]]: MOST is the longest, by about which the law sampled is off; SHARE is of the squared distance from the set;"
                            + " TOLERANCE is the distance that counts as a hit; LIMIT is how many a row may take; default 0.01,0.05,1e-3,100000")
    private @Nullable String walk;

    @Option(names = "--walks", paramLabel = "N", description = "bridges cached at a time; default 2048")
    private @Nullable Integer walks;

    @Option(names = "--places", paramLabel = "N", description = "places kept of each bridge, to learn from; default 8")
    private @Nullable Integer places;

    @Option(
            names = "--refresh",
            paramLabel = "N",
            description = "training steps between two refreshes of the cache; default 200")
    private @Nullable Long refresh;

    @Option(
            names = "--damping",
            paramLabel = "D",
            description = "distance from the set below which pairs weigh less; 0: none does; default 0.1")
    private @Nullable Double damping;

    @Option(
            names = "--network",
            paramLabel = "SPEC",
            description = "mlp:WIDTHxDEPTH[,activation][,residual]; default mlp:64x3")
    private @Nullable String network;

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
        HittingDomain set = TrainCommand.named("--domain", () -> HittingDomain.parse(domain));
        HittingSpec settings = settings();
        RunFolder.check(resume);
        Target.requireExtension(out, List.of(".safetensors"));
        Output target = dryRun ? Output.to(out) : Target.of(out, force, List.of(DataOptions.path(data)));
        Dataset rows = DataOptions.read(data, columns);
        if (rows.width() != set.written()) {
            throw new IllegalArgumentException("--domain " + set.spec() + " has " + set.written()
                    + " columns in a file, " + data + " has " + rows.width() + ": "
                    + String.join(", ", rows.columns()) + "; choose them with --columns");
        }
        TrainCommand.named("--data " + data, () -> checked(rows, set));
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err)) {
            if (dryRun) {
                new WalkFitText(rows, set.spec(), settings.steps().spec(), settings.network(), settings.training())
                        .estimate(printed, spec, FirstHittingModel.estimate(rows, set, settings, opened), opened);
                return ExitCode.OK;
            }
            return fitted(rows, set, settings, opened, target);
        }
    }

    private int fitted(Dataset rows, HittingDomain set, HittingSpec settings, Device opened, Output target)
            throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        long began = System.nanoTime();
        try (StopSignals signals = new StopSignals(err, "finishing the step, then writing a checkpoint");
                FirstHittingModel model = fit(rows, set, settings, opened, signals)) {
            TrainResult result = model.result().orElseThrow();
            if (result.outcome() == TrainResult.Outcome.NOT_FINITE) {
                err.println("tweedie: " + result.message());
                return ExitCode.FAILURE;
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            model.save(target);
            say(model, rows, result, seconds);
        }
        return ExitCode.OK;
    }

    private static Dataset checked(Dataset rows, HittingDomain set) {
        set.require(set.read(rows.values()));
        return rows;
    }

    private HittingSpec settings() {
        HittingSpec settings = HittingSpec.standard();
        settings = TrainCommand.with(
                "--walk", settings, walk, (before, text) -> before.withSteps(HittingSteps.parse(text)));
        settings = TrainCommand.with(
                "--walks",
                settings,
                walks,
                (before, value) -> before.withCache(value, before.kept(), before.refreshEvery()));
        settings = TrainCommand.with(
                "--places",
                settings,
                places,
                (before, value) -> before.withCache(before.walks(), value, before.refreshEvery()));
        settings = TrainCommand.with(
                "--refresh",
                settings,
                refresh,
                (before, value) -> before.withCache(before.walks(), before.kept(), value));
        settings = TrainCommand.with("--damping", settings, damping, HittingSpec::withDamping);
        settings = TrainCommand.with(
                "--network", settings, network, (before, text) -> before.withNetwork(Architecture.parse(text)));
        return settings.withTraining(stepping.over(settings.training()));
    }

    private FirstHittingModel fit(
            Dataset rows, HittingDomain set, HittingSpec settings, Device opened, StopSignals signals)
            throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        RunFolder folder = RunFolder.of(out, resume, force);
        return folder.holding(err, directory -> {
            FirstHittingModel model = FirstHittingModel.fit(
                    rows,
                    set,
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

    private void say(FirstHittingModel model, Dataset rows, TrainResult result, double seconds) {
        float[] all = model.bounds(some(rows), stepping.seed());
        double[] bounds = finished(all);
        int unfinished = all.length - bounds.length;
        boolean few = model.domain().learns() == Drive.END;
        Estimate bound = Estimate.ofMean(bounds);
        printed.print(
                spec,
                Printed.lines(lines -> {
                    lines.printf(
                            Locale.ROOT,
                            "%s: walks of %s to %,d rows of %s, in %s%n",
                            out,
                            model.domain().spec(),
                            rows.rows(),
                            String.join(", ", rows.columns()),
                            ProgressLine.duration(seconds));
                    lines.printf(Locale.ROOT, "loss %.4f%n", result.smoothLoss());
                    if (bounds.length > 0) {
                        lines.printf(
                                Locale.ROOT,
                                few
                                        ? "these rows: at most %.4f nats each [%.4f, %.4f], which is their entropy and KL(data | model)%n"
                                        : "these rows: at least %.4f nats each [%.4f, %.4f] above the walk without a drift; KL(data | model) is at most what is left of KL(data | base)%n",
                                few ? -bound.value() : bound.value(),
                                few ? -bound.high() : bound.low(),
                                few ? -bound.low() : bound.high());
                    }
                    lines.printf(
                            Locale.ROOT,
                            "%,d of %,d bridges to them ran out of steps%s%n",
                            unfinished,
                            all.length,
                            unfinished == 0 ? "" : remedy(model));
                    lines.printf(
                            Locale.ROOT,
                            "next: tweedie hitting sample --model %s --count 1000 --out sampled.csv%n",
                            TrainCommand.quoted(out.toString()));
                }),
                json -> {
                    json.field("model", out.toString())
                            .field("rows", rows.rows())
                            .field("domain", model.domain().spec())
                            .field("steps", result.step())
                            .field("loss", result.smoothLoss())
                            .field("seconds", seconds)
                            .field("bridges", all.length)
                            .field("unfinished", unfinished);
                    if (bounds.length > 0) {
                        json.field(few ? "nllAtMost" : "gainAtLeast", few ? -bound.value() : bound.value());
                    }
                });
    }

    private static String remedy(FirstHittingModel model) {
        return "; give --walk a larger LIMIT"
                + (model.domain() instanceof HalfSpace ? ", or divide rows that are far above the size of 1" : "");
    }

    /** Rows at even distances, as many as a bridge to each takes a moment. */
    private static Dataset some(Dataset rows) {
        int count = Math.min(rows.rows(), MOST_BRIDGES);
        int width = rows.width();
        float[] chosen = new float[count * width];
        for (int i = 0; i < count; i++) {
            int row = (int) ((long) i * rows.rows() / count);
            System.arraycopy(rows.values(), row * width, chosen, i * width, width);
        }
        return Dataset.of(chosen, rows.columns().toArray(String[]::new));
    }

    private static double[] finished(float[] bounds) {
        double[] all = new double[bounds.length];
        int count = 0;
        for (float bound : bounds) {
            if (!Float.isNaN(bound)) {
                all[count++] = bound;
            }
        }
        return Arrays.copyOf(all, count);
    }
}
