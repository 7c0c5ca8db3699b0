package org.tweedie.bench.workloads;

import java.util.List;
import java.util.function.Consumer;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.Perturb;
import org.tweedie.kernels.PerturbLayout;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.StepCell;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/**
 * What only moves memory, 2^28 numbers in rows of 64: the device's own copy, W4 (noise injection, with and without eps kept) and W5 (a
 * step of Euler and Maruyama). Timed by events; checked by moments of the noise that the results hold.
 */
final class Streaming {
    private static final int DIM = 64;
    private static final long NUMBERS = 1L << 28;
    private static final int NODES = 16;
    private static final float SIGNAL = 0.8f;
    private static final float NOISE = 0.6f;

    private final Bench bench;
    private final int count;
    private final Stream stream;
    private final RowSet rows;
    private final DeviceBuffer memory;
    private final View first;
    private final View second;
    private final View third;

    private Streaming(Bench bench, int count, Stream stream, RowSet rows, DeviceBuffer memory) {
        this.bench = bench;
        this.count = count;
        this.stream = stream;
        this.rows = rows;
        this.memory = memory;
        first = View.rows(memory, DIM);
        second = first.from(count);
        third = first.from(2L * count);
    }

    /** The device's own copy. */
    static void copy(Bench bench) {
        run(bench, Streaming::copy);
    }

    /** W4. */
    static void perturb(Bench bench) {
        run(bench, Streaming::perturb);
    }

    /** W5. */
    static void step(Bench bench) {
        run(bench, Streaming::step);
    }

    private static void run(Bench bench, Consumer<Streaming> work) {
        int count = bench.scaled(NUMBERS / DIM);
        try (Stream stream = bench.device().stream();
                RowSet rows = RowSet.on(bench.device());
                DeviceBuffer memory = bench.device().allocate(Element.F32, 3L * count * DIM)) {
            rows.assign(stream, 1, 0, count);
            work.accept(new Streaming(bench, count, stream, rows, memory));
        }
    }

    private void report(String workload, String by, double[] milliseconds, int bytes, String check) {
        bench.rows()
                .accept(new Row(
                        workload,
                        by,
                        "F",
                        count + " rows x " + DIM,
                        milliseconds,
                        (double) bytes * count * DIM,
                        "byte",
                        check));
    }

    private void copy() {
        Fill.normal(stream, rows, first, Purpose.DATA, 0);
        long numbers = (long) count * DIM;
        double[] milliseconds = bench.events(stream, () -> stream.copy(memory, 0, memory, numbers, numbers));
        int n = (int) Math.min(1 << 20, numbers);
        float[] from = new float[n];
        float[] into = new float[n];
        stream.download(memory, numbers - n, from, 0, n);
        stream.download(memory, 2 * numbers - n, into, 0, n);
        if (!java.util.Arrays.equals(from, into)) {
            throw new IllegalStateException("the copy differs");
        }
        report("copy", "the device", milliseconds, 8, "the last " + n + " numbers");
    }

    private void perturb() {
        double[][] values = new double[NODES][PerturbLayout.COLUMNS];
        double[][] slopes = new double[NODES][PerturbLayout.COLUMNS];
        for (double[] row : values) {
            row[PerturbLayout.A_X0] = SIGNAL;
            row[PerturbLayout.A_EPS] = NOISE;
        }
        PerturbLayout layout = PerturbLayout.of(-2, 0.25, values, slopes);
        try (DeviceBuffer table = bench.device().allocate(Element.F32, layout.table().length);
                DeviceBuffer t = bench.device().allocate(Element.F32, count)) {
            float[] times = new float[count];
            for (int r = 0; r < count; r++) {
                times[r] = 0.2f + 0.7f * r / count;
            }
            stream.upload(layout.table(), 0, table, 0, layout.table().length);
            stream.upload(times, 0, t, 0, count);
            for (boolean keep : new boolean[] {true, false}) {
                Perturb.Into into = new Perturb.Into(second, null, keep ? third : null, null, null);
                Runnable launch = () -> Perturb.run(
                        stream, rows, first, View.rows(t, 1), Perturb.Table.of(layout, table), Purpose.NOISE, 0, into);
                Fill.normal(stream, rows, first, Purpose.DATA, 0);
                launch.run();
                String check = residual(SIGNAL, NOISE);
                report(
                        "W4",
                        keep ? "Tweedie, eps kept" : "Tweedie",
                        bench.events(stream, launch),
                        keep ? 12 : 8,
                        check);
            }
        }
    }

    private void step() {
        int[] headers = new int[CellLayout.HEADER];
        float[] weights = new float[CellLayout.WEIGHTS];
        CellLayout.encode(
                new int[] {0, 1},
                new int[] {0},
                new double[][] {{0.99, 0.01, 0.1}},
                List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 0)),
                0,
                headers,
                weights);
        try (DeviceBuffer cells = bench.device().allocate(Element.I32, headers.length);
                DeviceBuffer table = bench.device().allocate(Element.F32, weights.length)) {
            stream.upload(headers, 0, cells, 0, headers.length);
            stream.upload(weights, 0, table, 0, weights.length);
            stream.zero(memory, 0, 2L * count * DIM);
            long slot = (long) count * DIM;
            Runnable launch = () -> StepCell.run(stream, rows, memory, slot, DIM, cells, table, 0);
            launch.run();
            stream.copy(memory, 0, memory, slot, slot);
            stream.zero(memory, 0, slot);
            String check = residual(0, 0.1f);
            report("W5", "Tweedie", bench.events(stream, launch), 12, check);
        }
    }

    /** That second - signal first is noise of this size: mean and variance of the first million numbers within five standard errors. */
    private String residual(float signal, float noise) {
        int n = (int) Math.min(1 << 20, (long) count * DIM);
        float[] clean = new float[n];
        float[] noisy = new float[n];
        stream.download(first.data(), first.offset(), clean, 0, n);
        stream.download(second.data(), second.offset(), noisy, 0, n);
        double sum = 0;
        double square = 0;
        for (int i = 0; i < n; i++) {
            double z = (noisy[i] - (double) signal * clean[i]) / noise;
            sum += z;
            square += z * z;
        }
        double mean = sum / Math.sqrt(n);
        double variance = (square - n) / Math.sqrt(2.0 * n);
        if (!(Math.abs(mean) < 5 && Math.abs(variance) < 5)) {
            throw new IllegalStateException("the noise is off by " + mean + " and " + variance + " standard errors");
        }
        return String.format(
                java.util.Locale.ROOT, "noise: mean %.1f and variance %.1f standard errors off", mean, variance);
    }
}
