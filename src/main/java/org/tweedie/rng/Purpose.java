package org.tweedie.rng;

/** What a draw is for: a byte of the Philox counter, so that draws for different ends never share a word. Immutable. */
public enum Purpose {
    /** The start of a trajectory. */
    PRIOR,
    /** The noise of a sampler's step. */
    STEP,
    /** The noise of a corrector. */
    CORRECTOR,
    /** Times of training rows. */
    TIME,
    /** Noise of training rows. */
    NOISE,
    /** Generated data, shuffles. */
    DATA,
    /** Conditions dropped in training. */
    DROP,
    /** Directions of trace estimators. */
    PROBE,
    /** Acceptance of proposals. */
    ACCEPT,
    /** Jumps of discrete processes. */
    JUMP,
    /** Rows kept by a resampling. */
    KEEP,
    /** Refreshed momenta. */
    REFRESH,
    /** Initial parameters of networks. */
    INIT,
    /** Conditions drawn. */
    CONDITION,
    /** Held-out rows. */
    SPLIT,
    /** Resampled rows of error bars. */
    BOOTSTRAP;

    /** The byte in the counter. Stored results depend on it: a new purpose goes at the end. */
    public int code() {
        return ordinal();
    }
}
