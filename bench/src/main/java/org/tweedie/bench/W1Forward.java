package org.tweedie.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
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
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** The network of W1 on 16,384 rows, one evaluation, layer by layer; 66,560 floating-point operations a row. Rows a second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class W1Forward {
    /** Rows of one evaluation. */
    public static final int ROWS = 16_384;

    @Param("cpu:1")
    private String device = "cpu:1";

    private Device open;
    private Stream stream;
    private RowSet rows;
    private DeviceBuffer input;
    private DeviceDense network;

    @Setup
    public void open() {
        Dense dense = Dense.w1();
        open = Device.open(device);
        stream = open.stream();
        rows = RowSet.on(open);
        rows.assign(stream, 1, 0, ROWS);
        network = new DeviceDense(stream, dense, ROWS);
        float[] x = input(ROWS * dense.in());
        input = open.allocate(Element.F32, x.length);
        stream.upload(x, 0, input, 0, x.length);
        float[] y = new float[ROWS * dense.out()];
        tweedie();
        stream.download(network.output().data(), 0, y, 0, y.length);
        stream.synchronize();
        dense.check("tweedie", x, y, ROWS, 1e-5);
    }

    /** Random rows, the same for every contender. */
    public static float[] input(int count) {
        SplittableRandom random = new SplittableRandom(2);
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) (4 * random.nextDouble() - 2);
        }
        return x;
    }

    @Benchmark
    @OperationsPerInvocation(ROWS)
    public void tweedie() {
        network.forward(rows, View.rows(input, 2));
        stream.synchronize();
    }

    @TearDown
    public void close() {
        network.close();
        input.close();
        rows.close();
        stream.close();
        open.close();
    }
}
