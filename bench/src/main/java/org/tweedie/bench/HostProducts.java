package org.tweedie.bench;

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
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** One layer without activation, {@code Y = X W + b}, 16,384 rows on one thread of the host. Products a second; 2 n w^2 operations each. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class HostProducts {
    /** Rows of X. */
    public static final int ROWS = 16_384;

    /** Inputs and outputs. */
    @Param({"128", "512"})
    public int width;

    private Device device;
    private Stream stream;
    private RowSet rows;
    private DeviceBuffer memory;
    private View x;
    private View y;
    private View bias;
    private Matrix w;

    @Setup
    public void open() {
        device = Device.open("cpu:1");
        stream = device.stream();
        rows = RowSet.on(device);
        rows.assign(stream, 1, 0, ROWS);
        long matrix = (long) ROWS * width;
        float[] values = Dense.uniform(1, (int) matrix + width * width + width);
        memory = device.allocate(Element.F32, matrix + values.length);
        stream.upload(values, 0, memory, matrix, values.length);
        y = View.rows(memory, width);
        x = new View(memory, matrix, width, width);
        w = new Matrix(memory, 2 * matrix, width, width);
        bias = View.shared(memory, 2 * matrix + (long) width * width, width);
    }

    @Benchmark
    public void tweedie() {
        Linear.forward(stream, rows, x, w, bias, null, Activation.IDENTITY, y, null);
        stream.synchronize();
    }

    @TearDown
    public void close() {
        memory.close();
        rows.close();
        stream.close();
        device.close();
    }
}
