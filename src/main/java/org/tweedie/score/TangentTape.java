package org.tweedie.score;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * A forward pass and its derivative along a direction of the first input, both remembered, and the way back through both: what losses of
 * derivatives (implicit and sliced score matching) need. For one thread at a time, that of its stream. Deterministic, as {@link Tape} is.
 */
public interface TangentTape extends AutoCloseable {
    /** Queues the forward pass. */
    void forward(Stream stream, RowSet rows, List<View> from, Instant t, View into);

    /**
     * Queues the derivative of the last forward along a direction.
     *
     * @param direction as wide as the first input; stride 0: one for all rows; must stay until {@link #backward}
     */
    void tangent(Stream stream, RowSet rows, View direction, View into);

    /**
     * Queues the gradient of {@code cotangent . out + tangentCotangent . tangent}, summed over rows, to the weights.
     *
     * @param cotangent of the output, or null where it is 0
     * @param gradients laid out as {@link Parameters}
     * @param accumulate whether the gradient is added to what is there
     */
    void backward(
            Stream stream,
            RowSet rows,
            @Nullable View cotangent,
            View tangentCotangent,
            DeviceBuffer gradients,
            boolean accumulate);

    @Override
    void close();
}
