package org.tweedie.bench.workloads;

import java.util.function.Consumer;
import org.tweedie.device.Device;
import org.tweedie.device.Event;
import org.tweedie.device.Stream;

/**
 * What a workload runs on.
 *
 * @param scale share of the rows that the workload is defined with: 1 on a large GPU, little for a trial
 * @param runs timed, after {@code warm} that are not
 * @param rows takes what was measured
 */
record Bench(Device device, double scale, int warm, int runs, Consumer<Row> rows) {
    int scaled(long full) {
        return (int) Math.max(64, Math.round(full * scale));
    }

    /** Times of work that waits until it is done. */
    double[] wall(Runnable work) {
        double[] milliseconds = new double[runs];
        for (int i = -warm; i < runs; i++) {
            long began = System.nanoTime();
            work.run();
            if (i >= 0) {
                milliseconds[i] = (System.nanoTime() - began) / 1e6;
            }
        }
        return milliseconds;
    }

    /** Times between two events around what is queued, as the device sees them. */
    double[] events(Stream stream, Runnable queue) {
        double[] milliseconds = new double[runs];
        try (Event before = device.event();
                Event after = device.event()) {
            for (int i = -warm; i < runs; i++) {
                stream.record(before);
                queue.run();
                stream.record(after);
                stream.synchronize();
                if (i >= 0) {
                    milliseconds[i] = after.millisecondsSince(before);
                }
            }
        }
        return milliseconds;
    }
}
