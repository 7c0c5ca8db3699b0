package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;

/** A stream of a device with buffers that close with it: what a kernel test needs, in few words. */
class Lab implements AutoCloseable {
    /** Row counts chosen to hurt: nothing, one, around a warp, one past a block, a prime. */
    static final int[] SIZES = {0, 1, 3, 31, 33, 257, 1021};

    /** Widths chosen to hurt: parts of a quad, quads, and a prime. */
    static final int[] DIMS = {1, 2, 3, 4, 5, 8, 31, 64};

    private static final long LIVING = 0x5EED;

    private final Device device;
    private final Stream stream;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    Lab(Device device) {
        this(device, UnaryOperator.identity());
    }

    /** Hands out its stream as {@code seen} shows it. */
    Lab(Device device, UnaryOperator<Stream> seen) {
        this.device = device;
        Stream own = device.stream();
        open.push(own);
        this.stream = seen.apply(own);
    }

    Device device() {
        return device;
    }

    Stream stream() {
        return stream;
    }

    DeviceBuffer floats(float... values) {
        return upload(Element.F32, values, values.length);
    }

    DeviceBuffer doubles(double... values) {
        return upload(Element.F64, values, values.length);
    }

    DeviceBuffer ints(int... values) {
        return upload(Element.I32, values, values.length);
    }

    DeviceBuffer longs(long... values) {
        return upload(Element.I64, values, values.length);
    }

    private DeviceBuffer upload(Element element, Object values, int count) {
        DeviceBuffer buffer = device.allocate(element, count);
        open.push(buffer);
        if (count > 0) {
            stream.upload(values, 0, buffer, 0, count);
        }
        return buffer;
    }

    /** {@code count} floats of a value that no kernel writes. */
    DeviceBuffer untouched(int count) {
        float[] values = new float[count];
        Arrays.fill(values, UNTOUCHED);
        return floats(values);
    }

    static final float UNTOUCHED = -12345.5f;

    /** Rows of these values, {@code width} each. */
    View rows(float[] values, int width) {
        return View.rows(floats(values), width);
    }

    /** Rows of a value that no kernel writes, {@code stride} columns from one to the next, of which the view has {@code width}. */
    View out(int offset, int rows, int width, int stride) {
        return new View(untouched(offset + rows * stride), offset, width, stride);
    }

    View out(int rows, int width) {
        return out(0, rows, width, width);
    }

    /** All of what {@link #out} or {@link #rows} made, what lies before and between the rows too. */
    float[] read(View view) {
        return read(view.data());
    }

    RowSet rows(long seed, long first, long count) {
        return rows(seed, first, count, null, null, 0);
    }

    RowSet rows(long seed, long first, long count, long @Nullable [] index, float @Nullable [] alive, long iteration) {
        RowSet rows = RowSet.on(device);
        open.push(rows);
        rows.assign(
                stream,
                seed,
                first,
                count,
                index == null ? null : longs(index),
                alive == null ? null : floats(alive),
                iteration);
        return rows;
    }

    static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-3, 4)));
        }
        return values;
    }

    /**
     * Rows from an index list, every fifth dead; or all rows, in their order, where there are 65: one past the last is then as good as any,
     * while a list of the living would happen to call it dead.
     */
    RowSet living(int rows) {
        if (rows == 65) {
            return rows(LIVING, 3, rows);
        }
        long[] index = new long[rows];
        float[] alive = new float[rows];
        for (int r = 0; r < rows; r++) {
            index[r] = 7L * r + 1;
            alive[r] = r % 5 == 3 ? 0 : 1;
        }
        return rows(LIVING, 0, rows, index, alive, 2);
    }

    static float[] all(float[]... parts) {
        float[] all = new float[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    float[] read(DeviceBuffer buffer) {
        float[] values = new float[(int) buffer.count()];
        if (values.length > 0) {
            stream.download(buffer, 0, values, 0, values.length);
        }
        return values;
    }

    int[] readInts(DeviceBuffer buffer) {
        int[] values = new int[(int) buffer.count()];
        if (values.length > 0) {
            stream.download(buffer, 0, values, 0, values.length);
        }
        return values;
    }

    /** What an experiment gives on a device. */
    static float[] on(Device device, Function<Lab, float[]> experiment) {
        try (Lab lab = new Lab(device)) {
            return experiment.apply(lab);
        }
    }

    /** Fails unless an experiment gives on a device the very bits that one host thread gives. */
    static float[] sameOnOneThread(Device device, String what, Function<Lab, float[]> experiment) {
        float[] got = on(device, experiment);
        try (Device one = Device.open("cpu:1")) {
            assertBits(on(one, experiment), got, what + " on " + device.name());
        }
        return got;
    }

    static void assertBits(float[] expected, float[] got, String what) {
        assertEquals(expected.length, got.length, what);
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToRawIntBits(expected[i]) != Float.floatToRawIntBits(got[i])) {
                fail(what + ": element " + i + " is " + got[i] + ", expected the bits of " + expected[i]);
            }
        }
    }

    @Override
    public void close() {
        stream.synchronize();
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
