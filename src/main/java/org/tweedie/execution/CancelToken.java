package org.tweedie.execution;

import java.util.concurrent.CancellationException;

/** Asks a long call to stop at its next safe point. Thread-safe; also heeds the calling thread's interrupt. */
public final class CancelToken {
    private volatile boolean cancelled;

    public void cancel() {
        cancelled = true;
    }

    /** True once {@link #cancel()} was called or the current thread is interrupted. */
    public boolean isCancelled() {
        return cancelled || Thread.currentThread().isInterrupted();
    }

    /** @throws CancellationException if cancelled, naming {@code what} was stopped */
    public void check(String what) {
        if (isCancelled()) {
            throw new CancellationException(what + " was cancelled");
        }
    }
}
