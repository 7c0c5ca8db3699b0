package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.Sampler;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.BridgeWalk;
import org.tweedie.bridge.Direction;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie bridge sample}. */
@Command(
        name = "sample",
        mixinStandardHelpOptions = true,
        description =
                "Walks a bridge one way, into a file, in bounded memory: from rows of the set that it starts at, drawn at random, or from those given.",
        footer = {
            "",
            "Sample i is a function of (bridge, direction, seed, i) and where it starts: --first-index and --count cut the same endless table.",
            "Example: tweedie bridge sample --model bridge.safetensors --direction backward --count 10000 --out back.npy"
        })
final class BridgeSampleCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the bridge file")
    private Path model;

    @Option(
            names = "--direction",
            required = true,
            paramLabel = "D",
            description = "forward: from the rows of --from to those of --to; backward: from those to these")
    private Direction direction;

    @Option(
            names = "--given",
            paramLabel = "FILE",
            description = "rows to start from; row i belongs to sample i, a single row to all")
    private @Nullable String given;

    @Option(names = "--count", paramLabel = "N", description = "rows to sample; default as many as are given")
    private @Nullable Long count;

    @Mixin
    private SampledRows rows;

    @Mixin
    private DeviceOption device;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (count == null && given == null) {
            throw new IllegalArgumentException(
                    "--count: say how many rows to sample, or --given the rows to start from");
        }
        rows.check(count == null ? 1 : count);
        List<Path> inputs = new ArrayList<>(List.of(model));
        if (given != null) {
            inputs.add(DataOptions.path(given));
        }
        Output target = rows.target(inputs);
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                SchrodingerBridge bridge = SchrodingerBridge.load(model, opened);
                StopSignals signals = new StopSignals(err, "stopping; nothing is left behind")) {
            Sampler sampler = bridge.way(direction);
            long samples = count == null ? 1 : count;
            if (given != null) {
                Table start = start(bridge, given, samples);
                samples = count == null ? rows.left(start.rows()) : samples;
                sampler = sampler.given(BridgeWalk.START, start.data(), start.columns());
            }
            String how = "bridge:" + direction.spec() + "@"
                    + bridge.process().sizes().count();
            rows.make(
                    new SampledRows.Job(sampler, samples, bridge.columns(direction), how, model, again()),
                    target,
                    signals);
        }
        return ExitCode.OK;
    }

    private Table start(SchrodingerBridge bridge, String file, long samples) throws IOException {
        if (direction == Direction.BACKWARD && bridge.process().normal()) {
            throw new IllegalArgumentException(
                    "--given: the second end of this bridge is the normal law, which walks backward draw their starts from; leave it out");
        }
        return rows.given("--given", file, bridge.columns(direction.other()), "start", samples);
    }

    private String again() {
        return "tweedie bridge sample --model " + TrainCommand.quoted(model.toString()) + " --direction "
                + direction.spec() + (given == null ? "" : " --given " + TrainCommand.quoted(given)) + device.again();
    }
}
