package org.tweedie.train;

import java.nio.file.Path;

/** Hears how training goes, on the thread that trains, a few times a second; must return soon. */
public interface TrainListener {
    /** Hears nothing. */
    TrainListener NONE = progress -> {};

    void at(Progress progress);

    /** Training begins. @param how what computes the gradient, as {@link Trainer#how()} */
    default void opened(String how) {}

    /** A checkpoint was written. */
    default void saved(long step, Path file) {}

    /**
     * How far it is.
     *
     * @param step steps done, of {@code steps}
     * @param loss of the last step
     * @param smoothLoss running mean of the loss over the last hundred steps or so
     * @param gradientNorm of the last step, before clipping
     * @param rate learning rate of the last step
     * @param rowsPerSecond since this call began
     * @param seconds since this call began
     * @param secondsLeft at this speed
     */
    record Progress(
            long step,
            long steps,
            double loss,
            double smoothLoss,
            double gradientNorm,
            double rate,
            double rowsPerSecond,
            double seconds,
            double secondsLeft) {}
}
