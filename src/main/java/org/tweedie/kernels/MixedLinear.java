package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.MixedTwins;

/**
 * A dense layer with products of 16-bit numbers and sums in f32, on tensor cores (kernels/score/linear_mixed.cu): inputs
 * and weights are rounded to the nearest f16 or bf16, all else is f32.
 *
 * <p>Of the order of sums inside a product of sixteen only the hardware knows, so devices agree to
 * {@code 2 (in + 2) 2^-24 sum |x w|}, not in bits; on one kind of device the bits depend on the row alone. f16 overflows
 * beyond 65,504; bf16 does not, with an eighth of the precision. Stateless; any thread.
 */
public final class MixedLinear {
    /** x, packed, bias, add, out, pre, rows, in, width, x stride, add stride, out stride, pre stride, activation. */
    public static final KernelEntry F16 = KernelEntry.of(
            "linear_f16",
            MixedTwins::forwardF16,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** As {@link #F16}. */
    public static final KernelEntry BF16 = F16.like("linear_bf16", MixedTwins::forwardBf16);

    /** x, dPre, partials, rows, in, width, x stride, dPre stride, with bias. */
    public static final KernelEntry WEIGHT_GRADIENT_F16 = KernelEntry.of(
            "linear_weight_gradient_f16",
            MixedTwins::weightGradientF16,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** As {@link #WEIGHT_GRADIENT_F16}. */
    public static final KernelEntry WEIGHT_GRADIENT_BF16 =
            WEIGHT_GRADIENT_F16.like("linear_weight_gradient_bf16", MixedTwins::weightGradientBf16);

    /** w, packed, in, width, stride of k, stride of columns. */
    public static final KernelEntry PACK_F16 = KernelEntry.of(
            "linear_pack_f16",
            MixedTwins::packF16,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** As {@link #PACK_F16}. */
    public static final KernelEntry PACK_BF16 = PACK_F16.like("linear_pack_bf16", MixedTwins::packBf16);

    /** Rows and columns of a block, and its threads. */
    private static final int ROWS = 128;

    private static final int COLUMNS = 64;
    private static final int THREADS = 128;

    private MixedLinear() {}

    /** Queues the rounding of {@code w} into {@code into}, which has its shape. */
    public static void pack(Stream stream, Matrix w, PackedMatrix into) {
        pack(stream, w, into, w.in(), w.out(), w.out(), 1);
    }

    /** Queues the rounding of {@code w} transposed, so that {@link #forward} with it is {@link Linear#backwardInput}. */
    public static void packTransposed(Stream stream, Matrix w, PackedMatrix into) {
        pack(stream, w, into, w.out(), w.in(), 1, w.out());
    }

    private static void pack(
            Stream stream, Matrix w, PackedMatrix into, int in, int out, int kStride, int columnStride) {
        if (into.in() != in || into.out() != out) {
            throw new IllegalArgumentException(
                    "a " + in + " x " + out + " matrix does not go into one of " + into.in() + " x " + into.out());
        }
        KernelEntry entry = into.data().element() == Element.F16 ? PACK_F16 : PACK_BF16;
        Arguments arguments = new Arguments(entry)
                .buffer(w.data(), w.offset())
                .buffer(into.data())
                .i32(in)
                .i32(out)
                .i32(kStride)
                .i32(columnStride);
        stream.launch(stream.device().kernel(entry), Grid.items(PackedMatrix.elements(in, out) / 8, 256), arguments);
    }

    /**
     * Queues {@code pre = bias + add + x W; out = act(pre)} with {@code x} and {@code W} in 16 bits; all else as
     * {@link Linear#forward}.
     */
    public static void forward(
            Stream stream,
            RowSet rows,
            View x,
            PackedMatrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            View out,
            @Nullable View pre) {
        Linear.requireShapes(x, w.in(), w.out(), bias, add, out, pre);
        if (w.out() == 0) {
            return;
        }
        KernelEntry entry = w.data().element() == Element.F16 ? F16 : BF16;
        Arguments arguments = new Arguments(entry);
        x.into(arguments).buffer(w.data());
        Linear.into(bias, arguments);
        Linear.into(add, arguments);
        out.into(arguments);
        Linear.into(pre, arguments);
        rows.into(arguments)
                .i32(w.in())
                .i32(w.out())
                .i32(x.stride())
                .i32(Linear.stride(add))
                .i32(out.stride())
                .i32(Linear.stride(pre))
                .i32(activation.code());
        stream.launch(
                stream.device().kernel(entry),
                Grid.tiles(Grid.capacity(out), ROWS, (w.out() + COLUMNS - 1) / COLUMNS, THREADS),
                arguments);
    }

    /**
     * Queues the gradient to weights and bias, {@code x} and {@code dPre} rounded to {@code type} for the products; the bias's is
     * summed unrounded. All else as {@link Linear#backwardWeight}, with its scratch.
     *
     * @param type F16 or BF16
     */
    public static void backwardWeight(
            Stream stream,
            RowSet rows,
            Element type,
            View x,
            View dPre,
            DeviceBuffer dW,
            long at,
            @Nullable DeviceBuffer dBias,
            long biasAt,
            boolean accumulate,
            DeviceBuffer scratch) {
        if (type != Element.F16 && type != Element.BF16) {
            throw new IllegalArgumentException("products are of F16 or BF16, got " + type);
        }
        KernelEntry entry = type == Element.F16 ? WEIGHT_GRADIENT_F16 : WEIGHT_GRADIENT_BF16;
        Linear.backwardWeight(entry, stream, rows, x, dPre, dW, at, dBias, biasAt, accumulate, scratch);
    }
}
