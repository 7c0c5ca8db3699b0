package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.LinearTwins;

/**
 * A dense layer over rows, forward and backward, in f32 (kernels/score/linear.cu): {@code out = act(bias + add + x W)}.
 *
 * <p>Every output accumulates over k in order with fused multiply-add, so the bits depend on the row alone: not on the
 * batch, the launch shape, the number of threads or the device. Stateless; any thread.
 */
public final class Linear {
    /** x, w, bias, add, out, pre, rows, in, width, x stride, add stride, out stride, pre stride, activation. */
    public static final KernelEntry FORWARD = KernelEntry.of(
            "linear_f32",
            LinearTwins::forward,
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

    /** dPre, w, dx, rows, in, width, dPre stride, dx stride, accumulate. */
    public static final KernelEntry INPUT_GRADIENT = KernelEntry.of(
            "linear_input_gradient_f32",
            LinearTwins::inputGradient,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** x, dPre, partials, rows, in, width, x stride, dPre stride, with bias. */
    public static final KernelEntry WEIGHT_GRADIENT = KernelEntry.of(
            "linear_weight_gradient_f32",
            LinearTwins::weightGradient,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** partials, dW, dBias, rows, in, width, accumulate. */
    public static final KernelEntry WEIGHT_GRADIENT_SUM = KernelEntry.of(
            "linear_weight_gradient_sum_f32",
            LinearTwins::weightGradientSum,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** As {@link #FORWARD}, by larger tiles; so are the next two. */
    public static final KernelEntry WIDE_FORWARD = FORWARD.like("linear_wide_f32", LinearTwins::forward);

    /** As {@link #INPUT_GRADIENT}. */
    public static final KernelEntry WIDE_INPUT_GRADIENT =
            INPUT_GRADIENT.like("linear_wide_input_gradient_f32", LinearTwins::inputGradient);

    /** As {@link #WEIGHT_GRADIENT}. */
    public static final KernelEntry WIDE_WEIGHT_GRADIENT =
            WEIGHT_GRADIENT.like("linear_wide_weight_gradient_f32", LinearTwins::weightGradient);

    /**
     * Tiles of 128 x 128 that make them better than four times as many of 64 x 64: two for each of the 132 multiprocessors of a H200. No bit
     * depends on it.
     */
    private static final long WIDE_TILES = 264;

    /** Which kernel takes a product of so many rows (or inputs) and columns, {@code times} over: wide tiles must be many, and not half empty. */
    private static KernelEntry tiled(KernelEntry small, KernelEntry wide, long rows, int columns, int times) {
        int side = side(wide);
        return columns > side / 2 && ((rows + side - 1) / side) * tiles(columns, side) * times >= WIDE_TILES
                ? wide
                : small;
    }

    /** Rows and columns of a tile. */
    private static int side(KernelEntry entry) {
        return wide(entry) ? 128 : 64;
    }

    private static int threads(KernelEntry entry) {
        return wide(entry) ? 256 : 128;
    }

    private static boolean wide(KernelEntry entry) {
        return entry == WIDE_FORWARD || entry == WIDE_INPUT_GRADIENT || entry == WIDE_WEIGHT_GRADIENT;
    }

    private Linear() {}

    /**
     * Queues {@code pre = bias + add + x W; out = act(pre)}. The sum starts at the bias (or 0), takes the row of
     * {@code add}, then the products in the order of the inputs.
     *
     * @param x {@code w.in()} wide; a stride of 0 gives every row the same input
     * @param bias one shared row, {@code w.out()} wide, or null
     * @param add a row for each (or one for all: stride 0), {@code w.out()} wide, or null
     * @param out {@code w.out()} wide; may be the very memory of {@code add}, never that of {@code x}
     * @param pre where to keep what the activation was applied to, or null; may not overlap {@code x} or {@code out}
     * @throws IllegalArgumentException if a width does not fit the matrix
     */
    public static void forward(
            Stream stream,
            RowSet rows,
            View x,
            Matrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            View out,
            @Nullable View pre) {
        forward(
                tiled(FORWARD, WIDE_FORWARD, Grid.capacity(out), w.out(), 1),
                stream,
                rows,
                x,
                w,
                bias,
                add,
                activation,
                out,
                pre);
    }

    /** As the public one, by {@link #FORWARD} or {@link #WIDE_FORWARD}. */
    static void forward(
            KernelEntry entry,
            Stream stream,
            RowSet rows,
            View x,
            Matrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            View out,
            @Nullable View pre) {
        requireShapes(x, w.in(), w.out(), bias, add, out, pre);
        if (w.out() == 0) {
            return;
        }
        Arguments arguments = new Arguments(entry);
        x.into(arguments).buffer(w.data(), w.offset());
        into(bias, arguments);
        into(add, arguments);
        out.into(arguments);
        into(pre, arguments);
        rows.into(arguments)
                .i32(w.in())
                .i32(w.out())
                .i32(x.stride())
                .i32(stride(add))
                .i32(out.stride())
                .i32(stride(pre))
                .i32(activation.code());
        stream.launch(
                stream.device().kernel(entry),
                Grid.tiles(Grid.capacity(out), side(entry), tiles(w.out(), side(entry)), threads(entry)),
                arguments);
    }

    /**
     * Queues the gradient to the inputs, {@code dx[i] = sum over j in order of dPre[j] W[i][j]}.
     *
     * @param accumulate whether the sum starts at what {@code dx} holds (else at 0)
     */
    public static void backwardInput(Stream stream, RowSet rows, View dPre, Matrix w, View dx, boolean accumulate) {
        backwardInput(
                tiled(INPUT_GRADIENT, WIDE_INPUT_GRADIENT, Grid.capacity(dx), w.in(), 1),
                stream,
                rows,
                dPre,
                w,
                dx,
                accumulate);
    }

    /** As the public one, by {@link #INPUT_GRADIENT} or {@link #WIDE_INPUT_GRADIENT}. */
    static void backwardInput(
            KernelEntry entry, Stream stream, RowSet rows, View dPre, Matrix w, View dx, boolean accumulate) {
        requireWidth("dPre", dPre, w.out());
        requireWidth("dx", dx, w.in());
        requireOwnRows("dx", dx);
        if (w.in() == 0) {
            return;
        }
        Arguments arguments = new Arguments(entry);
        dPre.into(arguments).buffer(w.data(), w.offset());
        dx.into(arguments);
        rows.into(arguments)
                .i32(w.in())
                .i32(w.out())
                .i32(dPre.stride())
                .i32(dx.stride())
                .i32(accumulate ? 1 : 0);
        stream.launch(
                stream.device().kernel(entry),
                Grid.tiles(Grid.capacity(dx), side(entry), tiles(w.in(), side(entry)), threads(entry)),
                arguments);
    }

    /**
     * Queues the gradient to weights and bias, summed over the living rows: {@code dW[i][j] = sum over r of x[r][i] dPre[r][j]},
     * {@code dBias[j] = sum over r of dPre[r][j]}. Rows are cut into chunks whose length follows from their count alone (see
     * {@link SumChunks#each}); each chunk is summed in the order of its rows, then the chunks in their order: the same bits on any
     * device.
     *
     * @param dW where the gradient goes, {@code in x out} elements from {@code at}; overwritten unless {@code accumulate}
     * @param dBias where the bias's gradient goes, {@code out} elements from {@code biasAt}, or null
     * @param accumulate whether the sum of the chunks starts at what dW and dBias hold (else at 0)
     * @param scratch at least {@link #scratch(int, int)} elements, used by this call alone until it is done
     */
    public static void backwardWeight(
            Stream stream,
            RowSet rows,
            View x,
            View dPre,
            DeviceBuffer dW,
            long at,
            @Nullable DeviceBuffer dBias,
            long biasAt,
            boolean accumulate,
            DeviceBuffer scratch) {
        KernelEntry entry = tiled(WEIGHT_GRADIENT, WIDE_WEIGHT_GRADIENT, x.width(), dPre.width(), chunksIn(dPre));
        backwardWeight(entry, stream, rows, x, dPre, dW, at, dBias, biasAt, accumulate, scratch);
    }

    /** As the public one, by an entry with the parameters of {@link #WEIGHT_GRADIENT} and its tiles. */
    static void backwardWeight(
            KernelEntry entry,
            Stream stream,
            RowSet rows,
            View x,
            View dPre,
            DeviceBuffer dW,
            long at,
            @Nullable DeviceBuffer dBias,
            long biasAt,
            boolean accumulate,
            DeviceBuffer scratch) {
        int in = x.width();
        int out = dPre.width();
        if ((long) in * out > dW.count() - at || (dBias != null && out > dBias.count() - biasAt)) {
            throw new IllegalArgumentException("gradient of a " + in + " x " + out + " matrix at " + at
                    + " does not fit a buffer of " + dW.count() + " elements, or its bias at " + biasAt
                    + (dBias == null ? "" : " one of " + dBias.count()));
        }
        if (scratch.count() < scratch(in, out) || scratch.element() != Element.F32) {
            throw new IllegalArgumentException(
                    "scratch must hold " + scratch(in, out) + " F32, got " + scratch.count() + " " + scratch.element());
        }
        if (out == 0) {
            return;
        }
        Arguments partial = new Arguments(entry);
        x.into(partial);
        dPre.into(partial).buffer(scratch);
        rows.into(partial).i32(in).i32(out).i32(x.stride()).i32(dPre.stride()).i32(dBias == null ? 0 : 1);
        int across = tiles(in, side(entry)) + (dBias == null ? 0 : 1);
        if (across > 0) {
            LaunchShape shape =
                    new LaunchShape(across, tiles(out, side(entry)), chunksIn(dPre), threads(entry), 1, 1, 0);
            stream.launch(stream.device().kernel(entry), shape, partial);
        }
        Arguments sum = new Arguments(WEIGHT_GRADIENT_SUM);
        sum.buffer(scratch).buffer(dW, at).buffer(dBias, dBias == null ? 0 : biasAt);
        rows.into(sum).i32(in).i32(out).i32(accumulate ? 1 : 0);
        stream.launch(stream.device().kernel(WEIGHT_GRADIENT_SUM), Grid.items((in + 1L) * out, 256), sum);
    }

    /** Queues the sum over the chunks, in their order, of {@code count} numbers each, {@code count + 1} from one chunk to the next. */
    static void sum(Stream stream, RowSet rows, DeviceBuffer partial, int count, DeviceBuffer into) {
        Arguments sum = new Arguments(WEIGHT_GRADIENT_SUM);
        sum.buffer(partial).buffer(into, 0).buffer(null, 0);
        rows.into(sum).i32(count).i32(1).i32(0);
        stream.launch(stream.device().kernel(WEIGHT_GRADIENT_SUM), Grid.items(count, 256), sum);
    }

    /** Elements of scratch that {@link #backwardWeight} needs. */
    public static long scratch(int in, int out) {
        return SumChunks.MOST * (in + 1L) * out;
    }

    /** The most chunks that the rows of a launch can be cut into. */
    private static int chunksIn(View view) {
        return SumChunks.most(view.stride() == 0 ? Long.MAX_VALUE : Grid.capacity(view));
    }

    private static int tiles(int columns, int side) {
        return (columns + side - 1) / side;
    }

    /** What {@link #forward} asks of its views. */
    static void requireShapes(
            @Nullable View x,
            int in,
            int width,
            @Nullable View bias,
            @Nullable View add,
            @Nullable View out,
            @Nullable View pre) {
        requireWidth("x", x, in);
        requireWidth("bias", bias, width);
        requireWidth("add", add, width);
        requireWidth("out", out, width);
        requireWidth("pre", pre, width);
        requireOwnRows("out", out);
        requireOwnRows("pre", pre);
        if (bias != null && bias.stride() != 0) {
            throw new IllegalArgumentException(
                    "bias is one row for all (stride 0), got stride " + bias.stride() + "; give a row for each as add");
        }
    }

    static void into(@Nullable View view, Arguments arguments) {
        if (view == null) {
            arguments.buffer(null);
        } else {
            view.into(arguments);
        }
    }

    static int stride(@Nullable View view) {
        return view == null ? 0 : view.stride();
    }

    private static void requireWidth(String name, @Nullable View view, int width) {
        if (view != null && (view.width() != width || view.data().element() != Element.F32)) {
            throw new IllegalArgumentException(name + " must be " + width + " F32 wide to fit the matrix, got "
                    + view.width() + " " + view.data().element());
        }
    }

    private static void requireOwnRows(String name, @Nullable View view) {
        if (view != null && view.stride() < view.width()) {
            throw new IllegalArgumentException(
                    name + " needs a row for each: stride at least " + view.width() + ", got " + view.stride());
        }
    }
}
