package org.tweedie.score;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * A forward pass that is remembered, its vector-Jacobian and its Jacobian-vector products. For one stream. Deterministic: sums over rows are
 * taken in a fixed order that does not depend on device or threads.
 */
public interface Tape extends AutoCloseable {
    /** Queues the forward pass and keeps what the backward pass needs. */
    void forward(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into);

    /**
     * Queues the backward pass of the last forward.
     *
     * @param cotangents one view an output port
     * @param weightGradients receives d/d weights, laid out as {@link Parameters} (overwritten), or null; a field that has none refuses
     *     any other
     * @param fromGradients one view an input port receives d/d input (overwritten), or null
     */
    void backward(
            Stream stream,
            RowSet rows,
            List<View> cotangents,
            @Nullable DeviceBuffer weightGradients,
            @Nullable List<View> fromGradients);

    /**
     * Queues the derivative of the last forward's outputs along a direction of one input, the other inputs and the time held.
     *
     * @param port of the input
     * @param direction as wide as the input; stride 0: one for all rows
     * @param into one view an output port (overwritten), in memory of its own
     */
    void tangent(Stream stream, RowSet rows, int port, View direction, List<View> into);

    @Override
    void close();
}
