package org.tweedie.device;

import java.util.ArrayDeque;
import java.util.Deque;

/** Closes what was opened, last first; all of it, whatever one close throws. For one thread. */
public final class Closing implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    public <T extends AutoCloseable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    @Override
    public void close() {
        RuntimeException first = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (RuntimeException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            } catch (Exception e) {
                throw new IllegalStateException("a device resource threw a checked exception on close", e);
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
