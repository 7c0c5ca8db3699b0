package org.tweedie.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What a device has handed out and not got back. With {@code -Dtweedie.leaks=true} each allocation remembers where it was
 * made, so that a forgotten close can be named. Thread-safe.
 */
public final class Allocations {
    private static final System.Logger LOG = System.getLogger("org.tweedie.device");
    private static final boolean STACKS = Boolean.getBoolean("tweedie.leaks");

    private final String owner;
    private final AtomicLong bytes = new AtomicLong();
    private final Map<Ticket, Boolean> open = new ConcurrentHashMap<>();

    public Allocations(String owner) {
        this.owner = owner;
    }

    /** Notes an allocation; close the ticket when its memory is returned. */
    public Ticket opened(long size) {
        Ticket ticket = new Ticket(this, size, STACKS ? new Throwable("allocated here") : null);
        bytes.addAndGet(size);
        open.put(ticket, true);
        return ticket;
    }

    public long bytes() {
        return bytes.get();
    }

    /** What is still open, one line each. */
    public List<String> leaks() {
        List<String> lines = new ArrayList<>();
        for (Ticket ticket : open.keySet()) {
            lines.add(owner + ": " + ticket.size + " bytes were not closed"
                    + (STACKS ? "" : "; rerun with -Dtweedie.leaks=true to see where they were allocated"));
        }
        return lines;
    }

    /** Logs what is still open, with its creation stack where known. */
    public void reportLeaks() {
        for (Ticket ticket : open.keySet()) {
            LOG.log(System.Logger.Level.WARNING, owner + ": " + ticket.size + " bytes were not closed"
                    + (STACKS ? "" : "; rerun with -Dtweedie.leaks=true to see where they were allocated"), ticket.stack);
        }
    }

    /** One open allocation. */
    public static final class Ticket implements AutoCloseable {
        private final Allocations owner;
        private final long size;
        private final @Nullable Throwable stack;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Ticket(Allocations owner, long size, @Nullable Throwable stack) {
            this.owner = owner;
            this.size = size;
            this.stack = stack;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                owner.bytes.addAndGet(-size);
                owner.open.remove(this);
            }
        }
    }
}
