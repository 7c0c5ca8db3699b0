package org.tweedie.bench.yardsticks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
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
import org.tweedie.bench.Dense;
import org.tweedie.bench.Noise;
import org.tweedie.bench.W1Step;

/** {@link W1Step} with the network evaluated by ONNX Runtime on one thread, between pinned buffers; the same noise. Rows a second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class W1StepOnnx {
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
        Dense dense = Dense.w1();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            session = environment.createSession(Onnx.model(dense), options);
        }
        x = W1Step.start(W1Step.ROWS * dense.in());
        y = new float[W1Step.ROWS * dense.out()];
        in = direct(x.length);
        out = direct(y.length);
        input = OnnxTensor.createTensor(environment, in, new long[] {W1Step.ROWS, dense.in()});
        output = OnnxTensor.createTensor(environment, out, new long[] {W1Step.ROWS, dense.out()});
        noise = new Noise(W1Step.ROWS, dense.out());
        forward();
        dense.check("ONNX Runtime", x, y, W1Step.ROWS, 1e-5);
    }

    @Benchmark
    @OperationsPerInvocation(W1Step.ROWS)
    public float[] onnxRuntime() throws OrtException {
        forward();
        W1Step.advance(x, y, noise.next());
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

    private static FloatBuffer direct(int count) {
        return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }
}
