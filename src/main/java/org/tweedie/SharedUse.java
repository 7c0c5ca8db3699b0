package org.tweedie;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.ClosedException;

/**
 * Who uses a resource: many readers, or one writer, who comes before readers that wait. Closing keeps new ones out at once, waits for
 * those inside, and releases the resource once. A call that closes from inside of itself (a consumer, a listener) does not wait: it
 * goes on to its end, and the last one out releases. A thread that is inside may read further. Thread-safe.
 */
final class SharedUse {
    private final String what;
    private final Runnable release;
    private final List<Thread> readers = new ArrayList<>(); // once for each call inside
    private @Nullable Thread writer;
    private int writing;
    private int waiting;
    private boolean closed;
    private boolean released;

    SharedUse(String what, Runnable release) {
        this.what = what;
        this.release = release;
    }

    /** What is done inside. */
    interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /** Runs {@code work} beside other readers; also inside of a writer of the same thread. */
    <T, E extends Exception> T reading(Work<T, E> work) throws E {
        enterReading();
        try {
            return work.run();
        } finally {
            leaveReading();
        }
    }

    /** Runs {@code work} alone. */
    <T, E extends Exception> T writing(Work<T, E> work) throws E {
        enterWriting();
        try {
            return work.run();
        } finally {
            leaveWriting();
        }
    }

    synchronized void requireOpen() {
        if (closed) {
            throw new ClosedException(what);
        }
    }

    private synchronized void enterReading() {
        requireOpen();
        if (!inside()) {
            await(() -> !closed && (writer != null || waiting > 0));
            requireOpen();
        }
        readers.add(Thread.currentThread());
    }

    private synchronized void leaveReading() {
        readers.remove(Thread.currentThread());
        left();
    }

    private synchronized void enterWriting() {
        requireOpen();
        Thread self = Thread.currentThread();
        if (writer != self) {
            if (readers.contains(self)) {
                throw new IllegalStateException(
                        what + " cannot be changed from inside of a call that reads it; do it when that has returned");
            }
            waiting++;
            await(() -> !closed && used());
            waiting--;
            if (closed) {
                notifyAll();
                throw new ClosedException(what);
            }
            writer = self;
        }
        writing++;
    }

    private synchronized void leaveWriting() {
        if (--writing == 0) {
            writer = null;
        }
        left();
    }

    synchronized void close() {
        closed = true;
        notifyAll(); // who waits to come in is refused
        if (!inside()) {
            await(this::used);
            left();
        }
    }

    private boolean used() {
        return writer != null || !readers.isEmpty();
    }

    private boolean inside() {
        return writer == Thread.currentThread() || readers.contains(Thread.currentThread());
    }

    private void left() {
        if (!used()) {
            if (closed && !released) {
                released = true;
                release.run();
            }
            notifyAll();
        }
    }

    private interface Condition {
        boolean holds();
    }

    /** Waits while something holds; an interrupt is passed on afterwards. */
    private void await(Condition hinders) {
        boolean interrupted = false;
        while (hinders.holds()) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
