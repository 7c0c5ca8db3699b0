package org.tweedie.kernels;

import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;

/**
 * Weights in 16 bits, in the order in which a warp's lanes take them (kernels/score/linear_mixed.cu), written by
 * {@link MixedLinear#pack}. Immutable.
 *
 * @param data F16 or BF16, from its start; the type says which product reads it
 */
public record PackedMatrix(DeviceBuffer data, int in, int out) {
    public PackedMatrix {
        if (data.element() != Element.F16 && data.element() != Element.BF16) {
            throw new IllegalArgumentException("packed weights are F16 or BF16, got " + data.element());
        }
        if (in < 0 || out < 0 || data.count() < elements(in, out)) {
            throw new IllegalArgumentException("a packed " + in + " x " + out + " matrix takes " + elements(in, out)
                    + " elements, got " + data.count());
        }
    }

    /** Allocates room for a matrix; the caller closes {@link #data}. */
    public static PackedMatrix on(Device device, Element element, int in, int out) {
        return new PackedMatrix(device.allocate(element, elements(in, out)), in, out);
    }

    /** Elements with both sides filled up to sixteens. */
    public static long elements(int in, int out) {
        return 256L * ((in + 15) / 16) * ((out + 15) / 16);
    }
}
