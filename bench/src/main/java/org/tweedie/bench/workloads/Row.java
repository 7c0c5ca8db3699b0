package org.tweedie.bench.workloads;

import java.util.Arrays;
import org.tweedie.io.Json;

/**
 * One line of a table of results.
 *
 * @param by who computed it, and by which execution
 * @param precision F for f32 all through, H for 16-bit operands with sums in f32, D for double
 * @param size in words
 * @param milliseconds of each run
 * @param amount what a run works through: see {@code unit}
 * @param unit {@code flop}, {@code byte} or {@code launch}
 * @param check what was compared before the first run, and how it came out
 */
public record Row(
        String workload,
        String by,
        String precision,
        String size,
        double[] milliseconds,
        double amount,
        String unit,
        String check) {
    public Row {
        milliseconds = milliseconds.clone();
        Arrays.sort(milliseconds);
    }

    public double median() {
        int n = milliseconds.length;
        return (milliseconds[(n - 1) / 2] + milliseconds[n / 2]) / 2;
    }

    public void write(Json json) {
        json.object()
                .field("workload", workload)
                .field("by", by)
                .field("precision", precision)
                .field("size", size)
                .field("milliseconds", median())
                .field("low", milliseconds[0])
                .field("high", milliseconds[milliseconds.length - 1])
                .field("runs", (long) milliseconds.length)
                .field("amount", amount)
                .field("unit", unit)
                .field("check", check)
                .end();
    }
}
