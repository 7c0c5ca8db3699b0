package org.tweedie.score;

import org.tweedie.device.Device;

/** A field whose derivatives by its inputs are known. Immutable, shared by threads. */
public interface Differentiable extends Field {
    /** Opens scratch for evaluations that are remembered, and their derivatives, over up to {@code rows} rows. */
    Tape tape(Device device, int rows);
}
