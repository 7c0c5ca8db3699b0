package org.tweedie.device;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
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
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong serial = new AtomicLong();
    private final AtomicLong unreachable = new AtomicLong();
    private final Map<Ticket, Boolean> open = new ConcurrentHashMap<>();

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
        Ticket ticket = new Ticket(this, what, size, free, stacks ? new Throwable("allocated here") : null);
        bytes.addAndGet(size);
        open.put(ticket, true);
        ticket.watch = CLEANER.register(handle, ticket::unreachable);
        return ticket;
    }

    /** Bytes now held by open handles. */
    public long bytes() {
        return bytes.get();
    }

    /** How many handles became unreachable without having been closed. */
    public long unreachable() {
        return unreachable.get();
    }

    /** What is still open, oldest first, one line each. */
    public List<String> leaks() {
        List<String> lines = new ArrayList<>();
        for (Ticket ticket : byAge()) {
            lines.add(ticket.line("was not closed"));
        }
        return lines;
    }

    /** Logs what is still open, with creation stacks where known, and returns its memory. Called when a device closes. */
    public void closeAll() {
        List<Ticket> forgotten = byAge();
        for (int i = 0; i < forgotten.size(); i++) {
            Ticket ticket = forgotten.get(i);
            if (i < MOST_LINES) {
                LOG.log(System.Logger.Level.WARNING, ticket.line("was not closed before its device"), ticket.stack);
            }
            ticket.close();
        }
        if (forgotten.size() > MOST_LINES) {
            LOG.log(System.Logger.Level.WARNING, owner + ": and " + (forgotten.size() - MOST_LINES) + " more");
        }
    }

    private List<Ticket> byAge() {
        List<Ticket> tickets = new ArrayList<>(open.keySet());
        tickets.sort(Comparator.comparingLong(ticket -> ticket.number));
        return tickets;
    }

    /** One open allocation. */
    public static final class Ticket implements AutoCloseable {
        private final Allocations owner;
        private final String what;
        private final long size;
        private final long number;
        private final Runnable free;
        private final @Nullable Throwable stack;
        private final AtomicBoolean closed = new AtomicBoolean();
        private volatile Cleaner.@Nullable Cleanable watch;

        private Ticket(Allocations owner, String what, long size, Runnable free, @Nullable Throwable stack) {
            this.owner = owner;
            this.what = what;
            this.size = size;
            this.number = owner.serial.incrementAndGet();
            this.free = free;
            this.stack = stack;
        }

        private String line(String fault) {
            return owner.owner + ": " + what + " " + fault
                    + (stack != null ? "" : "; rerun with -Dtweedie.leaks=true to see where it was made");
        }

        private void unreachable() {
            if (closed.compareAndSet(false, true)) {
                owner.unreachable.incrementAndGet();
                LOG.log(System.Logger.Level.WARNING, line("was not closed and is no longer reachable"), stack);
                free();
            }
        }

        /** Returns what is held; further calls do nothing. */
        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                Cleaner.Cleanable watching = watch;
                if (watching != null) {
                    watching.clean();
                }
                free();
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

        private void free() {
            owner.bytes.addAndGet(-size);
            owner.open.remove(this);
            free.run();
        }
    }
}
