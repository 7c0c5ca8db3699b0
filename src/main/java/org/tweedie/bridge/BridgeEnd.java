package org.tweedie.bridge;

import org.tweedie.train.Dataset;

/** One end of a bridge: rows, or N(0, I) in the units of the bridge's chains. Immutable, shared by threads. */
public sealed interface BridgeEnd {
    /** The law that rows were drawn from. Immutable; the array must not change. */
    record Rows(Dataset data) implements BridgeEnd {}

    /** N(0, I) where rows of the other end have mean 0 and standard deviation 1. Immutable. */
    record Normal() implements BridgeEnd {}
}
