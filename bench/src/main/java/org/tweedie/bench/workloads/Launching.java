package org.tweedie.bench.workloads;

import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Graph;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;

/** What a launch costs by itself: a thousand of a kernel that has 64 numbers to write, each by its own call and as one graph. */
final class Launching {
    private static final int LAUNCHES = 1000;
    private static final int DIM = 4;
    private static final int ROWS = 16;

    private Launching() {}

    static void run(Bench bench) {
        try (Stream stream = bench.device().stream();
                RowSet rows = RowSet.on(bench.device());
                DeviceBuffer memory = bench.device().allocate(Element.F32, ROWS * DIM)) {
            View out = View.rows(memory, DIM);
            rows.assign(stream, 1, 0, ROWS);
            Runnable many = () -> {
                for (int i = 0; i < LAUNCHES; i++) {
                    Fill.normal(stream, rows, out, Purpose.DATA, i);
                }
            };
            float[] last = new float[ROWS * DIM];
            many.run();
            stream.download(memory, 0, last, 0, last.length);
            report(bench, "calls", bench.events(stream, many), check(stream, memory, last));
            stream.zero(memory, 0, ROWS * DIM);
            try (Graph graph = stream.capture(many)) {
                stream.launch(graph);
                String check = check(stream, memory, last);
                report(bench, "graph", bench.events(stream, () -> stream.launch(graph)), check);
            }
        }
    }

    private static String check(Stream stream, DeviceBuffer memory, float[] last) {
        float[] got = new float[last.length];
        stream.download(memory, 0, got, 0, got.length);
        if (!java.util.Arrays.equals(last, got) || last[0] == 0) {
            throw new IllegalStateException("the last launch left other numbers");
        }
        return "bits of the last launch";
    }

    private static void report(Bench bench, String by, double[] milliseconds, String check) {
        for (int i = 0; i < milliseconds.length; i++) {
            milliseconds[i] /= LAUNCHES;
        }
        bench.rows()
                .accept(new Row(
                        "launch", "Tweedie " + by, "F", ROWS * DIM + " numbers", milliseconds, 1, "launch", check));
    }
}
