package org.tweedie.cli;

import java.nio.file.Path;
import java.util.Locale;
import org.tweedie.Bridge;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.device.Device;
import org.tweedie.train.Trainer;
import picocli.CommandLine.Model.CommandSpec;

/** What {@code bridge fit} prints: what it would take, and what it came to. */
final class BridgeFitText {
    private BridgeFitText() {}

    static void estimate(Printed printed, CommandSpec spec, BridgeFit fit, BridgeSpec settings, Device device) {
        Trainer.Estimate estimate = fit.estimate(settings, device);
        int halves = 2 * settings.iterations();
        printed.print(
                spec,
                Printed.lines(lines -> {
                    lines.printf(Locale.ROOT, "bridge     %s%n", fit.ends());
                    lines.printf(
                            Locale.ROOT, "steps      %s%n", settings.sizes().spec());
                    lines.printf(
                            Locale.ROOT,
                            "networks   %s each way, %,d parameters in both%n",
                            settings.network().spec(),
                            estimate.parameters());
                    lines.printf(
                            Locale.ROOT,
                            "device     %s, %,d bytes while fitting%n",
                            device.name(),
                            estimate.deviceBytes());
                    lines.printf(
                            Locale.ROOT,
                            "time       %,d half bridges of %,d steps of %d pairs, about %s (%.2f ms a step with its walks, measured now)%n",
                            halves,
                            settings.training().steps(),
                            settings.training().batch(),
                            ProgressLine.duration(estimate.seconds()),
                            1e3 * estimate.secondsPerStep());
                }),
                json -> {
                    fit.ends(json);
                    json.field("halves", halves)
                            .field("parameters", estimate.parameters())
                            .field("deviceBytes", estimate.deviceBytes())
                            .field("secondsPerStep", estimate.secondsPerStep())
                            .field("seconds", estimate.seconds());
                });
    }

    static void done(Printed printed, CommandSpec spec, BridgeFit fit, Bridge bridge, Path out, double seconds) {
        printed.print(
                spec,
                Printed.lines(lines -> {
                    lines.printf(
                            Locale.ROOT,
                            "%s: %s %s, in %s%n",
                            out,
                            bridge.process().spec(),
                            fit.ends(),
                            ProgressLine.duration(seconds));
                    for (int i = 0; i < bridge.halves().size(); i++) {
                        HalfBridge half = bridge.halves().get(i);
                        lines.printf(
                                Locale.ROOT,
                                "half bridge %d %-8s  loss %.4f  squared energy distance %.5f%n",
                                i + 1,
                                half.learned().spec(),
                                half.loss(),
                                half.distance());
                    }
                    lines.printf(
                            Locale.ROOT,
                            "next: tweedie bridge sample --model %s %s%n",
                            TrainCommand.quoted(out.toString()),
                            fit.sampling());
                }),
                json -> {
                    json.field("model", out.toString());
                    fit.ends(json);
                    json.field("seconds", seconds).array("halves");
                    for (HalfBridge half : bridge.halves()) {
                        json.object()
                                .field("learned", half.learned().spec())
                                .field("loss", half.loss())
                                .field("distance", half.distance())
                                .end();
                    }
                    json.end();
                });
    }
}
