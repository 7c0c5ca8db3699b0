package org.tweedie.train;

import org.tweedie.device.Stream;

/** The steps of a run, as they are queued. For one thread at a time, that of its stream. */
interface Steps extends AutoCloseable {
    /** The numbers that its products are of: as {@link Gradient#products}. */
    String products();

    /** What runs, for a person: its products first. */
    String how();

    /** Steps from {@code first} on that are best queued at once now, at least 1. */
    int atOnce(long first);

    /** Queued steps after which somebody should look. */
    int look();

    /** Queues steps {@code first}, from 1, to {@code first + count - 1}. */
    void queue(Stream stream, long first, int count);

    /** Everything queued has been waited for. */
    void waited();

    /** Queues what makes the steps that follow those of the same objective under another process that learns. */
    void follow(Stream stream, Objective objective);

    @Override
    void close();
}
