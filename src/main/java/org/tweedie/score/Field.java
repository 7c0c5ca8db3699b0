package org.tweedie.score;

import org.tweedie.device.Device;

/** A row-wise function of named inputs and time, learned or exact: (x; t), (x, y; t). Immutable, shared by threads. */
public interface Field {
    Signature signature();

    /** Opens the field with scratch for up to {@code rows} rows, for one stream at a time. Opening allocates, evaluating never does. */
    Evaluator open(Device device, int rows);
}
