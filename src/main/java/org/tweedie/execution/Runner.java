package org.tweedie.execution;

/** A program made ready on a device. For one thread at a time; holds device memory until closed. */
public interface Runner extends AutoCloseable {
    /** The most rows one run takes. */
    int capacity();

    /** Runs every step for the rows of {@code batch} and waits until its outputs are written. */
    void run(Batch batch);

    @Override
    void close();
}
