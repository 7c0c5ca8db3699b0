package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.tweedie.Samples;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.io.AtomicFile;
import org.tweedie.io.Output;
import org.tweedie.metric.Evaluation;
import org.tweedie.score.Mlp;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Trains on a built-in set, samples, and writes a model, samples, pictures and a report, in under a minute on two cores.",
        footer = {"", "Example: tweedie demo --set checkerboard --out demo"})
final class DemoCommand implements Callable<Integer> {
    private static final int ROWS = 20_000;
    private static final int BATCH = 512;
    private static final int SAMPLES = 10_000;
    private static final int JUDGED = 2_000;
    private static final int TRACED = 3_000;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "tweedie-demo",
            description = "folder to write; default ${DEFAULT-VALUE}")
    private Path out;

    @Option(names = "--force", description = "replace what an earlier demo wrote there")
    private boolean force;

    @Option(
            names = "--set",
            paramLabel = "NAME",
            defaultValue = "moons",
            description =
                    "moons, circles, swissroll, checkerboard, pinwheel, eightgaussians, scurve or spiral; default ${DEFAULT-VALUE}")
    private String set;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "2500",
            description = "training steps; default ${DEFAULT-VALUE}")
    private long steps;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of everything random; default ${DEFAULT-VALUE}")
    private long seed;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        BuiltInSet built = DataOptions.set(set, List.of(), "");
        TrainSpec settings = TrainSpec.steps(steps).withBatch(BATCH).withSeed(seed);
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw new IllegalArgumentException("--out " + out + " is not a folder");
        }
        boolean ours = !Files.exists(out);
        for (String name : DemoFiles.NAMES) {
            AtomicFile.check(Output.to(out.resolve(name)).force(force));
        }
        try {
            run(built, settings);
        } finally {
            if (ours && Files.isDirectory(out)) {
                try (Stream<Path> files = Files.list(out)) {
                    if (files.findAny().isEmpty()) {
                        Files.delete(out); // nothing came of it
                    }
                }
            }
        }
        return ExitCode.OK;
    }

    private void run(BuiltInSet built, TrainSpec settings) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                StopSignals signals = new StopSignals(err, "stopping the demo")) {
            Files.createDirectories(out);
            Dataset whole = Dataset.of(built.rows(seed, 0, ROWS), "x", "y");
            Dataset rows = whole.split(0.1, seed).learned();
            try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(128, 3), rows, seed, opened)) {
                ProgressLine training = new ProgressLine(err, "training");
                TrainListener listener = progress -> training.at(
                        progress.step(),
                        progress.steps(),
                        progress.seconds(),
                        "rows",
                        progress.rowsPerSecond(),
                        String.format(Locale.ROOT, "  loss %.4f", progress.smoothLoss()));
                TrainResult result = model.train(rows, settings, listener, signals.token(), null, false);
                if (result.outcome() == TrainResult.Outcome.CANCELLED) {
                    throw new Stopped(
                            "the demo was stopped while training", signals.code() == 0 ? 130 : signals.code());
                } else if (result.outcome() == TrainResult.Outcome.NOT_FINITE) {
                    throw new ArithmeticException(result.message());
                }
                model.note(Judging.heldOut(whole, 0.1, seed));
                write(model, whole, result, opened, signals);
            } catch (CancellationException e) {
                throw new Stopped("the demo was stopped while sampling", signals.code() == 0 ? 130 : signals.code());
            }
        }
    }

    /** The commands that do it again, step by step, beside the files of this run. */
    private List<String> commands() {
        String device = this.device.again();
        return List.of(
                String.format(
                        Locale.ROOT,
                        "tweedie demo --set %s --steps %d --seed %d%s --force --out %s",
                        set,
                        steps,
                        seed,
                        device,
                        TrainCommand.quoted(out.toString())),
                String.format(
                        Locale.ROOT,
                        "tweedie train --data %s:%d:%d --steps %d --batch %d --seed %d%s --out %s",
                        set,
                        ROWS,
                        seed,
                        steps,
                        BATCH,
                        seed,
                        device,
                        file("again.safetensors")),
                String.format(
                        Locale.ROOT,
                        "tweedie sample --model %s --method %s --seed %d --count %d%s --out %s",
                        file("model.safetensors"),
                        SampleCommand.METHOD,
                        seed,
                        SAMPLES,
                        device,
                        file("again.npy")),
                String.format(
                        Locale.ROOT,
                        "tweedie evaluate --model %s --data %s:%d:%d --count %d --seed %d%s",
                        file("model.safetensors"),
                        set,
                        ROWS,
                        seed,
                        JUDGED,
                        seed + 1,
                        device),
                String.format(Locale.ROOT, "tweedie explain --model %s%s", file("model.safetensors"), device));
    }

    private String file(String name) {
        return TrainCommand.quoted(out.resolve(name).toString());
    }

    private void write(ScoreModel model, Dataset whole, TrainResult result, Device device, StopSignals signals)
            throws IOException {
        MethodSpec method = MethodSpec.parse(SampleCommand.METHOD);
        ProgressLine sampling = new ProgressLine(spec.commandLine().getErr(), "sampling");
        Samples samples = model.sampler(method)
                .cancel(signals.token())
                .progress((done, total, seconds) -> sampling.at(done, total, seconds, "rows", done / seconds, ""))
                .sample(SAMPLES, seed);
        Samples film = model.sampler(MethodSpec.parse("em@100"))
                .cancel(signals.token())
                .traced()
                .sample(TRACED, seed);
        Judging judging = Judging.of(
                model,
                whole,
                model.sampler(method).cancel(signals.token()),
                JUDGED,
                Set.of(),
                device,
                false,
                false,
                Evaluation.MOST_ROWS,
                seed + 1);
        new DemoFiles(out, force).write(model, whole, result, samples, film, judging, commands());
        printed.print(
                spec,
                Printed.lines(to -> {
                    to.print(judging.text());
                    to.printf(
                            Locale.ROOT,
                            "trained %,d steps in %s; sampled %,d rows in %.2f s (%,.0f rows/s, %d evaluations each, %s)%n",
                            result.step(),
                            ProgressLine.duration(result.seconds()),
                            samples.count(),
                            samples.run().milliseconds() / 1e3,
                            samples.count() / samples.run().milliseconds() * 1e3,
                            samples.run().nfe(),
                            samples.run().execution());
                    to.println("open " + out.resolve("report.html"));
                }),
                json -> {
                    json.field("out", out.toString())
                            .field("loss", result.smoothLoss())
                            .field("seconds", result.seconds())
                            .field(
                                    "rowsPerSecond",
                                    samples.count() / samples.run().milliseconds() * 1e3);
                    judging.fields(json);
                });
    }
}
