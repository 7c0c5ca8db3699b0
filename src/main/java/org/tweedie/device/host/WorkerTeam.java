package org.tweedie.device.host;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Team;

/**
 * A fixed team of daemon threads beside the caller. The caller always takes pieces itself, so calls from several threads,
 * or from inside a piece, finish without waiting for a free worker.
 */
public final class WorkerTeam implements Team, AutoCloseable {
    /** The calling thread alone. */
    static final WorkerTeam INLINE = new WorkerTeam(1);

    private final int size;
    private final @Nullable ExecutorService workers;

    WorkerTeam(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("threads must be positive, got " + size);
        }
        this.size = size;
        this.workers = size == 1 ? null : pool(size - 1);
    }

    private static ExecutorService pool(int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(threads, threads, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "tweedie-host-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void forRange(long count, long grain, Body body) {
        if (count <= 0) {
            return;
        }
        // four pieces a thread even out uneven threads; a piece is never shorter than the grain
        long piece = Math.max(Math.max(1, grain), (count + 4L * size - 1) / (4L * size));
        int pieces = Math.toIntExact((count + piece - 1) / piece);
        if (workers == null || pieces == 1) {
            body.run(0, count);
            return;
        }
        Region region = new Region(count, piece, pieces, body);
        for (int helper = Math.min(size, pieces) - 1; helper > 0; helper--) {
            workers.execute(region);
        }
        region.run();
        region.join();
    }

    @Override
    public void close() {
        if (workers != null) {
            workers.shutdown();
        }
    }

    private static final class Region implements Runnable {
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

        void join() {
            boolean interrupted = false;
            while (true) {
                try {
                    done.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted =
                            true; // pieces under way write into shared memory: wait for them, then pass the news on
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
}
