package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.ReduceTwins;

/**
 * Sums with a fixed order (kernels/score/reduce.cu). Elements are numbered row by row; lane l of 65,536 takes elements l,
 * l + 65,536, ... in order, in double; then lanes meet in a binary tree. The same bits on every device, and one rounding to
 * float at the end. Stateless; any thread.
 */
public final class Reduce {
    /** Elements of F64 scratch that a sum needs. */
    public static final int SCRATCH = 256;

    /** values, partials, rows, width, stride, kind. */
    public static final KernelEntry PARTIALS = KernelEntry.of(
            "reduce_partials_f32",
            ReduceTwins::partials,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** partials, out, count of partials. */
    public static final KernelEntry FINISH = KernelEntry.of(
            "reduce_finish_f32", ReduceTwins::finish, Parameter.POINTER, Parameter.POINTER, Parameter.I32);

    /** values, out, rows, width, stride, out stride. */
    public static final KernelEntry ROW_NORM2 = KernelEntry.of(
            "row_norm2_f32",
            ReduceTwins::rowNorm2,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    private Reduce() {}

    /** Scratch for one sum at a time. */
    public static DeviceBuffer scratch(Device device) {
        return device.allocate(Element.F64, SCRATCH);
    }

    /** Queues {@code out[at] = } sum of the elements of the living rows. */
    public static void sum(Stream stream, RowSet rows, View values, DeviceBuffer out, long at, DeviceBuffer scratch) {
        reduce(stream, rows, values, 0, out, at, scratch);
    }

    /** Queues {@code out[at] = } sum of the squares of the elements of the living rows. */
    public static void sumOfSquares(
            Stream stream, RowSet rows, View values, DeviceBuffer out, long at, DeviceBuffer scratch) {
        reduce(stream, rows, values, 1, out, at, scratch);
    }

    /** Queues {@code out[at] = } number of elements of the living rows that are NaN or infinite. */
    public static void nonFinite(
            Stream stream, RowSet rows, View values, DeviceBuffer out, long at, DeviceBuffer scratch) {
        reduce(stream, rows, values, 2, out, at, scratch);
    }

    private static void reduce(
            Stream stream, RowSet rows, View values, int kind, DeviceBuffer out, long at, DeviceBuffer scratch) {
        if (scratch.count() < SCRATCH || scratch.element() != Element.F64) {
            throw new IllegalArgumentException(
                    "scratch must hold " + SCRATCH + " F64, got " + scratch.count() + " " + scratch.element());
        }
        if (at < 0 || at >= out.count()) {
            throw new IllegalArgumentException("the sum's place " + at + " is outside a buffer of " + out.count());
        }
        Arguments partials = new Arguments(PARTIALS);
        values.into(partials).buffer(scratch);
        rows.into(partials).i32(values.width()).i32(values.stride()).i32(kind);
        long elements = values.stride() == 0 ? Long.MAX_VALUE / 2 : Grid.capacity(values) * values.width();
        int blocks = (int) Math.max(1, Math.min(SCRATCH, (elements + 255) / 256));
        stream.launch(stream.device().kernel(PARTIALS), LaunchShape.blocks(blocks, 1, 256, 0), partials);
        Arguments finish = new Arguments(FINISH).buffer(scratch).buffer(out, at).i32(blocks);
        stream.launch(stream.device().kernel(FINISH), LaunchShape.blocks(1, 1, 256, 0), finish);
    }

    /**
     * Queues {@code out[r] = } the squared Euclidean norm of row r: lane l of 32 takes coordinates l, l + 32, ... in order by
     * fused multiply-add, then lanes meet in a binary tree.
     */
    public static void rowNorm2(Stream stream, RowSet rows, View values, View out) {
        Grid.require(out.width() == 1 && out.stride() >= 1, "out must be 1 wide, a row for each", out);
        Arguments arguments = new Arguments(ROW_NORM2);
        values.into(arguments);
        out.into(arguments);
        rows.into(arguments).i32(values.width()).i32(values.stride()).i32(out.stride());
        stream.launch(stream.device().kernel(ROW_NORM2), Grid.items(Grid.capacity(out) * 32, 256), arguments);
    }
}
