package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;

/**
 * Which rows a launch works on: the small struct in device memory that every kernel reads, so that a replayed graph can be
 * pointed at other rows. Row {@code r} of the buffers, {@code 0 <= r < count}, is sample {@code index[r]}, or
 * {@code first + r} where there is no index list; a row whose {@code alive} is not above 0 is left untouched.
 *
 * <p>Layout (kernels/rows.cuh): seed u64, first i64, count i64, index const i64*, alive const f32*, iteration i64.
 *
 * <p>Owned by one stream at a time. For one thread at a time, that of its stream.
 */
public final class RowSet implements AutoCloseable {
    /** rows_assign writes the struct from its arguments: ordered in the stream, no host memory to keep. */
    public static final KernelEntry ASSIGN = KernelEntry.of(
            "rows_assign",
            (arguments, team) -> {
                RowSet rows = arguments.struct(0, RowSet.class);
                rows.seed = arguments.int64(1);
                rows.first = arguments.int64(2);
                rows.count = arguments.int64(3);
                rows.index = arguments.isNull(4) ? null : arguments.longs(4);
                rows.alive = arguments.isNull(5) ? null : arguments.floats(5);
                rows.iteration = arguments.int64(6);
            },
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I64,
            Parameter.I64,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64);

    /** rows, alive, mask, last, iteration. */
    public static final KernelEntry AGAIN = KernelEntry.of(
            "rows_again_f32",
            (arguments, team) -> {
                RowSet rows = arguments.struct(0, RowSet.class);
                float[] alive = arguments.floats(1);
                float[] mask = arguments.floats(2);
                int at = arguments.offset(1);
                for (int r = 0; r < rows.count; r++) {
                    mask[r] = alive[at + r];
                    if (mask[r] > 0) {
                        arguments.longs(3)[0] = arguments.int64(4);
                    }
                }
                rows.alive = mask;
                rows.iteration = arguments.int64(4);
            },
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64);

    private final DeviceBuffer memory;
    // what the twins read; written by rows_assign's twin, in stream order
    private long seed;
    private long first;
    private long count;
    private long @Nullable [] index;
    private float @Nullable [] alive;
    private long iteration;

    private RowSet(DeviceBuffer memory) {
        this.memory = memory;
    }

    public static RowSet on(Device device) {
        return new RowSet(device.allocate(Element.I64, 6));
    }

    /** Queues the rows that later launches on this stream work on: {@code count} samples from {@code first}. */
    public void assign(Stream stream, long seed, long first, long count) {
        assign(stream, seed, first, count, null, null, 0);
    }

    /**
     * Queues the rows that later launches on this stream work on.
     *
     * @param index sample number of each row (I64, at least count), or null
     * @param alive rows at or below 0 are skipped (F32, at least count), or null
     * @param iteration of an {@code Until}, added to the ordinal of its draws
     */
    public void assign(
            Stream stream,
            long seed,
            long first,
            long count,
            @Nullable DeviceBuffer index,
            @Nullable DeviceBuffer alive,
            long iteration) {
        if (count < 0 || (index != null && index.count() < count) || (alive != null && alive.count() < count)) {
            throw new IllegalArgumentException("rows: count " + count + " does not fit index list or alive mask");
        }
        stream.launch(
                stream.device().kernel(ASSIGN),
                LaunchShape.linear(1, 1),
                new Arguments(ASSIGN)
                        .struct(memory, this)
                        .i64(seed)
                        .i64(first)
                        .i64(count)
                        .buffer(index)
                        .buffer(alive)
                        .i64(iteration));
    }

    /**
     * Queues that later launches on this stream work on those rows alone whose {@code alive} is above 0 now, in an iteration of an
     * {@code Until}.
     *
     * @param alive one number a row, dense
     * @param mask receives it, so that the step may write {@code alive} (F32, at least count)
     * @param last its first element (I64) becomes {@code iteration} if any row is alive
     */
    public void again(Stream stream, View alive, DeviceBuffer mask, DeviceBuffer last, long iteration) {
        Grid.require(alive.width() == 1 && alive.stride() == 1, "alive must be one number a row, dense", alive);
        if (last.element() != Element.I64 || last.count() < 1) {
            throw new IllegalArgumentException("last must hold an I64, got " + last.count() + " " + last.element());
        }
        Arguments arguments = new Arguments(AGAIN).struct(memory, this);
        alive.into(arguments).buffer(mask).buffer(last).i64(iteration);
        stream.launch(stream.device().kernel(AGAIN), Grid.items(mask.count(), 256), arguments);
    }

    /** Adds the pointer to the struct to a launch's arguments; a twin gets this object back. */
    public Arguments into(Arguments arguments) {
        return arguments.struct(memory, this);
    }

    /** Host twins only: the key of this run. */
    public long seed() {
        return seed;
    }

    /** Host twins only: rows of the buffers at work. */
    public long count() {
        return count;
    }

    /** Host twins only: the sample number of row {@code r}. */
    public long index(long r) {
        return index == null ? first + r : index[(int) r];
    }

    /** Host twins only: whether row {@code r} is to be worked on. */
    public boolean alive(long r) {
        return alive == null || alive[(int) r] > 0;
    }

    /** Host twins only: false where every row is alive, so that a twin may take whole blocks. */
    public boolean masked() {
        return alive != null;
    }

    /** Host twins only. */
    public long iteration() {
        return iteration;
    }

    @Override
    public void close() {
        memory.close();
    }
}
