package org.tweedie.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.Model;
import org.tweedie.device.Device;
import org.tweedie.execution.Progress;
import org.tweedie.metric.Metric;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie evaluate}. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description =
                "Holds samples of a model against rows of a file: energy and sliced Wasserstein distances, MMD, transport"
                        + " of each column, Sinkhorn divergence, kernel density, precision, recall, density and coverage, moments, with error bars.",
        footer = {"", "Example: tweedie evaluate --model quakes.safetensors --data quakes.csv"})
final class EvaluateCommand implements Callable<Integer> {
    private static final List<String> MORE = List.of(Judging.CLASSIFIER, Judging.MEMORISATION);

    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Mixin
    private DataOptions data;

    @Option(
            names = "--method",
            paramLabel = "SPEC",
            description = "how to sample, as method@steps[,grid]; default " + SampleCommand.METHODS)
    private @Nullable String method;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "2000",
            description = "samples to draw; default ${DEFAULT-VALUE}")
    private int count;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "2048",
            description =
                    "the most rows of either side that pairs are made of; time grows with their square; default ${DEFAULT-VALUE}")
    private int most;

    @Option(
            names = "--metrics",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "mmd,marginals,sinkhorn,kde,coverage",
            description =
                    "what to compute beside energy and sliced distances and moments; 'classifier' trains one, for seconds;"
                            + " 'memorisation' looks for training rows given back; 'none' for no more; default ${DEFAULT-VALUE}")
    private List<String> metrics = List.of();

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of samples, halves and intervals; default ${DEFAULT-VALUE}")
    private long seed;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (count < 2) {
            throw new IllegalArgumentException("--count must be at least 2, got " + count);
        }
        if (most < 2) {
            throw new IllegalArgumentException("--rows must be at least 2, got " + most);
        }
        Set<Metric> wanted = metrics();
        SampleCommand.checkMethod(method);
        Dataset read = data.read();
        var err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                Model loaded = Model.load(model, opened)) {
            Dataset rows = ModelMatch.matched(loaded, read);
            ProgressLine line = new ProgressLine(err, "sampling");
            Progress progress = (done, total, seconds) -> line.at(done, total, seconds, "rows", done / seconds, "");
            Judging judging = Judging.of(
                    loaded,
                    rows,
                    loaded.sampler(SampleCommand.method(method, loaded)).progress(progress),
                    count,
                    wanted,
                    opened,
                    asked(Judging.CLASSIFIER),
                    asked(Judging.MEMORISATION),
                    most,
                    seed);
            printed.print(spec, judging.text(), judging::fields);
        }
        return ExitCode.OK;
    }

    private boolean asked(String metric) {
        return metrics.stream().anyMatch(name -> name.strip().equals(metric));
    }

    private Set<Metric> metrics() {
        Set<Metric> wanted = EnumSet.noneOf(Metric.class);
        for (String name : metrics) {
            Optional<Metric> known = Arrays.stream(Metric.values())
                    .filter(metric -> metric.spec().equals(name.strip()))
                    .findFirst();
            if (known.isPresent()) {
                wanted.add(known.get());
            } else if (!MORE.contains(name.strip()) && (!name.strip().equals("none") || metrics.size() > 1)) {
                throw Spelling.unknown(
                        "metric",
                        name.strip(),
                        Arrays.stream(Metric.values()).map(Metric::spec).toList(),
                        ", " + String.join(", ", MORE) + "; or none");
            }
        }
        return wanted;
    }
}
