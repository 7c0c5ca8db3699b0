package org.tweedie.train;

import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.SquaredLoss;
import org.tweedie.kernels.View;

/** A loss of a row's output against its target, times the row's weight. Immutable. */
public enum Loss {
    /** w |out - target|^2. */
    SQUARED;

    /**
     * Queues the loss of each row and the gradient of {@code scale} times their sum.
     *
     * @param weight 1 wide
     * @param losses F32, an element a row
     */
    void gradient(
            Stream stream,
            RowSet rows,
            View out,
            View target,
            View weight,
            float scale,
            View cotangent,
            DeviceBuffer losses) {
        switch (this) {
            case SQUARED -> SquaredLoss.gradient(stream, rows, out, target, weight, scale, cotangent, losses);
        }
    }
}
