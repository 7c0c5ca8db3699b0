package org.tweedie.kernels;

import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;

/**
 * What the rows of {@link Pairs} make of each chunk of columns, before it is put together: at most {@value #MOST_CHUNKS} parts a row, 20 bytes
 * each. The chunks follow from the number of columns alone, and so do the bits. For one thread at a time, that of its stream.
 */
public final class PairParts implements AutoCloseable {
    static final int MOST_CHUNKS = 32;
    private static final int TILE = 64;
    private static final int LEAST = 256;

    private final Closing open = new Closing();
    private final DeviceBuffer tops;
    private final DeviceBuffer sums;
    private final DeviceBuffer columns;

    /** Room for this many rows at most against this many columns at most. */
    public PairParts(Device device, long rows, long columns) {
        if (rows < 0 || columns < 0) {
            throw new IllegalArgumentException("pairs of " + rows + " rows and " + columns + " columns");
        }
        long parts = Math.max(1, rows * Math.min(MOST_CHUNKS, (columns + LEAST - 1) / LEAST));
        try {
            this.tops = open.add(device.allocate(Element.F32, parts));
            this.sums = open.add(device.allocate(Element.F64, parts));
            this.columns = open.add(device.allocate(Element.I64, parts));
        } catch (RuntimeException e) {
            open.close();
            throw e;
        }
    }

    /** Columns of a chunk: whole tiles. */
    static long chunk(long columns) {
        long tiles = (columns + TILE - 1) / TILE;
        return Math.max(LEAST, TILE * ((tiles + MOST_CHUNKS - 1) / MOST_CHUNKS));
    }

    static int chunks(long columns) {
        return (int) ((columns + chunk(columns) - 1) / chunk(columns));
    }

    DeviceBuffer tops() {
        return tops;
    }

    DeviceBuffer sums() {
        return sums;
    }

    DeviceBuffer columns() {
        return columns;
    }

    /** @throws IllegalArgumentException if so many rows against so many columns do not fit */
    void require(long rows, long columnCount) {
        if (rows * chunks(columnCount) > tops.count()) {
            throw new IllegalArgumentException(
                    "parts of " + rows + " rows and " + columnCount + " columns do not fit; make room for that many");
        }
    }

    @Override
    public void close() {
        open.close();
    }
}
