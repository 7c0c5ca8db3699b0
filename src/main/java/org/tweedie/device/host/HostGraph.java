package org.tweedie.device.host;

import java.util.List;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Graph;

/** Captured operations, in order. */
final class HostGraph implements Graph {
    private final List<Runnable> operations;
    private volatile boolean closed;

    HostGraph(List<Runnable> operations) {
        this.operations = List.copyOf(operations);
    }

    List<Runnable> operations() {
        if (closed) {
            throw new ClosedException("this graph of " + operations.size() + " operations");
        }
        return operations;
    }

    @Override
    public int size() {
        return operations.size();
    }

    @Override
    public void close() {
        closed = true;
    }
}
