package org.tweedie.sde;

/** What a network predicts; the score and the best denoiser are one thing in two units (Tweedie's formula). Immutable. */
public enum Prediction {
    /** The noise eps in x_t = alpha x_0 + sigma eps. */
    NOISE,
    /** The clean row, E[x_0 | x_t]. */
    DENOISED,
    /** grad log p_t(x_t). */
    SCORE,
    /** alpha eps - sigma x_0. */
    VELOCITY
}
