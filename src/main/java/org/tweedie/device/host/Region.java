package org.tweedie.device.host;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Team.Body;

/**
 * A range cut into pieces that any number of threads take until none is left. Each piece is run once, by one thread; after one
 * has failed the rest is skipped. Thread-safe: a thread that comes late finds nothing to do.
 */
final class Region implements Runnable {
    private final long count;
    private final long piece;
    private final int pieces;
    private final Body body;
    private final AtomicInteger next = new AtomicInteger();
    private final CountDownLatch done;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Region(long count, long piece, int pieces, Body body) {
        this.count = count;
        this.piece = piece;
        this.pieces = pieces;
        this.body = body;
        this.done = new CountDownLatch(pieces);
    }

    /** Takes pieces until none is left. */
    @Override
    public void run() {
        for (int mine = next.getAndIncrement(); mine < pieces; mine = next.getAndIncrement()) {
            try {
                if (failure.get() == null) {
                    body.run(mine * piece, Math.min(count, (mine + 1) * piece));
                }
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            } finally {
                done.countDown();
            }
        }
    }

    /** Waits until every piece is run, and throws what the first that failed has thrown. */
    void join() {
        boolean interrupted = false;
        while (true) {
            try {
                done.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true; // pieces under way write into shared memory: wait for them, then pass the news on
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Throwable thrown = failure.get();
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
    }
}
