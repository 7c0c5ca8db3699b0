package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.PairTwins;

/**
 * What metrics need of all pairs of two samples, one number a row (kernels/metric/pairs.cu): sums of a function of the squared distance
 * s_ij = |x_i - y_j|^2, sums of exponentials, nearest rows. No pair is stored. Squares and functions are f32, sums double, all in
 * one order, so that no launch shape and no device changes a bit. Values of x and y are at most 2^50 in size; distances below 2^-50 count
 * as 0 in roots and powers. Stateless; any thread.
 */
public final class Pairs {
    /** rows, x, stride, y, stride, columns, dim, chunk, same, kind, factor, bound, stride, parts. */
    public static final KernelEntry SUM = KernelEntry.of(
            "pairs_sum_f32",
            PairTwins::sum,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.I32,
            Parameter.F32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER);

    /** rows, parts, chunks, out. */
    public static final KernelEntry SUM_FINISH = KernelEntry.of(
            "pairs_sum_finish_f64",
            PairTwins::sumFinish,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER);

    /** rows, x, stride, y, stride, columns, dim, chunk, same, inverse, potential, stride, tops, sums. */
    public static final KernelEntry SOFT = KernelEntry.of(
            "pairs_soft_f32",
            PairTwins::soft,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.F32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER);

    /** rows, tops, sums, chunks, share, scale, old, stride, out, stride. */
    public static final KernelEntry SOFT_FINISH = KernelEntry.of(
            "pairs_soft_finish_f32",
            PairTwins::softFinish,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.F64,
            Parameter.F32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32);

    /** rows, x, stride, y, stride, columns, dim, chunk, same, after, its columns, least, its columns. */
    public static final KernelEntry NEAREST = KernelEntry.of(
            "pairs_nearest_f32",
            PairTwins::nearest,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER);

    /** rows, least, its columns, chunks, out, its columns. */
    public static final KernelEntry NEAREST_FINISH = KernelEntry.of(
            "pairs_nearest_finish_f32",
            PairTwins::nearestFinish,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER);

    private static final int TILE = 64;

    private Pairs() {}

    /** A function of a squared distance s. The order is that of the kernel's numbers. Immutable. */
    public enum Function {
        /** {@code e^(factor s)}. */
        EXPONENTIAL,
        /** The root of s. */
        ROOT,
        /** {@code s^factor}. */
        POWER,
        /** 1 where s is at most the column's bound, else 0. */
        WITHIN
    }

    /**
     * Both samples: rows of x and as many columns, which are the rows of y. Immutable.
     *
     * @param same y is x: the pair of a row with itself is left out
     */
    public record Sides(View x, View y, long columns, boolean same) {
        public Sides {
            Grid.require(x.width() >= 1 && y.width() == x.width(), "y must be " + x.width() + " wide, as x is", y);
            if (columns < 0 || (y.stride() > 0 && columns > Grid.capacity(y))) {
                throw new IllegalArgumentException(
                        columns + " columns do not fit a buffer of " + Grid.capacity(y) + " rows");
            }
        }

        private Arguments into(Arguments arguments) {
            x.into(arguments).i32(x.stride());
            return y.into(arguments)
                    .i32(y.stride())
                    .i64(columns)
                    .i32(x.width())
                    .i64(PairParts.chunk(columns))
                    .i32(same ? 1 : 0);
        }
    }

    /**
     * Queues {@code out[r] = sum_j function(s_rj)}.
     *
     * @param factor of an exponential or a power, else 0
     * @param bound a number a column, for {@link Function#WITHIN} alone
     * @param out F64, an element a row
     */
    public static void sum(
            Stream stream,
            RowSet rows,
            Sides sides,
            Function function,
            float factor,
            @Nullable View bound,
            PairParts parts,
            DeviceBuffer out) {
        if ((bound != null) != (function == Function.WITHIN)) {
            throw new IllegalArgumentException(function + (bound == null ? " needs a bound" : " takes no bound"));
        }
        require(out, Element.F64);
        parts.require(out.count(), sides.columns());
        Arguments arguments = sides.into(rows.into(new Arguments(SUM)))
                .i32(function.ordinal())
                .f32(factor);
        column(bound, sides, arguments).buffer(parts.sums());
        stream.launch(stream.device().kernel(SUM), tiles(out.count(), sides), arguments);
        Arguments finish = rows.into(new Arguments(SUM_FINISH))
                .buffer(parts.sums())
                .i32(PairParts.chunks(sides.columns()))
                .buffer(out);
        stream.launch(stream.device().kernel(SUM_FINISH), Grid.items(out.count(), 256), finish);
    }

