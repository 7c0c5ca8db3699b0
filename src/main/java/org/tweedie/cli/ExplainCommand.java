package org.tweedie.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.Model;
import org.tweedie.Sampler;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.train.TrainSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie explain}. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description =
                "Says what sampling by a method would do here: evaluations, cells, the execution chosen and why the others were not; and what would train.",
        footer = {"", "Example: tweedie explain --model quakes.safetensors --method heun@18"})
final class ExplainCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Option(
            names = "--method",
            paramLabel = "SPEC",
            description = "how to sample, as method@steps[,grid]; default " + SampleCommand.METHODS)
    private @Nullable String method;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "f32",
            description =
                    "numbers that the products of networks are of: f32 has the same bits on every device; f16 and bf16 are faster where a GPU has kernels for the model; "
                            + "f16x3 takes three products of f16 for one of f32's class; tf32 rounds f32 to 11 bits; default ${DEFAULT-VALUE}")
    private String precision;

    @Mixin
    private GuidanceOptions guidance;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        SampleCommand.checkMethod(method);
        Precision allowed = Precision.parse(precision);
        guidance.check();
        try (Device opened = device.open(spec.commandLine().getErr());
                Model loaded = Model.load(model, opened);
                GuidanceOptions.Guiding guiding = guidance.open(opened)) {
            Sampler.Explanation explanation = guiding.guided(loaded.sampler(SampleCommand.method(method, loaded)))
                    .precision(allowed)
                    .explain();
            Map<String, String> training = loaded.explainTraining(TrainSpec.standard());
            printed.print(
                    spec,
                    "model: " + loaded.process().spec() + ", "
                            + loaded.networks().get(0).spec() + " predicting "
                            + loaded.networks().get(0).prediction() + ", inputs " + ModelMatch.text(loaded.ports())
                            + "\n"
                            + explanation
                            + Printed.lines(out -> {
                                out.printf("%ntraining:%n");
                                training.forEach((way, what) -> out.printf("  %s: %s%n", way, what));
                            }),
                    json -> {
                        json.field("process", loaded.process().spec())
                                .field("network", loaded.networks().get(0).spec())
                                .field("method", explanation.method())
                                .field("device", explanation.device())
                                .field("steps", explanation.steps())
                                .field("evaluations", explanation.evaluations())
                                .field("cells", explanation.cells())
                                .field("execution", explanation.execution())
                                .object("executions");
                        explanation.reasons().forEach(json::field);
                        json.end().object("training");
                        training.forEach(json::field);
                        json.end();
                    });
        }
        return ExitCode.OK;
    }
}
