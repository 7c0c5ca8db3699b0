package org.tweedie.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.tweedie.BridgeModel;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie domain sample}. */
@Command(
        name = "sample",
        mixinStandardHelpOptions = true,
        description = "Samples rows from a bridge into a domain, every one of them in the domain, in bounded memory.",
        footer = {
            "",
            "Sample i is a function of (model, seed, i) alone: --first-index and --count cut the same endless table.",
            "Example: tweedie domain sample --model homes.safetensors --count 10000 --out more.csv"
        })
final class DomainSampleCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the file of domain fit")
    private Path model;

    @Option(names = "--count", required = true, paramLabel = "N", description = "rows to sample")
    private long count;

    @Mixin
    private SampledRows rows;

    @Mixin
    private DeviceOption device;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        rows.check(count);
        Output target = rows.target(List.of(model));
        PrintWriter err = spec.commandLine().getErr();
        try (Device opened = device.open(err);
                BridgeModel loaded = BridgeModel.load(model, opened);
                StopSignals signals = new StopSignals(err, "stopping; nothing is left behind")) {
            String again = "tweedie domain sample --model " + TrainCommand.quoted(model.toString()) + device.again();
            rows.make(
                    new SampledRows.Job(
                            loaded.sampler(), count, loaded.columns(), "domain@" + loaded.steps(), model, again),
                    target,
                    signals);
        }
        return ExitCode.OK;
    }
}
