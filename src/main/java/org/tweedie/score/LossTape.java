package org.tweedie.score;

import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * The gradient of a squared loss of a network in a few launches, where {@link Tape} takes some a layer. Deterministic. For one stream,
 * and one thread at a time.
 */
public interface LossTape extends AutoCloseable {
    /** Where the network's inputs are to be written, side by side, before {@link #gradient}. */
    View inputs();

    /** The numbers that its products are of: {@code f32} or {@code bf16}. */
    String products();

    /** What runs, for a person. */
    String how();

    /**
     * Queues the gradient of {@code scale} times the sum of {@code w |out - target|^2}, and those of each row.
     *
     * @param time that the network is told, 1 wide
     * @param weight w, 1 wide
     * @param into laid out as {@link Parameters}, overwritten
     */
    void gradient(
            Stream stream,
            RowSet rows,
            View time,
            View target,
            View weight,
            float scale,
            DeviceBuffer into,
            DeviceBuffer losses);

    @Override
    void close();
}
