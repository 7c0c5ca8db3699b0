package org.tweedie.device;

/** Captured work, replayed by {@link Stream#launch(Graph)}. What changes between replays is read from device memory. */
public interface Graph extends AutoCloseable {
    /** Operations in the graph. */
    int size();

    @Override
    void close();
}
