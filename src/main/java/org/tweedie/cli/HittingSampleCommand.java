package org.tweedie.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.tweedie.FirstHittingModel;
import org.tweedie.Samples;
import org.tweedie.device.Device;
import org.tweedie.hitting.FirstHitting;
import org.tweedie.io.Output;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie hitting sample}. */
@Command(
        name = "sample",
        mixinStandardHelpOptions = true,
        description =
                "Walks until rows hit the set, into a file, in bounded memory: levels of categories and degrees on the earth, as in the file that was fitted to.",
        footer = {
            "",
            "Sample i is a function of (model, seed, i): --first-index and --count cut the same endless table.",
            "Example: tweedie hitting sample --model quakes.safetensors --count 10000 --times --out sampled.csv"
        })
final class HittingSampleCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Option(names = "--count", required = true, paramLabel = "N", description = "rows to sample")
    private long count;

    @Option(names = "--times", description = "a last column " + FirstHitting.TIME + ": how long each walk took")
    private boolean times;

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
                FirstHittingModel walks = FirstHittingModel.load(model, opened);
                StopSignals signals = new StopSignals(err, "stopping; nothing is left behind")) {
            List<String> columns = new ArrayList<>(walks.written());
            if (times) {
                columns.add(FirstHitting.TIME);
            }
            rows.make(
                    new SampledRows.Job(
                            walks.sampler(),
                            count,
                            columns,
                            "hitting:" + walks.domain().spec(),
                            model,
                            "tweedie hitting sample --model " + TrainCommand.quoted(model.toString())
                                    + (times ? " --times" : "") + device.again(),
                            samples -> written(walks, samples),
                            "fit with a larger LIMIT in --walk"),
                    target,
                    signals);
        }
        return ExitCode.OK;
    }

    private float[] written(FirstHittingModel walks, Samples samples) {
        float[] places = walks.domain().write(samples.rows());
        if (!times) {
            return places;
        }
        float[] tau = samples.output(FirstHitting.TIME);
        int width = places.length / Math.max(1, tau.length);
        float[] all = new float[tau.length * (width + 1)];
        for (int i = 0; i < tau.length; i++) {
            System.arraycopy(places, i * width, all, i * (width + 1), width);
            all[i * (width + 1) + width] = tau[i];
        }
        return all;
    }
}
