package org.tweedie.kernels.host;

/** The numbers of a step of Adam, as the kernel has them. Immutable. */
public record AdamRule(
        float factor,
        float rate,
        float fade,
        float correction1,
        float correction2,
        float keep1,
        float keep2,
        float epsilon,
        float mean) {}
