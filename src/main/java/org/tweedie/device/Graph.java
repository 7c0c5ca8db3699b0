package org.tweedie.device;

/** Captured work, replayed by {@link Stream#launch(Graph)}. What changes between replays is read from device memory. Thread-safe; replayed by the thread of its stream. */
public interface Graph extends AutoCloseable {
    /** Operations in the graph. */
    int size();

    @Override
    void close();
}
