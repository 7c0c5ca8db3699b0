package org.tweedie.execution;

/** A program made ready on a device. For one thread at a time; holds device memory until closed. */
public interface Runner extends AutoCloseable {
    /** The most rows one run takes. */
    int capacity();

    /** Runs every step for the rows of {@code batch} and waits until its outputs are written. */
    void run(Batch batch);

    /**
     * The same; a run of several launches, one after the other, gives up between them once it is cancelled.
     *
     * @throws java.util.concurrent.CancellationException if it gave up; the outputs are then undefined
     */
    default void run(Batch batch, CancelToken cancel) {
        run(batch);
    }

    @Override
    void close();
}
