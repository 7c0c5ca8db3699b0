package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.tweedie.Model;
import org.tweedie.Sampler;
import org.tweedie.Samples;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.io.Output;
import org.tweedie.io.Png;
import org.tweedie.io.RowWriter;
import org.tweedie.io.ScatterPicture;
import org.tweedie.io.Sha256;
import org.tweedie.io.Table;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie sample}. */
@Command(
        name = "sample",
        mixinStandardHelpOptions = true,
        description = "Samples rows from a model into a file, in bounded memory.",
        footer = {
            "",
            "Sample i is a function of (model, method, seed, i) alone: --first-index and --count cut the same endless table.",
            "Example: tweedie sample --model quakes.safetensors --count 1000000 --out more.npy"
        })
final class SampleCommand implements Callable<Integer> {
    /** The method when nothing is said: second order, deterministic after its start, close to the data in few evaluations. */
    static final String METHOD = "dpm2m@25";

    /** The same of a model with velocities. */
    static final String METHOD_OF_PAIRS = "sscs:midpoint@50,quadratic";

    /** What a model whose process is of matrices is sampled by. */
    static final String METHOD_OF_MATRICES = "ei@100,quadratic";

    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors", ".png");
    private static final int MOST_IN_A_PICTURE = 200_000;

    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Option(names = "--count", required = true, paramLabel = "N", description = "rows to sample")
    private long count;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "file to write: .npy, .npz, .csv, .safetensors, or .png for a picture")
    private Path out;

    @Option(names = "--force", description = "replace the file")
    private boolean force;

    @Option(
            names = "--method",
            paramLabel = "SPEC",
            description =
                    "method@steps[,grid]: em@500, ddim:0@50, heun@18, dpm2m@20, unipc:3@15, rk45:1e-4@200, pc:0.16@500, sscs@100, ...; default "
                            + METHOD + ", of a cld model " + METHOD_OF_PAIRS + ", of a flexible one "
                            + METHOD_OF_MATRICES)
    private @Nullable String method;

    @Option(
            names = "--given",
            paramLabel = "NAME=FILE",
            description = "rows of a condition; row i belongs to sample i, a single row to all")
    private Map<String, String> given = new LinkedHashMap<>();

    @Mixin
    private GuidanceOptions guidance;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "0", description = "default ${DEFAULT-VALUE}")
    private long seed;

    @Option(
            names = "--first-index",
            paramLabel = "I",
            defaultValue = "0",
            description = "number of the first sample; default ${DEFAULT-VALUE}")
    private long first;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "f32",
            description =
                    "f32: the same bits on every device; f16 or bf16: also products of 16 bits, where a GPU has them for this model; "
                            + "f16x3: three of them for one of f32's class; tf32: of f32 rounded to 11 bits; default ${DEFAULT-VALUE}")
    private String precision;

    @Mixin
    private ObserveOptions observed;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (count < 1) {
            throw new IllegalArgumentException("--count must be at least 1, got " + count);
        }
        if (first < 0 || first > Long.MAX_VALUE - count) {
            throw new IllegalArgumentException(
                    "--first-index must not be negative and --first-index + --count must stay below 2^63, got " + first
                            + " + " + count);
        }
        checkMethod(method);
        Precision allowed = Precision.parse(precision);
        observed.check();
        guidance.check();
        Target.requireExtension(out, EXTENSIONS);
        List<Path> inputs =
                new ArrayList<>(given.values().stream().map(DataOptions::path).toList());
        inputs.addAll(observed.files());
        inputs.addAll(guidance.files());
        inputs.add(model);
        Output target = Target.of(out, force, inputs);
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                Model loaded = Model.load(model, opened);
                GuidanceOptions.Guiding guiding = guidance.open(opened);
                StopSignals signals = new StopSignals(err, "stopping; nothing is left behind")) {
            Sampler sampler = observed.steered(
                    under(loaded, guiding.guided(loaded.sampler(method(method, loaded))))
                            .precision(allowed)
                            .cancel(signals.token()),
                    loaded.columns(),
                    first + count);
            String how = method == null ? method(method, loaded).spec() : method;
            long began = System.nanoTime();
            try {
                if (isPicture()) {
                    picture(sampler, target, loaded.columns(), how);
                } else {
                    stream(sampler, target, loaded.columns(), how);
                }
            } catch (CancellationException e) {
                throw new Stopped("stopped; " + out + " was not written", signals.code() == 0 ? 130 : signals.code());
            }
            report((System.nanoTime() - began) / 1e9, how);
        }
        return ExitCode.OK;
    }

    /** Refuses a method that cannot be read, before a model is. */
    static void checkMethod(@Nullable String asked) {
        if (asked != null) {
            MethodSpec.parse(asked);
        }
    }

    /** The method asked for, or the one that the model's process is sampled by when nothing is said. */
    static MethodSpec method(@Nullable String asked, Model model) {
        if (asked != null) {
            return MethodSpec.parse(asked);
        }
        if (model.process() instanceof FlexibleSde) {
            return MethodSpec.parse(METHOD_OF_MATRICES);
        }
        return MethodSpec.parse(model.process() instanceof Sde ? METHOD : METHOD_OF_PAIRS);
    }

    /** The sampler under the conditions given, which must be those that the model was trained with. */
    private Sampler under(Model loaded, Sampler sampler) throws IOException {
        List<Dataset.Port> conditions = loaded.conditions();
        List<String> names = conditions.stream().map(Dataset.Port::name).toList();
        for (String name : given.keySet()) {
            if (names.isEmpty()) {
                throw new IllegalArgumentException("--given " + name + ": the model was trained without conditions");
            } else if (!names.contains(name)) {
                throw Spelling.unknown("condition", name, names);
            }
        }
        Sampler ready = sampler;
        for (Dataset.Port port : conditions) {
            String file = given.get(port.name());
            String columns = String.join(", ", port.columns());
            if (file == null) {
                throw new IllegalArgumentException("the model needs the condition '" + port.name() + "' (" + columns
                        + "); pass --given " + port.name() + "=FILE");
            }
            Table rows = DataOptions.file(file, List.of());
            if (rows.names().containsAll(port.columns())) {
                rows = rows.select(port.columns());
            }
            if (rows.columns() != port.width()) {
                throw new IllegalArgumentException("--given " + port.name() + ": " + file + " has " + rows.columns()
                        + " columns, the model's '" + port.name() + "' has " + port.width() + ": " + columns);
            }
            if (rows.rows() > 1 && rows.rows() < first + count) {
                throw new IllegalArgumentException("--given " + port.name() + ": " + file + " has " + rows.rows()
                        + " rows; row i belongs to sample i, so " + (first + count) + " are needed, or one for all");
            }
            ready = ready.given(port.name(), rows.data(), rows.columns());
        }
        return ready;
    }

    private boolean isPicture() {
        return String.valueOf(out.getFileName()).toLowerCase(Locale.ROOT).endsWith(".png");
    }

    private void stream(Sampler sampler, Output target, List<String> columns, String how) throws IOException {
        Map<String, String> metadata = Map.of(
                "model", Sha256.of(model), "method", how, "seed", Long.toString(seed), "first", Long.toString(first));
        long[] unfinished = {0};
        ProgressLine line = new ProgressLine(spec.commandLine().getErr(), "sampling");
        try (RowWriter writer = RowWriter.open(target, count, columns, metadata)) {
            sampler
                    .progress((done, total, seconds) -> line.at(done, total, seconds, "rows", done / seconds, ""))
                    .stream(first, count, seed, samples -> {
                if (samples.run().nonFinite() > 0) {
                    throw new ArithmeticException(samples.run().nonFinite() + " of samples "
                            + samples.run().first() + " to " + (samples.run().first() + samples.count() - 1)
                            + " are not finite; use more steps or another method");
                }
                unfinished[0] += samples.unfinished();
                try {
                    writer.write(samples.rows(), 0, samples.count());
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            writer.finish();
            warn(unfinished[0], how);
        } catch (java.io.UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void warn(long unfinished, String how) {
        if (unfinished > 0) {
            spec.commandLine()
                    .getErr()
                    .printf(
                            "tweedie: %,d of %,d rows ran out of steps before the end of %s and hold what they got to; allow more behind the @,"
                                    + " or loosen the tolerance%n",
                            unfinished, count, how);
        }
    }

    private void picture(Sampler sampler, Output target, List<String> columns, String how) throws IOException {
        if (columns.size() < 2) {
            throw new IllegalArgumentException(
                    "a picture needs two columns, the model has " + columns + "; write .csv or .npy");
        }
        int shown = (int) Math.min(count, MOST_IN_A_PICTURE);
        if (shown < count) {
            spec.commandLine().getErr().println("tweedie: the picture shows the first " + shown + " rows");
        }
        Samples samples = sampler.sample(first, shown, seed);
        warn(samples.unfinished(), how);
        Table rows = Table.of(samples.rows(), columns.size()).named(columns);
        Png.write(target, ScatterPicture.around(rows, 0, 1, 512).draw(rows, ScatterPicture.Ink.RED));
    }

    private void report(double seconds, String how) throws IOException {
        String hash = Sha256.of(out);
        StringBuilder command = new StringBuilder(String.format(
                Locale.ROOT,
                "tweedie sample --model %s --method %s",
                TrainCommand.quoted(model.toString()),
                TrainCommand.quoted(how)));
        given.forEach((name, file) -> command.append(" --given ").append(TrainCommand.quoted(name + "=" + file)));
        command.append(guidance.again());
        command.append(observed.again());
        command.append(String.format(
                Locale.ROOT,
                " --seed %d --first-index %d --count %d%s --out %s",
                seed,
                first,
                count,
                device.again(),
                TrainCommand.quoted(out.toString())));
        String again = command.toString();
        printed.print(
                spec,
                String.format(
                        Locale.ROOT,
                        "%s: %,d rows in %s (%,.0f rows/s), sha256 %s%nmodel sha256 %s%nagain: %s",
                        out,
                        count,
                        ProgressLine.duration(seconds),
                        count / seconds,
                        hash,
                        Sha256.of(model),
                        again),
                json -> json.field("file", out.toString())
                        .field("rows", count)
                        .field("seconds", seconds)
                        .field("rowsPerSecond", count / seconds)
                        .field("sha256", hash)
                        .field("again", again));
    }
}
