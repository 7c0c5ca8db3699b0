package org.tweedie.device;

/** The host's threads, as a kernel's twin sees them. */
public interface Team {
    /** Threads at work, the caller included. */
    int size();

    /**
     * Runs {@code body} over pieces of {@code [0, count)}, each at least {@code grain} long but for the last; returns when
     * all are done. How the range is cut must not change a bit of the result.
     */
    void forRange(long count, long grain, Body body);

    /** One piece of a range. */
    @FunctionalInterface
    interface Body {
        void run(long from, long to);
    }
}