    /**
     * Queues {@code out[r] = scale ln(share sum_j e^(inverse (potential_j - s_rj)))}, or the mean of this and {@code old[r]}: with share 1/columns
     * and scale -1/inverse the soft minimum of {@code s_rj - potential_j}, a pass of Sinkhorn's iteration.
     *
     * @param potential a number a column, or null for 0
     * @param old 1 wide, or null
     * @param out 1 wide, a row for each; may be {@code old}, must not be {@code potential}
     */
    public static void soft(
            Stream stream,
            RowSet rows,
            Sides sides,
            float inverse,
            @Nullable View potential,
            double share,
            float scale,
            @Nullable View old,
            PairParts parts,
            View out) {
        Grid.require(out.width() == 1 && out.stride() >= 1, "out must be 1 wide, a row for each", out);
        long capacity = Grid.capacity(out);
        parts.require(capacity, sides.columns());
        Arguments arguments = sides.into(rows.into(new Arguments(SOFT))).f32(inverse);
        column(potential, sides, arguments).buffer(parts.tops()).buffer(parts.sums());
        stream.launch(stream.device().kernel(SOFT), tiles(capacity, sides), arguments);
        Arguments finish = rows.into(new Arguments(SOFT_FINISH))
                .buffer(parts.tops())
                .buffer(parts.sums())
                .i32(PairParts.chunks(sides.columns()))
                .f64(share)
                .f32(scale);
        if (old == null) {
            finish.buffer(null).i32(0);
        } else {
            Grid.require(old.width() == 1, "old must be 1 wide", old);
            old.into(finish).i32(old.stride());
        }
        out.into(finish).i32(out.stride());
        stream.launch(stream.device().kernel(SOFT_FINISH), Grid.items(capacity, 256), finish);
    }

    /**
     * Queues the least {@code s_rj} of each row and its column: of all, or of those behind what {@code out} and {@code column} hold, by s and
     * then by j. Called k times it gives the k nearest, equal ones too. Infinite and -1 where there are no more.
     *
     * @param first whether of all
     * @param out F32, an element a row
     * @param column I64, an element a row
     */
    public static void nearest(
            Stream stream,
            RowSet rows,
            Sides sides,
            boolean first,
            PairParts parts,
            DeviceBuffer out,
            DeviceBuffer column) {
        require(out, Element.F32);
        require(column, Element.I64);
        long capacity = Math.min(out.count(), column.count());
        parts.require(capacity, sides.columns());
        Arguments arguments = sides.into(rows.into(new Arguments(NEAREST)))
                .buffer(first ? null : out)
                .buffer(first ? null : column)
                .buffer(parts.tops())
                .buffer(parts.columns());
        stream.launch(stream.device().kernel(NEAREST), tiles(capacity, sides), arguments);
        Arguments finish = rows.into(new Arguments(NEAREST_FINISH))
                .buffer(parts.tops())
                .buffer(parts.columns())
                .i32(PairParts.chunks(sides.columns()))
                .buffer(out)
                .buffer(column);
        stream.launch(stream.device().kernel(NEAREST_FINISH), Grid.items(capacity, 256), finish);
    }

    private static void require(DeviceBuffer buffer, Element element) {
        if (buffer.element() != element) {
            throw new IllegalArgumentException(
                    "one " + element + " a row is needed, got a buffer of " + buffer.element());
        }
    }

    private static Arguments column(@Nullable View view, Sides sides, Arguments arguments) {
        if (view == null) {
            return arguments.buffer(null).i32(0);
        }
        Grid.require(view.width() == 1, "what columns have must be 1 wide", view);
        if (view.stride() > 0 && Grid.capacity(view) < sides.columns()) {
            throw new IllegalArgumentException(
                    "one number a column is needed, " + sides.columns() + ", got " + Grid.capacity(view));
        }
        return view.into(arguments).i32(view.stride());
    }

    private static LaunchShape tiles(long capacity, Sides sides) {
        long tiles = (capacity + TILE - 1) / TILE * PairParts.chunks(sides.columns());
        return LaunchShape.blocks(Math.max(1, Math.min(tiles, Grid.MOST)), 1, 256, 0);
    }
}
