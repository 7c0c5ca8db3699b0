package org.tweedie.execution;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * The row set of a runner, pointed at one batch after the other, with room for their index lists, and, while a step repeats, at those of its
 * rows that go on. For one stream.
 */
final class BatchRows implements AutoCloseable {
    private final Stream stream;
    private final int capacity;
    private final Closing owned = new Closing();
    private final RowSet rows;
    private long[] wanted = {};
    private Batch batch = new Batch(0, 0, 0, null, List.of(), List.of(), List.of());
    private int count;
    private @Nullable DeviceBuffer indices;
    private @Nullable DeviceBuffer mask;

    BatchRows(Stream stream, int capacity) {
        this.stream = stream;
        this.capacity = capacity;
        this.rows = owned.add(RowSet.on(stream.device()));
    }

    RowSet rows() {
        return rows;
    }

    /** Points later launches at the rows of a batch. */
    void assign(Batch batch) {
        this.batch = batch;
        assign();
    }

    /** Points later launches at all rows of the batch, in its order. */
    void assign() {
        mask = null;
        count = batch.count();
        long[] list = batch.indices();
        rows.assign(stream, batch.seed(), batch.first(), count, list == null ? null : uploaded(list), null, 0);
    }

    /** Points later launches at the batch's rows {@code order[0]}, {@code order[1]}, ..., {@code count} of them, now the first of the buffers. */
    void assign(int[] order, int count) {
        if (wanted.length < count) {
            wanted = new long[count];
        }
        long[] list = batch.indices();
        for (int r = 0; r < count; r++) {
            wanted[r] = list == null ? batch.first() + order[r] : list[order[r]];
        }
        this.count = count;
        rows.assign(stream, batch.seed(), batch.first(), count, uploaded(wanted), null, 0);
    }

    /** Points later launches at those rows alone that are alive now, in an iteration of an {@code Until}. */
    void again(View alive, DeviceBuffer mask, DeviceBuffer last, long iteration) {
        rows.again(stream, alive, mask, last, iteration);
        this.mask = mask;
    }

    private DeviceBuffer uploaded(long[] list) {
        if (indices == null) {
            indices = owned.add(stream.device().allocate(Element.I64, capacity));
        }
        DeviceBuffer buffer = indices;
        stream.upload(list, 0, buffer, 0, count);
        return buffer;
    }

    /** Rows that launches work on now, dead ones among them. */
    int count() {
        return count;
    }

    /** Whether launches work on this row, as {@link #again} left it; waits for the stream. */
    boolean[] alive() {
        boolean[] alive = new boolean[count];
        if (mask == null) {
            Arrays.fill(alive, true);
            return alive;
        }
        float[] values = new float[count];
        stream.download(mask, 0, values, 0, count);
        for (int r = 0; r < count; r++) {
            alive[r] = values[r] > 0;
        }
        return alive;
    }

    @Override
    public void close() {
        owned.close();
    }
}
