package org.tweedie;

import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.tweedie.device.ClosedException;

/**
 * Who uses a resource: many readers, or one writer. Closing keeps new ones out at once, waits for those inside, and releases the
 * resource once. A call that closes from inside of itself (a consumer, a listener) does not wait: it goes on to its end, and the last
 * one out releases.
 */
final class SharedUse {
    private final String what;
    private final Runnable release;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private volatile boolean closed;
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
        lock.readLock().lock();
        try {
            requireOpen();
            return work.run();
        } finally {
            lock.readLock().unlock();
            leave();
        }
    }

    /** Runs {@code work} alone. */
    <T, E extends Exception> T writing(Work<T, E> work) throws E {
        if (lock.getReadHoldCount() > 0 && !lock.isWriteLockedByCurrentThread()) {
            throw new IllegalStateException(
                    what + " cannot be changed from inside of a call that reads it; do it when that call has returned");
        }
        lock.writeLock().lock();
        try {
            requireOpen();
            return work.run();
        } finally {
            lock.writeLock().unlock();
            leave();
        }
    }

    void requireOpen() {
        if (closed) {
            throw new ClosedException(what);
        }
    }

    void close() {
        closed = true;
        if (!inside()) {
            lock.writeLock().lock();
            try {
                releaseOnce();
            } finally {
                lock.writeLock().unlock();
            }
        }
    }

    private boolean inside() {
        return lock.getReadHoldCount() > 0 || lock.isWriteLockedByCurrentThread();
    }

    /** After a close from inside: whoever finds nobody left releases. One who is still there comes by here too. */
    private void leave() {
        if (closed && !inside() && lock.writeLock().tryLock()) {
            try {
                releaseOnce();
            } finally {
                lock.writeLock().unlock();
            }
        }
    }

    private void releaseOnce() {
        if (!released) {
            released = true;
            release.run();
        }
    }
}
