package org.tweedie.device.host;

import java.util.List;
import org.tweedie.device.Graph;

/** Captured operations, in order. */
record HostGraph(List<Runnable> operations) implements Graph {
    @Override
    public int size() {
        return operations.size();
    }

    @Override
    public void close() {}
}
