package org.tweedie.kernels;

/**
 * The function between two layers. The order is the code of kernels/score/activation.cuh; error bounds are against the
 * function in exact arithmetic. Immutable.
 */
public enum Activation {
    /** x. */
    IDENTITY,
    /** x / (1 + exp(-x)), also called swish. */
    SILU,
    /** sin x. */
    SIN,
    /** tanh x. */
    TANH,
    /** max(x, 0); its derivative at 0 is 0. */
    RELU,
    /** log(1 + exp x). */
    SOFTPLUS,
    /** x Phi(x), with Phi the normal law, the erf form. */
    GELU;

    /** What kernels call it. */
    public int code() {
        return ordinal();
    }
}
