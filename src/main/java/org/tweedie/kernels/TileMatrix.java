package org.tweedie.kernels;

import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.kernels.host.TileOrder;

/**
 * Weights in the order in which products of warpgroups read them (kernels/score/tiles.cuh), written by {@link TileLinear#pack}. Immutable.
 *
 * @param data of the numbers' element, from its start
 */
public record TileMatrix(DeviceBuffer data, int in, int out, TileNumbers numbers) {
    public TileMatrix {
        if (data.element() != numbers.element()) {
            throw new IllegalArgumentException(
                    "weights of " + numbers + " are stored as " + numbers.element() + ", got " + data.element());
        }
        if (in < 1 || out < 1 || data.count() < elements(numbers, in, out)) {
            throw new IllegalArgumentException("a " + in + " x " + out + " matrix in tiles takes "
                    + elements(numbers, in, out) + " elements, got " + data.count());
        }
    }

    /** Allocates room for a matrix; the caller closes {@link #data}. */
    public static TileMatrix on(Device device, TileNumbers numbers, int in, int out) {
        return new TileMatrix(device.allocate(numbers.element(), elements(numbers, in, out)), in, out, numbers);
    }

    /** Elements with both sides filled up to tiles. */
    public static long elements(TileNumbers numbers, int in, int out) {
        return TileOrder.elements(out, in, numbers.element().bytes());
    }
}
