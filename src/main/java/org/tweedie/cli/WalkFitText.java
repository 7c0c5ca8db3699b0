package org.tweedie.cli;

import java.util.Locale;
import org.tweedie.device.Device;
import org.tweedie.score.Architecture;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What {@code domain fit} and {@code hitting fit} print of what fitting would take.
 *
 * @param domain its spec
 * @param steps of walks, for a person
 */
record WalkFitText(Dataset rows, String domain, String steps, Architecture network, TrainSpec training) {
    void estimate(Printed printed, CommandSpec spec, Trainer.Estimate estimate, Device device) {
        printed.print(
                spec,
                Printed.lines(lines -> {
                    lines.printf(
                            Locale.ROOT, "data       %,d rows of %s%n", rows.rows(), String.join(", ", rows.columns()));
                    lines.printf(Locale.ROOT, "domain     %s%n", domain);
                    lines.printf(Locale.ROOT, "steps      %s%n", steps);
                    lines.printf(Locale.ROOT, "network    %s, %,d parameters%n", network.spec(), estimate.parameters());
                    lines.printf(
                            Locale.ROOT,
                            "device     %s, %,d bytes while fitting%n",
                            device.name(),
                            estimate.deviceBytes());
                    lines.printf(
                            Locale.ROOT,
                            "time       %,d steps of %d pairs, about %s (%.2f ms a step with its walks, measured now)%n",
                            training.steps(),
                            training.batch(),
                            ProgressLine.duration(estimate.seconds()),
                            1e3 * estimate.secondsPerStep());
                }),
                json -> json.field("rows", rows.rows())
                        .field("domain", domain)
                        .field("parameters", estimate.parameters())
                        .field("deviceBytes", estimate.deviceBytes())
                        .field("secondsPerStep", estimate.secondsPerStep())
                        .field("seconds", estimate.seconds()));
    }
}
