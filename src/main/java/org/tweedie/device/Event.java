package org.tweedie.device;

/** A point in a stream's queue, with the time at which it was passed. Safe for use by many threads; recorded by one at a time. */
public interface Event extends AutoCloseable {
    /** Waits until the recorded point is passed. */
    void synchronize();

    /** Milliseconds from {@code earlier} to this event; both recorded and passed. */
    float millisecondsSince(Event earlier);

    @Override
    void close();
}
