package org.tweedie.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.Bridge;
import org.tweedie.ConditionalBridge;
import org.tweedie.Sampler;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.BridgeWalk;
import org.tweedie.bridge.Direction;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.Table;
import org.tweedie.plan.GivenStart;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie bridge sample}. */
@Command(
        name = "sample",
        mixinStandardHelpOptions = true,
        description = {
            "Walks a bridge one way, into a file, in bounded memory: from rows of the set that it starts at, drawn at random, or from those given.",
            "A conditional bridge is walked to rows given observations."
        },
        footer = {
            "",
            "Sample i is a function of (bridge, direction, seed, i) and what it is given: --first-index and --count cut the same endless table.",
            "Example: tweedie bridge sample --model bridge.safetensors --direction backward --count 10000 --out back.npy",
            "Example: tweedie bridge sample --model posterior.safetensors --given y=seen.csv --count 1000 --out rows.npy"
        })
final class BridgeSampleCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the bridge file")
    private Path model;

    @Option(
            names = "--direction",
            paramLabel = "D",
            description =
                    "forward: from the rows that bridge fit had as --from to those of its --to; backward: the other way; a conditional bridge goes backward, its flow both ways")
    private @Nullable String toward;

    @Option(
            names = "--given",
            paramLabel = "[NAME=]FILE",
            description =
                    "rows to start from; of a conditional bridge rows of a condition, as y=FILE, and of its flow start=FILE; row i belongs to sample i, a single row to all")
    private List<String> given = List.of();

    @Option(
            names = "--there-and-back",
            description =
                    "walk a conditional bridge from its own pairs, forward with their observations and back under those given; twice the evaluations")
    private boolean thereAndBack;

    @Option(names = "--count", paramLabel = "N", description = "rows to sample; default as many as are given")
    private @Nullable Long count;

    @Option(
            names = "--flow",
            description =
                    "move rows without noise, by the probability flow of both ways; rows may be --given at either end, the normal law's too; of a conditional bridge under observations")
    private boolean flow;

    @Option(names = "--steps", paramLabel = "N", description = "steps of the flow; default those of the bridge")
    private @Nullable Integer steps;

    private @Nullable Direction direction;

    @Mixin
    private SampledRows rows;

    @Mixin
    private DeviceOption device;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (count == null && given.isEmpty()) {
            throw new IllegalArgumentException("--count: say how many rows to sample, or --given the rows of each");
        }
        if (steps != null && !flow) {
            throw new IllegalArgumentException(
                    "--steps is of the flow; a walk takes the steps that the bridge was fitted with: add --flow, or leave it out");
        }
        String way = toward;
        direction = way == null ? null : TrainCommand.named("--direction", () -> Direction.parse(way));
        rows.check(count == null ? 1 : count);
        List<Path> inputs = new ArrayList<>(List.of(model));
        for (String file : given) {
            inputs.add(DataOptions.path(file));
            inputs.add(DataOptions.path(file.substring(file.indexOf('=') + 1)));
        }
        Output target = rows.target(inputs);
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                Bridge bridge = Bridge.load(model, opened);
                StopSignals signals = new StopSignals(err, "stopping; nothing is left behind")) {
            SampledRows.Job job = bridge instanceof ConditionalBridge conditional
                    ? posterior(conditional)
                    : way((SchrodingerBridge) bridge);
            rows.make(job, target, signals);
        }
        return ExitCode.OK;
    }

    private SampledRows.Job way(SchrodingerBridge bridge) throws IOException {
        if (direction == null) {
            throw new IllegalArgumentException("--direction: say which way to walk, forward or backward");
        }
        if (thereAndBack) {
            throw new IllegalArgumentException(
                    "--there-and-back: this bridge has no conditions to come back under; leave it out");
        }
        int taken = steps == null ? bridge.process().sizes().count() : steps;
        Sampler sampler = flow ? bridge.flow(direction).steps(taken) : bridge.way(direction);
        long samples = count == null ? 1 : count;
        if (!given.isEmpty()) {
            Table start = start(bridge, direction, samples);
            samples = count == null ? rows.left(start.rows()) : samples;
            sampler = sampler.given(BridgeWalk.START, start.data(), start.columns());
            if (drawn(bridge, direction)) {
                sampler = sampler.steer(new GivenStart());
            }
        }
        return job(
                sampler,
                samples,
                bridge.columns(direction),
                (flow ? "flow:" : "bridge:") + direction.spec() + "@" + taken,
                " --direction " + direction.spec() + (flow ? " --flow" : "")
                        + (steps == null ? "" : " --steps " + steps));
    }

    private SampledRows.Job job(Sampler sampler, long samples, List<String> columns, String how, String options) {
        StringBuilder again = new StringBuilder("tweedie bridge sample --model ")
                .append(TrainCommand.quoted(model.toString()))
                .append(options);
        given.forEach(file -> again.append(" --given ").append(TrainCommand.quoted(file)));
        return new SampledRows.Job(
                sampler,
                samples,
                columns,
                how,
                model,
                again.append(device.again()).toString());
    }

    /** Whether rows start from the normal law when none are given. */
    private static boolean drawn(SchrodingerBridge bridge, Direction way) {
        return way == Direction.BACKWARD && bridge.process().normal();
    }

    private Table start(SchrodingerBridge bridge, Direction way, long samples) throws IOException {
        if (!flow && drawn(bridge, way)) {
            throw new IllegalArgumentException(
                    "--given: the second end of this bridge is the normal law, which walks backward draw their starts from; leave it out, or move rows by --flow");
        }
        String file = given.get(0);
        if (given.size() > 1 || (file.contains("=") && !Files.exists(DataOptions.path(file)))) {
            throw new IllegalArgumentException(
                    "--given: this bridge has no conditions; pass one --given FILE, the rows to start from, got "
                            + String.join(" ", given));
        }
        return rows.given("--given", file, bridge.columns(way.other()), "start", samples);
    }

    private SampledRows.Job posterior(ConditionalBridge bridge) throws IOException {
        if (direction == Direction.FORWARD && !flow) {
            throw new IllegalArgumentException(
                    "--direction forward: a conditional bridge is walked backward, to rows given observations; leave it out, or move rows by --flow");
        }
        if (flow && thereAndBack) {
            throw new IllegalArgumentException(
                    "--there-and-back walks the bridge's pairs, and --flow moves rows without noise; leave one away");
        }
        long samples = count == null ? 1 : count;
        Map<String, String> files = files(bridge.conditions());
        if (flow) {
            return conditionalFlow(bridge, files, samples);
        }
        GivenConditions conditions = GivenConditions.read("bridge", files, bridge.conditions(), rows, samples);
        samples = count == null ? rows.left(conditions.rows()) : samples;
        Sampler sampler = thereAndBack ? bridge.posteriorForwardBackward() : bridge.posterior();
        return job(
                conditions.under(sampler),
                samples,
                bridge.columns(),
                "bridge:" + (thereAndBack ? "there-and-back" : Direction.BACKWARD.spec()) + "@"
                        + bridge.process().sizes().count(),
                thereAndBack ? " --there-and-back" : "");
    }

    /** From normals, or from the rows of {@code start=FILE}, each moved under its observation. */
    private SampledRows.Job conditionalFlow(ConditionalBridge bridge, Map<String, String> files, long asked)
            throws IOException {
        Direction way = direction == null ? Direction.BACKWARD : direction;
        String file = files.remove(BridgeWalk.START);
        if (file == null && way == Direction.FORWARD) {
            throw new IllegalArgumentException(
                    "--direction forward: the flow forward moves rows of the caller's; pass --given start=FILE ("
                            + String.join(", ", bridge.columns()) + "), and the observation of each");
        }
        GivenConditions conditions = GivenConditions.read("bridge", files, bridge.conditions(), rows, asked);
        int taken = steps == null ? bridge.process().sizes().count() : steps;
        Sampler sampler = conditions.under(bridge.flow(way).steps(taken));
        int most = conditions.rows();
        if (file != null) {
            Table start = rows.given("--given start", file, bridge.columns(), "start", asked);
            most = Math.max(most, start.rows());
            sampler = sampler.given(BridgeWalk.START, start.data(), start.columns());
            if (way == Direction.BACKWARD) {
                sampler = sampler.steer(new GivenStart());
            }
        }
        return job(
                sampler,
                count == null ? rows.left(most) : asked,
                bridge.columns(),
                "flow:" + way.spec() + "@" + taken,
                " --direction " + way.spec() + " --flow" + (steps == null ? "" : " --steps " + steps));
    }

    /** The files by the condition before the first '='. */
    private Map<String, String> files(List<Dataset.Port> conditions) {
        Map<String, String> files = new LinkedHashMap<>();
        for (String one : given) {
            int cut = one.indexOf('=');
            String name = cut < 0 ? conditions.get(0).name() : one.substring(0, cut);
            if (cut < 0) {
                throw new IllegalArgumentException("--given " + one
                        + ": a file of observations is named with its condition; pass --given " + name + "=" + one);
            }
            if (files.put(name, one.substring(cut + 1)) != null) {
                throw new IllegalArgumentException("--given " + name + " is there twice; a condition has one file");
            }
        }
        return files;
    }
}
