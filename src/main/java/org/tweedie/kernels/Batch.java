package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.BatchTwin;
import org.tweedie.rng.Purpose;

/**
 * The rows of a training step (kernels/train/batch.cu): sample i is a row of epoch {@code i / n}, each epoch takes every row
 * once, in an order that seed and epoch alone decide. Any sample can be had without those before it. Stateless; any thread.
 */
public final class Batch {
    /** rows, data, n, bits, width, out, out stride, purpose, ordinal. */
    public static final KernelEntry ROWS = KernelEntry.of(
            "batch_f32",
            BatchTwin::rows,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    private Batch() {}

    /**
     * Queues the copies.
     *
     * @param data F32, {@code n} dense rows as wide as {@code out}
     * @param n at least 1
     */
    public static void rows(Stream stream, RowSet rows, DeviceBuffer data, long n, View out) {
        if (n < 1 || n > data.count() / Math.max(1, out.width())) {
            throw new IllegalArgumentException(
                    "rows of data must be 1 to those in the buffer of " + data.count() + " numbers, got " + n);
        }
        Grid.require(out.stride() >= out.width(), "out must have a row for each", out);
        Arguments arguments = new Arguments(ROWS);
        rows.into(arguments).buffer(data).i64(n).i32(bits(n)).i32(out.width());
        out.into(arguments).i32(out.stride()).i32(Purpose.DATA.code()).i32(0);
        stream.launch(stream.device().kernel(ROWS), Grid.items(Grid.capacity(out), 256), arguments);
    }

    /** Bits of the least power of two that holds n places, at least 8: on halves of fewer than four bits orders are not uniform. */
    public static int bits(long n) {
        return Math.max(8, 64 - Long.numberOfLeadingZeros(n - 1));
    }
}
