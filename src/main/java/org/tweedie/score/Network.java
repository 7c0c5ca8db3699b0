package org.tweedie.score;

import org.tweedie.device.Device;
import org.tweedie.sde.Prediction;

/**
 * A field with weights. The weights lie in one flat buffer on one device; training makes new weights beside them and
 * {@link #with(Parameters)} gives the network that uses those. Immutable but for the weights; shared by threads that read those.
 */
public interface Network extends Differentiable {
    Parameters parameters();

    /** The same architecture with other weights of the same layout. */
    Network with(Parameters parameters);

    /** What the network's output means. */
    Prediction prediction();

    /** The architecture, as {@code mlp:128x3}. */
    String spec();

    /** Opens scratch for forward passes with a derivative along a direction, and the way back through both. */
    TangentTape tangentTape(Device device, int rows);
}
