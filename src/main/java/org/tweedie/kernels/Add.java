package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.AddTwins;

/** Sums of rows, and a few numbers into device memory (kernels/score/add.cu). Stateless; any thread. */
public final class Add {
    /** a, b, out, rows, width, a stride, b stride, out stride. */
    public static final KernelEntry ROWS = KernelEntry.of(
            "add_f32",
            AddTwins::rows,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** out, count, stride, four numbers. */
    public static final KernelEntry NUMBERS = KernelEntry.of(
            "numbers_f32",
            AddTwins::numbers,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.F32,
            Parameter.F32,
            Parameter.F32,
            Parameter.F32);

    private static final int MOST = 4;

    private Add() {}

    /** Queues {@code out = a + b}; {@code out} may be the very memory of {@code a} or {@code b}. */
    public static void rows(Stream stream, RowSet rows, View a, View b, View out) {
        Grid.require(b.width() == a.width(), "b must be " + a.width() + " wide", b);
        Grid.require(
                out.width() == a.width() && out.stride() >= out.width(),
                "out must be " + a.width() + " wide, a row for each",
                out);
        Arguments arguments = new Arguments(ROWS);
        a.into(arguments);
        b.into(arguments);
        out.into(arguments);
        rows.into(arguments).i32(a.width()).i32(a.stride()).i32(b.stride()).i32(out.stride());
        stream.launch(
                stream.device().kernel(ROWS), Grid.items(Grid.capacity(out) * Fill.quads(out.width()), 256), arguments);
    }

    /**
     * Queues {@code out[at + k stride] = numbers[k]}.
     *
     * @param stride at least 1
     * @param numbers one to four; a graph that is captured keeps them
     */
    public static void numbers(Stream stream, DeviceBuffer out, long at, int stride, float... numbers) {
        if (numbers.length < 1 || numbers.length > MOST) {
            throw new IllegalArgumentException("a launch writes 1 to " + MOST + " numbers, got " + numbers.length);
        }
        long last = at + (numbers.length - 1L) * stride;
        if (at < 0 || stride < 1 || last >= out.count()) {
            throw new IllegalArgumentException(
                    "elements " + at + " to " + last + " are outside a buffer of " + out.count());
        }
        Arguments arguments =
                new Arguments(NUMBERS).buffer(out, at).i32(numbers.length).i32(stride);
        for (int k = 0; k < MOST; k++) {
            arguments.f32(k < numbers.length ? numbers[k] : 0);
        }
        stream.launch(stream.device().kernel(NUMBERS), LaunchShape.linear(1, 1), arguments);
    }
}
