package org.tweedie.kernels.host;

import org.tweedie.kernels.Batch;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/** The order of an epoch, as the host finds it, for tests of other packages. */
public final class RowOrder {
    private final BatchTwin.Order order;

    public RowOrder(long seed, long n) {
        order = new BatchTwin.Order(seed, Philox.purposeWord(Purpose.DATA.code(), 0), n, Batch.bits(n));
    }

    /** The row of the data that is sample {@code i}. */
    public long row(long i) {
        return order.row(i);
    }
}
