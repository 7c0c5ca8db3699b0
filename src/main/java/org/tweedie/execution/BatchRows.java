package org.tweedie.execution;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;

/** The row set of a runner, pointed at one batch after the other, with room for their index lists. For one stream. */
final class BatchRows implements AutoCloseable {
    private final Stream stream;
    private final int capacity;
    private final Closing owned = new Closing();
    private final RowSet rows;
    private @Nullable DeviceBuffer indices;

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
        DeviceBuffer list = null;
        long[] wanted = batch.indices();
        if (wanted != null) {
            if (indices == null) {
                indices = owned.add(stream.device().allocate(Element.I64, capacity));
            }
            list = indices;
            stream.upload(wanted, 0, list, 0, batch.count());
        }
        rows.assign(stream, batch.seed(), batch.first(), batch.count(), list, null, 0);
    }

    @Override
    public void close() {
        owned.close();
    }
}
