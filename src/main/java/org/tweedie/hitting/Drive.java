package org.tweedie.hitting;

/** What moves a walk beside its Brownian noise. Immutable. */
public enum Drive {
    /** Nothing: the base process, whose ends have the harmonic measure of the domain. */
    BASE,
    /** A field, the drift itself. */
    DRIFT,
    /** The bridge drift towards E[end | place], which a field tells: of domains whose bridge drift is affine in the end. */
    END
}
