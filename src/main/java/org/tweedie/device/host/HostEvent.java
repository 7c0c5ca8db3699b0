package org.tweedie.device.host;

import org.tweedie.device.ClosedException;
import org.tweedie.device.Event;

/** A reading of the clock: on the host, work is done when it is queued. */
final class HostEvent implements Event {
    private volatile boolean recorded;
    private volatile boolean closed;
    private volatile long nanos;

    void record() {
        requireOpen();
        recorded = true;
        nanos = System.nanoTime();
    }

    void requireOpen() {
        if (closed) {
            throw new ClosedException("this event on the host device");
        }
    }

    @Override
    public void synchronize() {
        requireOpen();
    }

    @Override
    public float millisecondsSince(Event earlier) {
        requireOpen();
        if (!recorded || !((HostEvent) earlier).recorded) {
            throw new IllegalStateException(
                    "both events must be recorded and passed; record them and synchronize first");
        }
        return (nanos - ((HostEvent) earlier).nanos) / 1e6f;
    }

    @Override
    public void close() {
        closed = true;
    }
}
