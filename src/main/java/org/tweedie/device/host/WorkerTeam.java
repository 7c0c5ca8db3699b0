package org.tweedie.device.host;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Team;

/**
 * A fixed team of daemon threads beside the caller. The caller always takes pieces itself, so calls from several threads,
 * or from inside a piece, finish without waiting for a free worker.
 */
public final class WorkerTeam implements Team, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.tweedie.device");

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
        call(workers, region, Math.min(size, pieces) - 1);
        region.run();
        region.join();
    }

    /** Whoever is left: a team that is closed while a call is under way has no helpers any more, and the caller does it all. */
    private static void call(ExecutorService workers, Region region, int helpers) {
        try {
            for (int helper = 0; helper < helpers; helper++) {
                workers.execute(region);
            }
        } catch (RejectedExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "this team is closed; its caller goes on alone");
        }
    }

    @Override
    public void close() {
        if (workers != null) {
            workers.shutdown();
        }
    }
}
