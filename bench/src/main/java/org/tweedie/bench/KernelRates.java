package org.tweedie.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.StepCell;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/**
 * The streaming kernels, launch to finish on one stream; microseconds, percentiles. Floors at B bytes a second: {@code normals} 4 bytes an
 * element, {@code step} (workload W5, {@code x <- a x + b s + c z}) 12 bytes an element. Fresh noise each time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 10, time = 1)
@Fork(
        value = 2,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class KernelRates {
    private static final int DIM = 2;

    @Param("cpu")
    private String device = "cpu";

    /** Rows of two coordinates; 2^27 are W5's gibibyte. */
    @Param("1048576")
    private int rows = 1 << 20;

    private Device open;
    private Stream stream;
    private RowSet set;
    private DeviceBuffer state;
    private DeviceBuffer cells;
    private DeviceBuffer weights;
    private View x;
    private long seed;

    @Setup
    public void open() {
        open = Device.open(device);
        stream = open.stream();
        set = RowSet.on(open);
        long slot = (long) rows * DIM;
        state = open.allocate(Element.F32, 2 * slot);
        x = View.rows(state, DIM);
        int[] headers = new int[CellLayout.HEADER];
        float[] table = new float[CellLayout.WEIGHTS];
        CellLayout.encode(
                new int[] {0, 1},
                new int[] {0},
                new double[][] {{0.99, 0.01, 0.1}},
                List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 0)),
                0,
                headers,
                table);
        cells = open.allocate(Element.I32, headers.length);
        weights = open.allocate(Element.F32, table.length);
        stream.upload(headers, 0, cells, 0, headers.length);
        stream.upload(table, 0, weights, 0, table.length);
        set.assign(stream, ++seed, 0, rows);
        Fill.normal(stream, set, x, Purpose.PRIOR, 0);
        Fill.normal(stream, set, View.rows(state, DIM).from(rows), Purpose.PRIOR, 1);
        check();
    }

    /** One step on the first rows against the formula, with the noise drawn apart. */
    private void check() {
        int count = Math.min(rows, 1021) * DIM;
        float[] before = first(state, 0, count);
        float[] score = first(state, (long) rows * DIM, count);
        step();
        float[] after = first(state, 0, count);
        try (DeviceBuffer drawn = open.allocate(Element.F32, (long) rows * DIM)) {
            Fill.normal(stream, set, View.rows(drawn, DIM), Purpose.STEP, 0);
            float[] z = first(drawn, 0, count);
            for (int i = 0; i < count; i++) {
                double expected = 0.99 * before[i] + 0.01 * score[i] + 0.1 * z[i];
                if (!(Math.abs(after[i] - expected) <= 1e-6 * (1 + Math.abs(expected)))) {
                    throw new IllegalStateException(
                            "step: element " + i + " is " + after[i] + ", should be " + expected);
                }
            }
        }
    }

    private float[] first(DeviceBuffer buffer, long at, int count) {
        float[] values = new float[count];
        stream.download(buffer, at, values, 0, count);
        stream.synchronize();
        return values;
    }

    @Benchmark
    public void step() {
        set.assign(stream, ++seed, 0, rows);
        StepCell.run(stream, set, state, (long) rows * DIM, DIM, cells, weights, 0);
        stream.synchronize();
    }

    @Benchmark
    public void normals() {
        set.assign(stream, ++seed, 0, rows);
        Fill.normal(stream, set, x, Purpose.PRIOR, 0);
        stream.synchronize();
    }

    @TearDown
    public void close() {
        weights.close();
        cells.close();
        state.close();
        set.close();
        stream.close();
        open.close();
    }
}
