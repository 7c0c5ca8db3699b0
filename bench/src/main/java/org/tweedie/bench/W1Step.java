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

/**
 * One Euler-Maruyama step of W1 on one thread, noise included: {@code x <- 0.99 x + 0.01 net(x) + 0.1 z} for 16,384 rows, with
 * the kernel library's host twins, layer by layer. 66,560 floating-point operations a row are the network's. Rows a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class W1Step {
    /** Rows of one step. */
    public static final int ROWS = 16_384;

    private Device device;
    private Stream stream;
    private RowSet rows;
    private DeviceBuffer state;
    private DeviceDense network;
    private Noise noise;
    private float[] x;
    private float[] y;

    @Setup
    public void open() {
        Dense dense = Dense.w1();
        device = Device.open("cpu:1");
        stream = device.stream();
        rows = RowSet.on(device);
        rows.assign(stream, 1, 0, ROWS);
        network = new DeviceDense(stream, dense, ROWS);
        noise = new Noise(ROWS, dense.out());
        x = start(ROWS * dense.in());
        y = new float[ROWS * dense.out()];
        state = device.allocate(Element.F32, x.length);
        forward();
        dense.check("tweedie", x, y, ROWS, 1e-5);
    }

    /** Random rows to start from, the same for every contender. */
    public static float[] start(int count) {
        SplittableRandom random = new SplittableRandom(2);
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) (4 * random.nextDouble() - 2);
        }
        return x;
    }

    /** The step itself, once the network has answered: the same loop for every contender. */
    public static void advance(float[] x, float[] y, float[] z) {
        for (int i = 0; i < x.length; i++) {
            x[i] = 0.99f * x[i] + 0.01f * y[i] + 0.1f * z[i];
        }
    }

    @Benchmark
    @OperationsPerInvocation(ROWS)
    public float[] tweedie() {
        forward();
        advance(x, y, noise.next());
        return x;
    }

    private void forward() {
        stream.upload(x, 0, state, 0, x.length);
        network.forward(rows, View.rows(state, 2));
        stream.download(network.output().data(), 0, y, 0, y.length);
        stream.synchronize();
    }

    @TearDown
    public void close() {
        noise.close();
        network.close();
        state.close();
        rows.close();
        stream.close();
        device.close();
    }
}
