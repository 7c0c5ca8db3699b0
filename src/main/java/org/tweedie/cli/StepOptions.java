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
                    "steps of the optimiser; default 6000, for each half of a bridge 1000, into a domain or of first hitting 2000")
    private @Nullable Long steps;

    @Option(names = "--batch", paramLabel = "B", description = "rows a step; default 1024, pairs of bridges 512")
    private @Nullable Integer batch;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description = "learning rate after warm-up; default 4e-3, of a bridge 2e-3, of first hitting 5e-3")
    private @Nullable Double rate;

    @Option(
            names = "--ema",
            paramLabel = "DECAY",
            description = "decay of the running mean of the weights; default 0.999, of bridges 0.99")
    private @Nullable Double average;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "of weights, order, times, walks and noise; default ${DEFAULT-VALUE}")
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
