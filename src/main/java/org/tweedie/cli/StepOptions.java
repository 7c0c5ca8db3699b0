package org.tweedie.cli;

import org.jspecify.annotations.Nullable;
import org.tweedie.execution.Precision;
import org.tweedie.train.TrainSpec;
import picocli.CommandLine.Option;

/** How a command trains, whatever learns: its steps, their rows, rates, numbers and checkpoints. */
final class StepOptions {
    @Option(
            names = "--steps",
            paramLabel = "N",
            description =
                    "steps of the optimiser; default 6000 of train, 1000 for each half bridge of bridge fit, 2000 of domain fit and hitting fit")
    private @Nullable Long steps;

    @Option(
            names = "--batch",
            paramLabel = "B",
            description = "rows a step; default 1024 of train, 512 pairs of every fit")
    private @Nullable Integer batch;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description =
                    "learning rate after warm-up; default 4e-3 of train, 2e-3 of bridge fit and domain fit, 5e-3 of hitting fit")
    private @Nullable Double rate;

    @Option(
            names = "--ema",
            paramLabel = "DECAY",
            description =
                    "decay a step of the running mean of the weights, which is what is kept; default 0.999 of train, 0.99 of every fit")
    private @Nullable Double average;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of weights, order, times, walks and noise; default ${DEFAULT-VALUE}")
    private long seed;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            description =
                    "steps between checkpoints; default 1000, or a fiftieth of the steps where that is more; after each half of a bridge there is one too")
    private @Nullable Long checkpointEvery;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "auto",
            description =
                    "numbers of the products of gradients and walks: f32 has the same bits on every device, bf16 goes where a GPU has kernels for the network; "
                            + "auto is bf16 there and f32 elsewhere; default ${DEFAULT-VALUE}")
    private String precision;

    long seed() {
        return seed;
    }

    /** The settings of a training that has these where nothing else is asked for. */
    TrainSpec over(TrainSpec standard) {
        TrainSpec settings = standard.withSeed(seed);
        settings = TrainCommand.with("--steps", settings, steps, TrainSpec::withSteps);
        settings = TrainCommand.with("--batch", settings, batch, TrainSpec::withBatch);
        settings = TrainCommand.with("--lr", settings, rate, TrainSpec::withRate);
        settings = TrainCommand.with("--ema", settings, average, TrainSpec::withAverage);
        settings = settings.withCheckpointEvery(
                Math.max(settings.checkpointEvery(), settings.steps() / RunFolder.MOST_CHECKPOINTS));
        settings = TrainCommand.with("--checkpoint-every", settings, checkpointEvery, TrainSpec::withCheckpointEvery);
        return precision.equals("auto")
                ? settings
                : TrainCommand.with("--precision", settings, Precision.parse(precision), TrainSpec::withPrecision);
    }
}
