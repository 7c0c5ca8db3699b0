package org.tweedie.device.host;

import org.tweedie.device.Event;

/** A reading of the clock: on the host, work is done when it is queued. */
final class HostEvent implements Event {
    private volatile long nanos;

    void record() {
        nanos = System.nanoTime();
    }

    @Override
    public void synchronize() {}

    @Override
    public float millisecondsSince(Event earlier) {
        return (nanos - ((HostEvent) earlier).nanos) / 1e6f;
    }

    @Override
    public void close() {}
}
