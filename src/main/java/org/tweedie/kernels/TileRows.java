package org.tweedie.kernels;

import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.TileOrder;

/**
 * Rows between two layers in the order in which products of warpgroups read them (kernels/score/tiles.cuh). The record is immutable, the rows
 * are written by {@link TileLinear}.
 *
 * @param data of the numbers' element, from its start
 */
public record TileRows(DeviceBuffer data, int width, TileNumbers numbers) {
    public TileRows {
        if (data.element() != numbers.element()) {
            throw new IllegalArgumentException(
                    "rows of " + numbers + " are stored as " + numbers.element() + ", got " + data.element());
        }
        if (width < 1) {
            throw new IllegalArgumentException("rows in tiles must be at least 1 wide, got " + width);
        }
    }

    /** Allocates room for so many rows, all zero; the caller closes {@link #data}. */
    public static TileRows on(Stream stream, TileNumbers numbers, long rows, int width) {
        DeviceBuffer data = stream.device().allocate(numbers.element(), elements(numbers, rows, width));
        stream.zero(data, 0, data.count());
        return new TileRows(data, width, numbers);
    }

    /** Elements with both sides filled up to tiles. */
    public static long elements(TileNumbers numbers, long rows, int width) {
        return TileOrder.elements(rows, width, numbers.element().bytes());
    }

    /** Rows that there is room for. */
    long capacity() {
        return data.count() / elements(numbers, 1, width) * TileOrder.LINES;
    }
}
