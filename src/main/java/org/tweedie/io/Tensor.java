package org.tweedie.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A named array to be written. Immutable.
 *
 * @param name any text but the empty one and {@code __metadata__}
 * @param dtype type of the elements
 * @param shape extents; none for a scalar
 * @param bytes the elements, little-endian, row-major; not copied
 */
public record Tensor(String name, Dtype dtype, List<Long> shape, ByteBuffer bytes) {
    public Tensor {
        shape = List.copyOf(shape);
        long size = size(dtype, shape);
        if (size != bytes.remaining()) {
            throw new IllegalArgumentException("tensor " + Shown.quoted(name) + " of shape " + shape + " and dtype "
                    + dtype + " needs " + size + " bytes, got " + bytes.remaining());
        }
    }

    /** A tensor of 32-bit floats. */
    public static Tensor f32(String name, float[] values, long... shape) {
        return new Tensor(name, Dtype.F32, list(shape), ByteBuffer.wrap(Floats.little(values, 0, values.length)));
    }

    /** A tensor of 64-bit floats. */
    public static Tensor f64(String name, double[] values, long... shape) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(8, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return new Tensor(name, Dtype.F64, list(shape), bytes);
    }

    /** A tensor of signed 64-bit integers. */
    public static Tensor i64(String name, long[] values, long... shape) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(8, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return new Tensor(name, Dtype.I64, list(shape), bytes);
    }

    /** Bytes of a shape; throws on overflow. */
    static long size(Dtype dtype, List<Long> shape) {
        long size = dtype.bytes();
        for (long extent : shape) {
            if (extent < 0) {
                throw new IllegalArgumentException("extents must not be negative, got " + shape);
            }
            size = Math.multiplyExact(size, extent);
        }
        return size;
    }

    private static List<Long> list(long... shape) {
        List<Long> extents = new ArrayList<>();
        for (long extent : shape) {
            extents.add(extent);
        }
        return extents;
    }
}
