package org.tweedie.score;

import java.util.List;
import org.tweedie.device.DeviceBuffer;

/**
 * Named weights in one flat F32 buffer. A matrix is stored k-major, {@code [in][out]}: the transpose of PyTorch's layout,
 * which model files use. Immutable.
 *
 * @param tensors in the order of their offsets, without gaps
 * @param values at least {@link #count()} elements; owned by the caller of the constructor
 */
public record Parameters(List<Tensor> tensors, DeviceBuffer values) {
    public Parameters {
        tensors = List.copyOf(tensors);
    }

    /** Numbers in all tensors. */
    public long count() {
        return count(tensors);
    }

    public static long count(List<Tensor> tensors) {
        long count = 0;
        for (Tensor tensor : tensors) {
            count += tensor.count();
        }
        return count;
    }

    public Tensor tensor(String name) {
        for (Tensor tensor : tensors) {
            if (tensor.name().equals(name)) {
                return tensor;
            }
        }
        throw new IllegalArgumentException("no tensor '" + name + "'");
    }

    /**
     * One named tensor. Immutable.
     *
     * @param name as in the model file, without the field's name: {@code layer.0.weight}
     * @param in rows as stored (k); 1 for a vector
     * @param out columns as stored
     * @param vector true for a bias: a file shows it with rank 1
     * @param trained false for constants such as Fourier frequencies, which the optimiser leaves alone
     */
    public record Tensor(String name, long offset, int in, int out, boolean vector, boolean trained) {
        public long count() {
            return (long) in * out;
        }
    }
}
