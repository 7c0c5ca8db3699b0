package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.AddTwins;

/** Sums of rows, and single numbers into device memory (kernels/score/add.cu). Stateless; any thread. */
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

    /** out, value. */
    public static final KernelEntry SCALAR =
            KernelEntry.of("scalar_f32", AddTwins::scalar, Parameter.POINTER, Parameter.F32);

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

    /** Queues {@code out[at] = value}. */
    public static void scalar(Stream stream, DeviceBuffer out, long at, float value) {
        if (at < 0 || at >= out.count()) {
            throw new IllegalArgumentException("element " + at + " is outside a buffer of " + out.count());
        }
        stream.launch(
                stream.device().kernel(SCALAR),
                LaunchShape.linear(1, 1),
                new Arguments(SCALAR).buffer(out, at).f32(value));
    }
}
