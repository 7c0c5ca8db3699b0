package org.tweedie.bench.workloads;

import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.tweedie.device.Device;
import org.tweedie.device.Event;
import org.tweedie.device.Stream;

/**
 * What a workload runs on.
 *
 * @param scale share of the rows that the workload is defined with: 1 on a large GPU, little for a trial
 * @param runs timed at most, after those that are not: a second one where the first took under a second
 * @param seconds that a row's timed runs may take together; two runs at least
 * @param rows takes what was measured
 */
record Bench(Device device, double scale, int runs, double seconds, Consumer<Row> rows) {
    int scaled(long full) {
        return (int) Math.max(64, Math.round(full * scale));
    }

    /** Times of work that waits until it is done. */
    double[] wall(Runnable work) {
        return timed(() -> {
            long began = System.nanoTime();
            work.run();
            return (System.nanoTime() - began) / 1e6;
        });
    }

    /** Times between two events around what is queued, as the device sees them. */
    double[] events(Stream stream, Runnable queue) {
        try (Event before = device.event();
                Event after = device.event()) {
            return timed(() -> {
                stream.record(before);
                queue.run();
                stream.record(after);
                stream.synchronize();
                return after.millisecondsSince(before);
            });
        }
    }

    private double[] timed(DoubleSupplier once) {
        double first = once.getAsDouble();
        if (first < 1000) {
            first = once.getAsDouble();
        }
        double[] milliseconds = new double[(int) Math.max(Math.min(2, runs), Math.min(runs, 1000 * seconds / first))];
        for (int i = 0; i < milliseconds.length; i++) {
            milliseconds[i] = once.getAsDouble();
        }
        return milliseconds;
    }
}
