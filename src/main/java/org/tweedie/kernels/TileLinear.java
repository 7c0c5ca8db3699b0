package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.TileOrder;
import org.tweedie.kernels.host.TileTwins;

/**
 * Dense layers by the products of warpgroups (kernels/score/linear_tiles.cu), which Hopper has: what {@link PackedLinear} is on other GPUs, and
 * the same for f32 rounded to tf32. Rows stay in tiles from one layer to the next, sums are in f32. A row's bits depend on the row alone, not
 * on the number of rows, their place or the launch. Activations are by special functions (activation_fast.cuh; the host has the exact
 * ones). Stateless; any thread.
 */
public final class TileLinear {
    /** x, weights, bias, add, residual, out, half, rows, in, width, add stride, out stride, activation. */
    public static final KernelEntry F16 = KernelEntry.of(
            "tiles_linear_f16",
            TileTwins::forwardF16,
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
            Parameter.I32);

    /** As {@link #F16}. */
    public static final KernelEntry BF16 = F16.like("tiles_linear_bf16", TileTwins::forwardBf16);

    /** As {@link #F16}. */
    public static final KernelEntry TF32 = F16.like("tiles_linear_tf32", TileTwins::forwardTf32);

    /** x, w, bias, add, half, rows, in, width, x stride, add stride, activation, numbers. */
    public static final KernelEntry THIN = KernelEntry.of(
            "tiles_thin",
            TileTwins::thin,
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

    /** w, tiles, in, width, numbers. */
    public static final KernelEntry PACK = KernelEntry.of(
            "tiles_pack",
            TileTwins::pack,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    private static final int THREADS = 384;
    private static final int COLUMNS = 256;

    /** Four places of three tiles, and their barriers. */
    private static final int SHARED = 4 * 3 * TileOrder.LINES * TileOrder.LINE_BYTES + 4 * 2 * 8;

    /** Neighbours of a thread. */
    private static final int GROUP = 8;

    private TileLinear() {}

    /** Whether a device has these products: Hopper, and the host for comparison. */
    public static boolean on(Device device) {
        return device.limits().warpgroups() || device.kind() == DeviceKind.HOST;
    }

    /** The kernel of {@link #forward}. */
    public static KernelEntry entry(TileNumbers numbers) {
        return switch (numbers) {
            case F16 -> F16;
            case BF16 -> BF16;
            case TF32 -> TF32;
        };
    }

    /** Queues the rounding of {@code w} into {@code into}, which has its shape. */
    public static void pack(Stream stream, Matrix w, TileMatrix into) {
        if (into.in() != w.in() || into.out() != w.out()) {
            throw new IllegalArgumentException("a " + w.in() + " x " + w.out() + " matrix does not go into one of "
                    + into.in() + " x " + into.out());
        }
        Arguments arguments = new Arguments(PACK)
                .buffer(w.data(), w.offset())
                .buffer(into.data())
                .i32(w.in())
                .i32(w.out())
                .i32(into.numbers().ordinal());
        long items = TileMatrix.elements(into.numbers(), w.in(), w.out()) / GROUP;
        stream.launch(stream.device().kernel(PACK), Grid.items(items, 256), arguments);
    }

    /**
     * Queues {@code y = act(bias + add + x W) + residual} into {@code out}, {@code half} or both.
     *
     * @param x {@code w.in()} wide, of the numbers of the weights
     * @param bias one shared row, {@code w.out()} wide, or null
     * @param add a row for each (or one for all: stride 0), {@code w.out()} wide, or null
     * @param residual {@code w.out()} wide, may be x, or null
     * @param out where y goes as f32, or null
     * @param half where y goes rounded, or null; not the memory of x
     * @throws IllegalArgumentException if a width or type does not fit the matrix
     */
    public static void forward(
            Stream stream,
            RowSet rows,
            TileRows x,
            TileMatrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            @Nullable TileRows residual,
            @Nullable View out,
            @Nullable TileRows half) {
        int most = stream.device().limits().processors();
        forward(stream, rows, x, w, bias, add, activation, residual, out, half, most);
    }

    /** The same by so many blocks at most. */
    static void forward(
            Stream stream,
            RowSet rows,
            TileRows x,
            TileMatrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            @Nullable TileRows residual,
            @Nullable View out,
            @Nullable TileRows half,
            int most) {
        require("x", x, w.numbers(), w.in());
        require("residual", residual, w.numbers(), w.out());
        require("half", half, w.numbers(), w.out());
        Linear.requireShapes(null, w.in(), w.out(), bias, add, out, null);
        if (out == null && half == null) {
            throw new IllegalArgumentException("give out or half: the product has to go somewhere");
        }
        if (half != null && half.data() == x.data()) {
            throw new IllegalArgumentException("half must not be the memory of x, which is read until the end");
        }
        KernelEntry entry = entry(w.numbers());
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
                .i32(activation.code());
        long tiles = x.capacity() / TileOrder.LINES * ((w.out() + COLUMNS - 1) / COLUMNS);
        long blocks = Math.max(1, Math.min(tiles, most));
        stream.launch(stream.device().kernel(entry), LaunchShape.blocks(blocks, 1, THREADS, SHARED), arguments);
    }

    /**
     * Queues {@code half = act(bias + add + x W)} with products and sums in f32, rounded at the end: for layers of a few inputs.
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
            TileRows half) {
        require("half", half, half.numbers(), w.out());
        Linear.requireShapes(x, w.in(), w.out(), bias, add, null, null);
        if (x == null && w.in() > 0) {
            throw new IllegalArgumentException("x must be given for " + w.in() + " inputs");
        }
        Arguments arguments = new Arguments(THIN);
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
                .i32(half.numbers().ordinal());
        long items = half.data().count() / GROUP;
        stream.launch(stream.device().kernel(THIN), Grid.items(items, 256), arguments);
    }

    /** Queues the rounding of rows. */
    public static void pack(Stream stream, RowSet rows, View from, TileRows into) {
        thin(stream, rows, null, new Matrix(from.data(), 0, 0, into.width()), null, from, Activation.IDENTITY, into);
    }

    private static void require(String name, @Nullable TileRows rows, TileNumbers numbers, int width) {
        if (rows != null && (rows.width() != width || rows.numbers() != numbers)) {
            throw new IllegalArgumentException(name + " must be " + width + " " + numbers
                    + " wide to fit the matrix, got " + rows.width() + " " + rows.numbers());
        }
    }
}
