package org.tweedie.device.cuda;

import java.util.concurrent.atomic.AtomicInteger;
import org.tweedie.device.ClosedException;

/**
 * Lets a resource be closed by one thread while others use it: calls count themselves in and out, closing refuses new
 * ones, and the resource is released once, by whoever is last. Never blocks.
 */
final class Guard {
    private static final int CLOSED = Integer.MIN_VALUE;

    private final String what;
    private final Runnable release;
    private final AtomicInteger users = new AtomicInteger();

    Guard(String what, Runnable release) {
        this.what = what;
        this.release = release;
    }

    /** Counts a user in. */
    void enter() {
        while (true) {
            int now = users.get();
            if (now < 0) {
                throw closed();
            }
            if (users.compareAndSet(now, now + 1)) {
                return;
            }
        }
    }

    /** Counts the only user in. */
    void enterAlone() {
        enterBeside(0);
    }

    /** Counts a user in who has entered so many times before, and nobody else has. */
    void enterBeside(int own) {
        if (!users.compareAndSet(own, own + 1)) {
            throw users.get() < 0
                    ? closed()
                    : new IllegalStateException(what + " is in use by another thread; use one for each thread");
        }
    }

    void exit() {
        if (users.decrementAndGet() == CLOSED) {
            release.run();
        }
    }

    void close() {
        while (true) {
            int now = users.get();
            if (now < 0) {
                return;
            }
            if (users.compareAndSet(now, now | CLOSED)) {
                if (now == 0) {
                    release.run();
                }
                return;
            }
        }
    }

    boolean isClosed() {
        return users.get() < 0;
    }

    private ClosedException closed() {
        return new ClosedException(what);
    }

    @Override
    public String toString() {
        return what;
    }
}
