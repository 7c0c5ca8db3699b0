package org.tweedie.bench.yardsticks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
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
import org.tweedie.bench.Dense;
import org.tweedie.bench.Noise;
import org.tweedie.bench.HostTrajectory;

/**
 * The step of {@link HostTrajectory} with the network evaluated by ONNX Runtime, between pinned buffers: {@code x <- 0.99 x + 0.01
 * net(x) + 0.1 z} with the same noise, layer by layer. Rows a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class HostStepOnnx {
    /** Coordinates, hidden width and hidden layers. */
    @Param({"2-128x3", "3-512x5"})
    public String network;

    /** Threads of ONNX Runtime and of the noise. */
    @Param({"1"})
    public int threads;

    private OrtSession session;
    private OnnxTensor input;
    private OnnxTensor output;
    private FloatBuffer in;
    private FloatBuffer out;
    private Noise noise;
    private float[] x;
    private float[] y;

    @Setup
    public void open() throws OrtException {
        Dense dense = Dense.named(network);
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            session = environment.createSession(Onnx.model(dense), options);
        }
        x = start(HostTrajectory.ROWS * dense.in());
        y = new float[HostTrajectory.ROWS * dense.out()];
        in = direct(x.length);
        out = direct(y.length);
        input = OnnxTensor.createTensor(environment, in, new long[] {HostTrajectory.ROWS, dense.in()});
        output = OnnxTensor.createTensor(environment, out, new long[] {HostTrajectory.ROWS, dense.out()});
        noise = new Noise(HostTrajectory.ROWS, dense.out(), threads);
        forward();
        dense.check("ONNX Runtime", x, y, HostTrajectory.ROWS, 1e-5);
    }

    @Benchmark
    @OperationsPerInvocation(HostTrajectory.ROWS)
    public float[] onnxRuntime() throws OrtException {
        forward();
        advance(x, y, noise.next());
        return x;
    }

    private void forward() throws OrtException {
        in.put(0, x);
        session.run(Map.of("x", input), Map.of("y", output)).close();
        out.get(0, y);
    }

    @TearDown
    public void close() throws OrtException {
        noise.close();
        input.close();
        output.close();
        session.close();
    }

    private static float[] start(int count) {
        SplittableRandom random = new SplittableRandom(2);
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) (4 * random.nextDouble() - 2);
        }
        return x;
    }

    private static void advance(float[] x, float[] y, float[] z) {
        for (int i = 0; i < x.length; i++) {
            x[i] = 0.99f * x[i] + 0.01f * y[i] + 0.1f * z[i];
        }
    }

    private static FloatBuffer direct(int count) {
        return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }
}
