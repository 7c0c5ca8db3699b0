package org.tweedie.kernels;

import org.tweedie.device.DeviceBuffer;

/**
 * A weight matrix inside a buffer, input-major: the weight from input {@code i} to output {@code j} is element
 * {@code offset + i * out + j}. Immutable.
 */
public record Matrix(DeviceBuffer data, long offset, int in, int out) {
    public Matrix {
        if (in < 0 || out < 0 || offset < 0 || (long) in * out > data.count() - offset) {
            throw new IllegalArgumentException("matrix out of range: " + in + " x " + out + " at " + offset
                    + " in a buffer of " + data.count() + " elements");
        }
    }

    /** Number of weights. */
    public long size() {
        return (long) in * out;
    }
}
