package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;

/** Rows in another order (kernels/execution/rows.cu). Stateless; any thread. */
public final class Permute {
    /** out, in, order, count, width. */
    public static final KernelEntry ROWS = KernelEntry.of(
            "rows_permute_f32",
            (arguments, team) -> {
                float[] out = arguments.floats(0);
                float[] in = arguments.floats(1);
                int[] order = arguments.ints(2);
                int width = arguments.int32(4);
                for (int r = 0; r < arguments.int64(3); r++) {
                    System.arraycopy(
                            in,
                            arguments.offset(1) + order[arguments.offset(2) + r] * width,
                            out,
                            arguments.offset(0) + r * width,
                            width);
                }
            },
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32);

    private Permute() {}

    /**
     * Queues {@code out[r] = in[order[r]]} for {@code count} dense rows.
     *
     * @param order rows of {@code in} (I32, at least count)
     * @param out other memory than {@code in}
     */
    public static void rows(Stream stream, View in, View out, DeviceBuffer order, long count) {
        Grid.require(in.stride() == in.width(), "rows must be dense", in);
        Grid.require(out.width() == in.width() && out.stride() == in.width(), "out must be as in", out);
        if (order.element() != Element.I32 || order.count() < count || Grid.capacity(out) < count) {
            throw new IllegalArgumentException("an order of " + order.count() + " " + order.element() + " for " + count
                    + " rows into room for " + Grid.capacity(out));
        }
        Arguments arguments = new Arguments(ROWS);
        out.into(arguments);
        in.into(arguments).buffer(order).i64(count).i32(in.width());
        stream.launch(stream.device().kernel(ROWS), Grid.items(count * in.width(), 256), arguments);
    }
}
