package org.tweedie.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.tweedie.Bridge;
import org.tweedie.ConditionalBridge;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Json;
import org.tweedie.train.Dataset;
import org.tweedie.train.Trainer;

/**
 * Rows with their conditions, and the law that a bridge to them starts from.
 *
 * @param near what the bridge stays near to, in the law's deviations
 */
record ConditionalFit(Dataset start, LawSpec law, Reference near) implements BridgeFit {
    private ConditionalLaw fitted() {
        return TrainCommand.named("--law", () -> law.law(start));
    }

    @Override
    public Bridge fit(
            BridgeSpec settings,
            Device device,
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        return ConditionalBridge.fit(start, fitted(), near, settings, device, listener, cancel, checkpoints, resume);
    }

    @Override
    public Trainer.Estimate estimate(BridgeSpec settings, Device device) {
        return ConditionalBridge.estimate(start, fitted(), near, settings, device);
    }

    /** The columns that are conditions. */
    private List<String> given() {
        return start.columns().subList(start.port(Dataset.X).width(), start.width());
    }

    @Override
    public String ends() {
        return String.format(
                Locale.ROOT,
                "from %,d rows of %s given %s, by the law %s",
                start.rows(),
                String.join(", ", start.port(Dataset.X).columns()),
                String.join(", ", given()),
                law.spec());
    }

    @Override
    public void ends(Json json) {
        json.field("from", start.rows()).field("law", law.spec()).array("given");
        given().forEach(json::value);
        json.end();
    }

    @Override
    public String sampling() {
        return "--given y=seen.csv --count 1000 --out posterior.csv";
    }

    @Override
    public HtmlReport page(Bridge bridge, BridgeWatch watch, long seed, CancelToken cancel, String command) {
        return ConditionalReport.of((ConditionalBridge) bridge, start, seed, cancel)
                .page(watch.seen(), command);
    }
}
