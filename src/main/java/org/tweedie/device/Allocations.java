package org.tweedie.device;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What a device has handed out and not got back. A forgotten {@code close()} is reported twice over: when the handle
 * becomes unreachable (its memory is then returned), and when the device is closed with handles still open. With
 * {@code -Dtweedie.leaks=true} each report carries the stack of the allocation. Thread-safe.
 */
public final class Allocations {
    private static final System.Logger LOG = System.getLogger("org.tweedie.device");
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int MOST_LINES = 20;

    private final String owner;
    private final boolean stacks = Boolean.getBoolean("tweedie.leaks");
    private final AtomicLong unreachable = new AtomicLong();
    private final Ledger<Ticket> ledger = new Ledger<>();

    /** @param owner what the reports call the device, for example {@code "cuda:0"} */
    public Allocations(String owner) {
        this.owner = owner;
    }

    /**
     * Notes an allocation.
     *
     * @param handle the object that is to be closed; watched, not kept
     * @param what how a report names it, for example {@code "a stream"}
     * @param size bytes of device memory it holds
     * @param free returns what it holds; must not refer to {@code handle}; runs once
     * @return the ticket that the handle's {@code close()} closes
     */
    public Ticket opened(Object handle, String what, long size, Runnable free) {
        return new Ticket(this, handle, what, size, free);
    }

    /** Bytes now held by open handles. */
    public long bytes() {
        return ledger.bytes();
    }

    /** How many handles became unreachable without having been closed. */
    public long unreachable() {
        return unreachable.get();
    }

    /** What is still open, oldest first, one line each. */
    public List<String> leaks() {
        return ledger.open().stream()
                .map(entry -> entry.what.line("was not closed"))
                .toList();
    }

    /** Logs what is still open, with creation stacks where known, and returns its memory. Called when a device closes. */
    public void closeAll() {
        int forgotten = 0;
        for (Ledger<Ticket>.Entry entry : ledger.open()) {
            Ticket ticket = entry.what;
            if (forgotten++ < MOST_LINES) {
                LOG.log(System.Logger.Level.WARNING, ticket.line("was not closed before its device"), ticket.stack);
            }
            ticket.close();
        }
        if (forgotten > MOST_LINES) {
            LOG.log(System.Logger.Level.WARNING, owner + ": and " + (forgotten - MOST_LINES) + " more");
        }
    }

    /** One open allocation. Thread-safe. */
    public static final class Ticket implements AutoCloseable {
        private final Allocations owner;
        private final String what;
        private final Runnable free;
        private final @Nullable Throwable stack;
        private final Ledger<Ticket>.Entry entry;
        private final Cleaner.Cleanable watch;

        private Ticket(Allocations owner, Object handle, String what, long size, Runnable free) {
            this.owner = owner;
            this.what = what;
            this.free = free;
            this.stack = owner.stacks ? new Throwable("allocated here") : null;
            this.watch = CLEANER.register(handle, this::unreachable);
            this.entry = owner.ledger.put(this, size);
        }

        private String line(String fault) {
            return owner.owner + ": " + what + " " + fault
                    + (stack != null ? "" : "; rerun with -Dtweedie.leaks=true to see where it was made");
        }

        private void unreachable() {
            if (entry.take()) {
                owner.unreachable.incrementAndGet();
                LOG.log(System.Logger.Level.WARNING, line("was not closed and is no longer reachable"), stack);
                free.run();
            }
        }

        /** Returns what is held; further calls do nothing. */
        @Override
        public void close() {
            if (entry.take()) {
                watch.clean();
                free.run();
            }
        }

        /** Closes for {@code handle}, which the collector must not take for a forgotten one meanwhile. */
        public void close(Object handle) {
            try {
                close();
            } finally {
                Reference.reachabilityFence(handle);
            }
        }
    }
}
