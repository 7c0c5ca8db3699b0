package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.PackedTwins;

/**
 * Dense layers whose rows stay 16-bit numbers from one to the next (kernels/score/linear_packed.cu): half the memory's part of
 * {@link MixedLinear}, and larger tiles. Sums are in f32 and have the bits of {@link MixedLinear}: what is stored in 16 bits is what that
 * would round when it reads it. They depend on the row alone, not on the number of rows, their place or the launch. Stateless; any thread.
 */
public final class PackedLinear {
    /** x, packed weights, bias, add, residual, out, half, rows, in, width, add stride, out stride, activation, approximate. */
    public static final KernelEntry F16 = KernelEntry.of(
            "linear_packed_f16",
            PackedTwins::forwardF16,
            Parameter.POINTER,
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
            Parameter.I32);

    /** As {@link #F16}. */
    public static final KernelEntry BF16 = F16.like("linear_packed_bf16", PackedTwins::forwardBf16);

    /** x, w, bias, add, half, rows, in, width, x stride, add stride, activation, approximate. */
    public static final KernelEntry THIN_F16 = KernelEntry.of(
            "linear_thin_f16",
            PackedTwins::thinF16,
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
            Parameter.I32);

    /** As {@link #THIN_F16}. */
    public static final KernelEntry THIN_BF16 = THIN_F16.like("linear_thin_bf16", PackedTwins::thinBf16);

    /** Rows and columns of a block of {@link #forward}, and its threads. */
    private static final int SIDE = 128;

    private static final int THREADS = 128;

    private PackedLinear() {}

    /** How an activation is computed. Immutable. */
    public enum Curve {
        /** As {@link Activations}: the same bits on every device. */
        EXACT,
        /** By the special functions of the hardware (kernels/score/activation_fast.cuh), to about 2^-11; the host has only the exact ones. */
        APPROXIMATE
    }

    /**
     * Queues {@code y = act(bias + add + x W) + residual} into {@code out}, {@code half} or both. The sum starts at bias + add and takes
     * the products of sixteen inputs after those of the sixteen before.
     *
     * @param x {@code w.in()} wide, of the type of the weights
     * @param bias one shared row, {@code w.out()} wide, or null
     * @param add a row for each (or one for all: stride 0), {@code w.out()} wide, or null
     * @param residual {@code w.out()} wide, may be x, or null
     * @param out where y goes as f32, or null
     * @param half where y goes rounded to 16 bits, or null; not the memory of x
     * @throws IllegalArgumentException if a width or type does not fit the matrix
     */
    public static void forward(
            Stream stream,
            RowSet rows,
            PackedRows x,
            PackedMatrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            Curve curve,
            @Nullable PackedRows residual,
            @Nullable View out,
            @Nullable PackedRows half) {
        Element type = w.data().element();
        require("x", x, type, w.in());
        require("residual", residual, type, w.out());
        require("half", half, type, w.out());
        Linear.requireShapes(null, w.in(), w.out(), bias, add, out, null);
        if (out == null && half == null) {
            throw new IllegalArgumentException("give out or half: the product has to go somewhere");
        }
        if (half != null && half.data() == x.data()) {
            throw new IllegalArgumentException("half must not be the memory of x, which is read until the end");
        }
        KernelEntry entry = type == Element.F16 ? F16 : BF16;
        Arguments arguments = new Arguments(entry).buffer(x.data()).buffer(w.data());
        Linear.into(bias, arguments);
        Linear.into(add, arguments);
        arguments.buffer(residual == null ? null : residual.data());
        Linear.into(out, arguments);
        arguments.buffer(half == null ? null : half.data());
        rows.into(arguments)
                .i32(w.in())
                .i32(w.out())
                .i32(Linear.stride(add))
                .i32(Linear.stride(out))
                .i32(activation.code())
                .i32(curve.ordinal());
        stream.launch(
                stream.device().kernel(entry),
                Grid.tiles(x.capacity(), SIDE, (w.out() + SIDE - 1) / SIDE, THREADS),
                arguments);
    }

    /**
     * Queues {@code half = act(bias + add + x W)} with products and sums in f32, as {@link Linear#forward}, rounded to 16 bits at the end:
     * for layers of a few inputs.
     *
     * @param x {@code w.in()} wide, or null where {@code w.in()} is 0
     * @param half {@code w.out()} wide
     */
    public static void thin(
            Stream stream,
            RowSet rows,
            @Nullable View x,
            Matrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            Curve curve,
            PackedRows half) {
        require("half", half, half.data().element(), w.out());
        Linear.requireShapes(x, w.in(), w.out(), bias, add, null, null);
        if (x == null && w.in() > 0) {
            throw new IllegalArgumentException("x must be given for " + w.in() + " inputs");
        }
        KernelEntry entry = half.data().element() == Element.F16 ? THIN_F16 : THIN_BF16;
        Arguments arguments = new Arguments(entry);
        Linear.into(x, arguments);
        arguments.buffer(w.data(), w.offset());
        Linear.into(bias, arguments);
        Linear.into(add, arguments);
        rows.into(arguments.buffer(half.data()))
                .i32(w.in())
                .i32(w.out())
                .i32(Linear.stride(x))
                .i32(Linear.stride(add))
                .i32(activation.code())
                .i32(curve.ordinal());
        stream.launch(
                stream.device().kernel(entry),
                Grid.items(PackedRows.elements(half.capacity(), w.out()) / 8, 256),
                arguments);
    }

    /** Queues the rounding of rows to 16 bits. */
    public static void pack(Stream stream, RowSet rows, View from, PackedRows into) {
        thin(
                stream,
                rows,
                null,
                new Matrix(from.data(), 0, 0, into.width()),
                null,
                from,
                Activation.IDENTITY,
                Curve.EXACT,
                into);
    }

    private static void require(String name, @Nullable PackedRows rows, Element type, int width) {
        if (rows != null && (rows.width() != width || rows.data().element() != type)) {
            throw new IllegalArgumentException(name + " must be " + width + " " + type + " wide to fit the matrix, got "
                    + rows.width() + " " + rows.data().element());
        }
    }
}
