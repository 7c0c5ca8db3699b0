package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;

/**
 * Rows inside a buffer: row {@code r} is {@code width} elements from {@code offset + r * stride}. Stride 0 is one row
 * shared by all. Immutable.
 */
public record View(DeviceBuffer data, long offset, int width, int stride) {
    public View {
        if (width < 0 || stride < 0 || offset < 0 || offset > data.count()) {
            throw new IllegalArgumentException("view out of range: offset " + offset + ", width " + width + ", stride "
                    + stride + " in a buffer of " + data.count() + " elements");
        }
    }

    /** Dense rows from the start of a buffer. */
    public static View rows(DeviceBuffer data, int width) {
        return new View(data, 0, width, width);
    }

    /** One row for all. */
    public static View shared(DeviceBuffer data, long offset, int width) {
        return new View(data, offset, width, 0);
    }

    /** The same rows, {@code columns} columns from column {@code first}. */
    public View columns(int first, int columns) {
        return new View(data, offset + first, columns, stride);
    }

    /** The rows from row {@code first} on. */
    public View from(long first) {
        return new View(data, offset + first * stride, width, stride);
    }

    /** Adds the pointer to the first row to a launch's arguments. */
    public Arguments into(Arguments arguments) {
        return arguments.buffer(data, offset);
    }
}
