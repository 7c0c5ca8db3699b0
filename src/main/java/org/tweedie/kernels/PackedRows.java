package org.tweedie.kernels;

import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;

/**
 * Rows of 16-bit numbers between two layers, in the order in which a warp's lanes take them (kernels/score/linear_packed.cu). The record is
 * immutable, the rows are written by {@link PackedLinear}.
 *
 * @param data F16 or BF16, from its start; the type says which product reads it
 */
public record PackedRows(DeviceBuffer data, int width) {
    private static final int SIDE = 16;

    public PackedRows {
        if (data.element() != Element.F16 && data.element() != Element.BF16) {
            throw new IllegalArgumentException("packed rows are F16 or BF16, got " + data.element());
        }
        if (width < 1) {
            throw new IllegalArgumentException("packed rows must be at least 1 wide, got " + width);
        }
    }

    /** Allocates room for so many rows, all zero; the caller closes {@link #data}. */
    public static PackedRows on(Stream stream, Element element, long rows, int width) {
        PackedRows packed = new PackedRows(stream.device().allocate(element, elements(rows, width)), width);
        stream.zero(packed.data(), 0, packed.data().count());
        return packed;
    }

    /** Elements with both sides filled up to sixteens. */
    public static long elements(long rows, int width) {
        return (rows + SIDE - 1) / SIDE * SIDE * blocks(width) * SIDE;
    }

    /** Rows that there is room for. */
    long capacity() {
        return data.count() / ((long) SIDE * SIDE * blocks(width)) * SIDE;
    }

    private static int blocks(int width) {
        return (width + SIDE - 1) / SIDE;
    }
}
