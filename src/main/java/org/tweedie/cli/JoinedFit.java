package org.tweedie.cli;

import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.Bridge;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Json;
import org.tweedie.train.Dataset;
import org.tweedie.train.Trainer;

/**
 * Two ends of rows, or one and the normal law.
 *
 * @param near what the bridge stays near to
 */
record JoinedFit(Dataset start, Optional<Dataset> end, Reference near) implements BridgeFit {
    @Override
    public Bridge fit(
            BridgeSpec settings,
            Device device,
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        return SchrodingerBridge.fit(start, end, near, settings, device, listener, cancel, checkpoints, resume);
    }

    @Override
    public Trainer.Estimate estimate(BridgeSpec settings, Device device) {
        return SchrodingerBridge.estimate(start, end, near, settings, device);
    }

    @Override
    public String ends() {
        return "between " + rows("rows of ", start) + " and "
                + end.map(rows -> rows("of ", rows)).orElse("the normal law");
    }

    private static String rows(String of, Dataset rows) {
        return String.format(Locale.ROOT, "%,d %s%s", rows.rows(), of, String.join(", ", rows.columns()));
    }

    @Override
    public void ends(Json json) {
        json.field("from", start.rows());
        end.ifPresent(rows -> json.field("to", rows.rows()));
    }

    @Override
    public String sampling() {
        return "--direction forward --count 1000 --out moved.csv";
    }

    @Override
    public HtmlReport page(Bridge fitted, BridgeWatch watch, long seed, CancelToken cancel, String command) {
        return BridgeReport.of((SchrodingerBridge) fitted, start, end, seed, cancel)
                .page(watch.seen(), command);
    }
}
