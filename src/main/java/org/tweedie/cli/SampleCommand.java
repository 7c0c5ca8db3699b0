package org.tweedie.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.Model;
import org.tweedie.Sampler;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.Langevin;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.NonUniformSde;
import org.tweedie.sde.Sde;
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

    /** The same of a model of blocks or scales, whose intervals share the steps. */
    static final String METHOD_OF_BLOCKS = "dpm2m@100";

    /** What is taken where nothing is said, for people. */
    static final String METHODS = METHOD + ", of a cld model " + METHOD_OF_PAIRS + ", of a flexible one "
            + METHOD_OF_MATRICES + ", of blocks or scales " + METHOD_OF_BLOCKS;

    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Option(names = "--count", required = true, paramLabel = "N", description = "rows to sample")
    private long count;

    @Mixin
    private SampledRows rows;

    @Option(
            names = "--method",
            paramLabel = "SPEC",
            description =
                    "method@steps[,grid]: em@500, ddim:0@50, heun@18, dpm2m@20, unipc:3@15, rk45:1e-4@200, pc:0.16@500, sscs@100, ...; default "
                            + METHODS)
    private @Nullable String method;

    @Option(
            names = "--given",
            paramLabel = "NAME=FILE",
            description = "rows of a condition, as y=FILE; row i belongs to sample i, a single row to all")
    private Map<String, String> given = new LinkedHashMap<>();

    @Mixin
    private GuidanceOptions guidance;

    @Mixin
    private ObserveOptions observed;

    @Mixin
    private DeviceOption device;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        rows.check(count);
        checkMethod(method);
        if (method != null && MethodSpec.parse(method).method() instanceof Langevin by && !by.adjusted()) {
            throw new IllegalArgumentException(
                    "--method " + method
                            + " starts from rows of your own, in Java by given(\"start\", ...); take ald, which starts from noise");
        }
        observed.check();
        guidance.check();
        List<Path> inputs =
                new ArrayList<>(given.values().stream().map(DataOptions::path).toList());
        inputs.addAll(observed.files());
        inputs.addAll(guidance.files());
        inputs.add(model);
        Output target = rows.target(inputs);
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                Model loaded = Model.load(model, opened);
                GuidanceOptions.Guiding guiding = guidance.open(opened);
                StopSignals signals = new StopSignals(err, "stopping; nothing is left behind")) {
            GivenConditions conditions = GivenConditions.read("model", given, loaded.conditions(), rows, count);
            Sampler sampler = observed.steered(
                    conditions.under(guiding.guided(loaded.sampler(method(method, loaded)))),
                    loaded.columns(),
                    rows.end(count));
            String how = method == null ? method(method, loaded).spec() : method;
            rows.make(new SampledRows.Job(sampler, count, loaded.columns(), how, model, again(how)), target, signals);
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
        } else if (model.process() instanceof NonUniformSde) {
            return MethodSpec.parse(METHOD_OF_BLOCKS);
        }
        return MethodSpec.parse(model.process() instanceof Sde ? METHOD : METHOD_OF_PAIRS);
    }

    /** The command that makes the same rows again, up to the options that all samples have. */
    private String again(String how) {
        StringBuilder command = new StringBuilder(String.format(
                Locale.ROOT,
                "tweedie sample --model %s --method %s",
                TrainCommand.quoted(model.toString()),
                TrainCommand.quoted(how)));
        given.forEach((name, file) -> command.append(" --given ").append(TrainCommand.quoted(name + "=" + file)));
        return command.append(guidance.again())
                .append(observed.again())
                .append(device.again())
                .toString();
    }
}
