package org.tweedie.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.tweedie.Bridge;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Json;
import org.tweedie.train.Dataset;
import org.tweedie.train.Trainer;

/** What {@code bridge fit} joins, of one kind or the other. */
interface BridgeFit {
    /** The rows of the first end, in the units of the data. */
    Dataset start();

    Bridge fit(
            BridgeSpec settings,
            Device device,
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException;

    /** What fitting would take. */
    Trainer.Estimate estimate(BridgeSpec settings, Device device);

    /** The ends, for people. */
    String ends();

    /** The ends, for programs. */
    void ends(Json json);

    /** The options that sample a bridge so fitted. */
    String sampling();

    /**
     * The page of a bridge so fitted.
     *
     * @param watch over the half bridges of this run
     * @param command that made it
     */
    HtmlReport page(Bridge fitted, BridgeWatch watch, long seed, CancelToken cancel, String command);
}
