package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tweedie.Classifier;
import org.tweedie.Model;
import org.tweedie.NonUniformModel;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.guidance.ClassifierSpec;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Json;
import org.tweedie.io.Output;
import org.tweedie.metric.Estimate;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.Noising;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VdmSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Classes;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import org.tweedie.train.Slices;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie train}. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description =
                "Trains a score model on the rows of a file, by score matching; or a classifier of noisy rows that guides one.",
        footer = {
            "",
            "Ctrl-C finishes the step, writes a checkpoint and prints the command that goes on from it.",
            "Example: tweedie train --data quakes.csv --out quakes.safetensors"
        })
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private DataOptions data;

    @Mixin
    private ClassOptions classes;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "MODEL",
            description = "the model file to write (.safetensors)")
    private Path out;

    @Option(names = "--force", description = "replace the model file, and checkpoints of an earlier run")
    private boolean force;

    @Option(
            names = "--sde",
            paramLabel = "SPEC",
            defaultValue = "vp",
            description = {
                "vp, vp-cosine, ve, subvp, vp-logsnr, cld, cld-mixed, with parameters as vp:0.1,20; default ${DEFAULT-VALUE}.",
                "A noise schedule that learns, and the ends of -log-SNR that it begins with: vdm[:FIRST,LAST].",
                "A process whose matrices learn: flexible (rates of noise and turns), flexible-drift (turns), flexible-noise (rates).",
                "Blocks of columns each at its own speed: nonuniform:2*vp/1*vp:0.1,10.",
                "Scales of an image or a row, fine details last: haar:DEPTH,HEIGHTxWIDTH, haar:DEPTH,1xWIDTH"
            })
    private String sde;

    @Option(
            names = "--predict",
            paramLabel = "P",
            description = "what the network predicts: denoised, noise, velocity, score; default denoised")
    private @Nullable Prediction predict;

    @Option(
            names = "--process-after",
            paramLabel = "SHARE",
            description =
                    "share of the steps in which the network learns alone, before a process that learns joins; 1 keeps the process as it is; default 0.1")
    private @Nullable Double processAfter;

    @Option(
            names = "--network",
            paramLabel = "SPEC",
            defaultValue = "mlp:128x3",
            description = "mlp:WIDTHxDEPTH[,activation][,residual]; default ${DEFAULT-VALUE}")
    private String network;

    @Option(
            names = "--objective",
            paramLabel = "SPEC",
            defaultValue = "denoising",
            description =
                    "denoising, implicit, sliced[:DIRECTIONS] or sliced-vr[:DIRECTIONS] score matching; default ${DEFAULT-VALUE}")
    private String objective;

    @Option(
            names = "--weighting",
            paramLabel = "W",
            description =
                    "how noise levels are weighed: edm, simple (all alike), likelihood (maximum likelihood); default edm, of blocks likelihood")
    private @Nullable Weighting weighting;

    @Option(
            names = "--drop",
            paramLabel = "P",
            description =
                    "share of rows that lose their conditions, for 'sample --guidance'; 0.1 to 0.2 are usual; default 0")
    private @Nullable Double drop;

    @Option(
            names = "--condition-noise",
            paramLabel = "SPEC",
            description =
                    "process that carries conditions along with the rows, as ve:0.01,0.5; or one that shrinks to it in so many steps, ve:0.01,50..ve:0.01,0.5@1000; default none")
    private @Nullable String conditionNoise;

    @Option(
            names = "--hold-out",
            paramLabel = "SHARE",
            defaultValue = "0.1",
            description = "share of the rows kept for 'evaluate'; 0 for none; default ${DEFAULT-VALUE}")
    private double holdOut;

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
        TrainSpec settings = settings();
        classes.check(spec.commandLine().getParseResult());
        requireOptions(settings);
        Architecture architecture = Architecture.parse(network);
        Target.requireExtension(out, List.of(".safetensors"));
        List<Path> inputs = new ArrayList<>(classes.files());
        inputs.add(DataOptions.path(data.data));
        Output target = dryRun ? Output.to(out) : Target.of(out, force, inputs);
        if (!(holdOut >= 0 && holdOut < 1)) {
            throw new IllegalArgumentException("--hold-out must be at least 0 and below 1, got " + holdOut);
        }
        RunFolder.check(resume);
        return classes.asked() ? classifier(architecture, settings, target) : model(architecture, settings, target);
    }

    private int model(Architecture architecture, TrainSpec settings, Output target) throws IOException {
        Dataset whole = data.read();
        Dataset kept = holdOut == 0
                ? whole
                : apart(() -> whole.split(holdOut, stepping.seed()).learned());
        PrintWriter err = spec.commandLine().getErr();
        sayConstant(kept, err);
        if (settings.conditioning().dropped() > 0 && kept.ports().size() < 2) {
            throw new IllegalArgumentException(
                    "--drop: there is no condition that could be dropped; say which columns are conditions by --given");
        }
        Dataset rows = settings.conditioning().dropped() > 0 ? kept.droppable() : kept;
        try (Device opened = device.open(err);
                Model model = model(architecture, rows, opened)) {
            if (dryRun) {
                estimate(
                        model.estimate(rows, settings),
                        rows,
                        model.process().spec(),
                        model.networks(),
                        opened,
                        settings);
                return ExitCode.OK;
            }
            TrainResult result = train(
                    (listener, cancel, directory) ->
                            model.train(rows, settings, listener, cancel, directory, resume != null),
                    settings);
            if (failed(result)) {
                return ExitCode.FAILURE;
            }
            if (holdOut > 0) {
                model.note(Judging.heldOut(whole, holdOut, stepping.seed()));
            }
            model.save(target);
            printed.print(
                    spec,
                    String.format(
                            Locale.ROOT,
                            "%s: %s trained on %,d rows of %s, loss %.4f, in %s%nnext: tweedie sample --model %s%s --count 1000 --out samples.csv",
                            out,
                            model.networks().get(0).spec(),
                            rows.rows(),
                            String.join(", ", kept.columns()),
                            result.smoothLoss(),
                            ProgressLine.duration(result.seconds()),
                            quoted(out.toString()),
                            model.conditions().stream()
                                    .map(port -> " --given " + port.name() + "=FILE")
                                    .collect(Collectors.joining())),
                    json -> made(json, result, rows.rows()));
            return ExitCode.OK;
        }
    }

    private int classifier(Architecture architecture, TrainSpec settings, Output target) throws IOException {
        Classes whole = classes.read(data);
        Optional<Classes.Split> split =
                holdOut == 0 ? Optional.empty() : Optional.of(apart(() -> whole.split(holdOut, stepping.seed())));
        Classes learned = split.map(Classes.Split::learned).orElse(whole);
        int rows = learned.rows().rows();
        try (Device opened = device.open(spec.commandLine().getErr());
                ScoreModel model = ScoreModel.load(classes.model(), opened);
                Classifier classifier = Classifier.create(model, architecture, learned, stepping.seed())) {
            if (dryRun) {
                estimate(
                        classifier.estimate(learned, settings),
                        learned.rows(),
                        classifier.process().spec(),
                        List.of(classifier.network()),
                        opened,
                        settings);
                return ExitCode.OK;
            }
            TrainResult result = train(
                    (listener, cancel, directory) ->
                            classifier.train(learned, settings, listener, cancel, directory, resume != null),
                    settings);
            if (failed(result)) {
                return ExitCode.FAILURE;
            }
            classifier.save(target);
            Optional<Estimate> right = split.map(Classes.Split::heldOut).map(classifier::accuracy);
            List<String> names = classifier.classes();
            printed.print(
                    spec,
                    String.format(
                            Locale.ROOT,
                            "%s: %s tells %s apart, trained on %,d rows of %s, loss %.4f, in %s%n%snext: tweedie sample --model %s --guidance %s --count 1000 --out samples.csv",
                            out,
                            classifier.network().spec(),
                            String.join(", ", names),
                            rows,
                            String.join(", ", classifier.columns()),
                            result.smoothLoss(),
                            ProgressLine.duration(result.seconds()),
                            right.map(share -> String.format(
                                            Locale.ROOT,
                                            "of %,d rows kept apart, without noise, %.1f %% are told right%n",
                                            whole.rows().rows() - rows,
                                            100 * share.value()))
                                    .orElse(""),
                            quoted(classes.model().toString()),
                            quoted(new ClassifierSpec(out.toString(), names.get(0), 1).spec())),
                    json -> {
                        made(json, result, rows);
                        right.ifPresent(share -> json.field("accuracy", share.value()));
                        json.array("classes");
                        names.forEach(json::value);
                        json.end();
                    });
            return ExitCode.OK;
        }
    }

    private Model model(Architecture architecture, Dataset rows, Device opened) {
        return predict == null
                ? Model.create(sde, architecture, rows, stepping.seed(), opened)
                : ScoreModel.create(ProcessSpec.parse(sde), architecture, predict, rows, stepping.seed(), opened);
    }

    /** Refuses a process that there is not, and options that it does not read. */
    private void requireOptions(TrainSpec settings) {
        if (NonUniformModel.is(sde)) {
            NonUniformModel.parse(sde);
            if (predict != null || processAfter != null) {
                throw new IllegalArgumentException((predict != null ? "--predict" : "--process-after") + ": blocks of "
                        + sde + " are denoised and learn no process; leave it out, or take --sde vp");
            }
            return;
        }
        Noising process = ProcessSpec.process(sde);
        boolean matrices = process instanceof FlexibleSde;
        boolean learns = matrices || process instanceof VdmSde;
        if (predict != null && !(process instanceof Sde)) {
            throw new IllegalArgumentException("--predict: a network of " + process.spec() + " predicts "
                    + (matrices ? "clean rows" : "the score of velocities") + "; leave it out, or take --sde vp");
        }
        if (matrices && (drop != null || conditionNoise != null)) {
            throw new IllegalArgumentException((drop != null ? "--drop" : "--condition-noise") + ": " + sde
                    + " takes conditions as they are; leave it out, or take --sde vp");
        }
        String learner = matrices ? "process" : "schedule";
        if (learns && weighting != null && weighting != Weighting.LIKELIHOOD) {
            throw new IllegalArgumentException(
                    "--weighting: a " + learner + " that learns is trained by its bound, likelihood; got " + weighting
                            + "; leave it out, or take --sde vp");
        }
        if (learns && settings.slices().isPresent()) {
            throw new IllegalArgumentException("--objective: a " + learner
                    + " that learns is learned by denoising, got " + objective + "; leave it out, or take --sde vp");
        }
        if (!learns && processAfter != null) {
            throw new IllegalArgumentException(
                    "--process-after: nothing of " + process.spec() + " learns; take --sde vdm or flexible");
        }
    }

    /** Some rows kept apart; where that cannot be, the option is named. */
    private static <T> T apart(Supplier<T> split) {
        try {
            return split.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--hold-out: " + e.getMessage() + ", or --hold-out 0", e);
        }
    }

    /** A setting by the option that set it. */
    static <T> T named(String option, Supplier<T> setting) {
        try {
            return setting.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    private TrainSpec settings() {
        TrainSpec settings = stepping.over(TrainSpec.standard());
        Weighting usual = NonUniformModel.is(sde) ? Weighting.LIKELIHOOD : null;
        settings = with("--weighting", settings, weighting == null ? usual : weighting, TrainCommand::weighted);
        settings = with(
                "--process-after",
                settings,
                processAfter,
                (spec, share) -> spec.withProcess(spec.process().withAfter(share)));
        settings = with(
                "--objective",
                settings,
                named("--objective", () -> Slices.parse(objective)).orElse(null),
                TrainSpec::withSlices);
        if (drop != null || conditionNoise != null) {
            Conditioning dropped = Optional.ofNullable(drop)
                    .map(share -> named("--drop", () -> Conditioning.dropped(share)))
                    .orElse(Conditioning.CLEAN);
            Conditioning noise = Optional.ofNullable(conditionNoise)
                    .map(text -> named("--condition-noise", () -> Conditioning.parseNoise(text)))
                    .orElse(Conditioning.CLEAN);
            Conditioning conditioning = new Conditioning(dropped.dropped(), noise.noise(), noise.shrinking());
            settings = settings.withConditioning(conditioning);
        }
        return settings;
    }

    /** A weighting with the times that suit it. */
    private static TrainSpec weighted(TrainSpec settings, Weighting weighting) {
        TimeSampling times = switch (weighting) {
            case EDM -> TimeSampling.LOGNORMAL;
            case SIMPLE -> TimeSampling.UNIFORM;
            case LIKELIHOOD -> TimeSampling.IMPORTANCE;
        };
        return settings.withWeighting(weighting, times, settings.evenTimes());
    }

    /** Settings with one changed by the option that says it; as they are where it says nothing. */
    static <S, T> S with(String option, S settings, @Nullable T value, BiFunction<S, T, S> change) {
        return value == null ? settings : named(option, () -> change.apply(settings, value));
    }

    static void sayConstant(Dataset rows, PrintWriter err) {
        for (Dataset.Port port : rows.ports()) {
            List<String> constant = Normaliser.fit(rows, port.name()).constant();
            if (!constant.isEmpty()) {
                err.println("tweedie: constant columns keep scale 1: " + String.join(", ", constant));
            }
        }
    }

    /** What is trained, with what it tells and where its checkpoints go. */
    private interface Learning {
        TrainResult run(TrainListener listener, CancelToken cancel, CheckpointDirectory directory) throws IOException;
    }

    private TrainResult train(Learning learning, TrainSpec settings) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        RunFolder folder = RunFolder.of(out, resume, force);
        try (StopSignals signals = new StopSignals(err, "finishing the step, then writing a checkpoint")) {
            return folder.holding(err, directory -> {
                TrainListener listener = listener(err);
                TrainResult result = learning.run(listener, signals.token(), directory);
                if (result.outcome() == TrainResult.Outcome.CANCELLED) {
                    throw new Stopped(
                            "stopped after step " + result.step() + " of " + settings.steps() + "; go on with: "
                                    + folder.again(spec),
                            signals.code() == 0 ? 130 : signals.code());
                }
                return result;
            });
        }
    }

    /** Tells on standard error how far a training is. */
    static TrainListener listener(PrintWriter err) {
        ProgressLine line = new ProgressLine(err, "training");
        return new TrainListener() {
            @Override
            public void opened(String how) {
                err.println("tweedie: products of " + how);
            }

            @Override
            public void at(Progress progress) {
                line.at(
                        progress.step(),
                        progress.steps(),
                        progress.seconds(),
                        "rows",
                        progress.rowsPerSecond(),
                        String.format(Locale.ROOT, "  loss %.4f", progress.smoothLoss()));
            }
        };
    }

    static String quoted(String argument) {
        return argument.matches("[A-Za-z0-9_./:=,@%+-]+") ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }

    private boolean failed(TrainResult result) {
        if (result.outcome() == TrainResult.Outcome.NOT_FINITE) {
            spec.commandLine().getErr().println("tweedie: " + result.message());
            return true;
        }
        return false;
    }

    private void made(Json json, TrainResult result, int rows) {
        json.field("model", out.toString())
                .field("rows", rows)
                .field("steps", result.step())
                .field("loss", result.smoothLoss())
                .field("seconds", result.seconds());
    }

    private void estimate(
            Trainer.Estimate estimate,
            Dataset rows,
            String process,
            List<Network> networks,
            Device opened,
            TrainSpec settings) {
        printed.print(
                spec,
                Printed.lines(out -> {
                    out.printf(Locale.ROOT, "data       %,d rows of %s%n", rows.rows(), ModelMatch.text(rows.ports()));
                    out.printf(Locale.ROOT, "process    %s%n", process);
                    for (Network each : networks) {
                        out.printf(
                                Locale.ROOT,
                                "network    %s, %s -> [%d], %,d parameters%n",
                                each.spec(),
                                each.signature().from().stream()
                                        .map(port -> port.name() + " ["
                                                + port.space().width() + "]")
                                        .collect(Collectors.joining(", ")),
                                each.signature().into().get(0).space().width(),
                                each.parameters().count());
                    }
                    out.printf(
                            Locale.ROOT,
                            "device     %s, %,d bytes while training%n",
                            opened.name(),
                            estimate.deviceBytes());
                    out.printf(
                            Locale.ROOT,
                            "time       %,d steps of %d rows, about %s (%.2f ms a step, measured now)%n",
                            settings.steps(),
                            settings.batch(),
                            ProgressLine.duration(estimate.seconds()),
                            1e3 * estimate.secondsPerStep());
                }),
                json -> json.field("rows", rows.rows())
                        .field("parameters", estimate.parameters())
                        .field("deviceBytes", estimate.deviceBytes())
                        .field("secondsPerStep", estimate.secondsPerStep())
                        .field("seconds", estimate.seconds()));
    }
}
