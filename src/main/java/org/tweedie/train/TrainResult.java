package org.tweedie.train;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How training ended. Immutable.
 *
 * @param step steps done, in all calls; for {@link Outcome#NOT_FINITE} the last good one
 * @param smoothLoss running mean of the loss over the last hundred steps or so; NaN before the first
 * @param seconds of this call
 * @param checkpoint the last one written by this call
 * @param message one sentence for a person
 */
public record TrainResult(
        Outcome outcome,
        long step,
        double smoothLoss,
        double seconds,
        LossCurve curve,
        Optional<Path> checkpoint,
        String message) {
    /** Why it ended. Immutable. */
    public enum Outcome {
        /** All steps are done. */
        FINISHED,
        /** It was asked to stop, finished its step and, with a directory, wrote a checkpoint. */
        CANCELLED,
        /** The loss or the gradient of the step after {@link TrainResult#step()} was NaN or infinite. */
        NOT_FINITE
    }
}
