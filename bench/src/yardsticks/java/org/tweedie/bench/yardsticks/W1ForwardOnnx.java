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
import org.tweedie.bench.W1Forward;

/** {@link W1Forward} by ONNX Runtime on one thread, into an output that is its own: no copy on either side. Rows a second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class W1ForwardOnnx {
    private OrtSession session;
    private OnnxTensor input;
    private OnnxTensor output;

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
        float[] x = W1Forward.input(W1Forward.ROWS * dense.in());
        FloatBuffer into = direct(W1Forward.ROWS * dense.out());
        input = OnnxTensor.createTensor(environment, direct(x.length).put(x).rewind(), new long[] {W1Forward.ROWS, dense.in()});
        output = OnnxTensor.createTensor(environment, into, new long[] {W1Forward.ROWS, dense.out()});
        onnxRuntime();
        float[] y = new float[W1Forward.ROWS * dense.out()];
        into.get(0, y);
        dense.check("ONNX Runtime", x, y, W1Forward.ROWS, 1e-5);
    }

    @Benchmark
    @OperationsPerInvocation(W1Forward.ROWS)
    public void onnxRuntime() throws OrtException {
        session.run(Map.of("x", input), Map.of("y", output)).close();
    }

    @TearDown
    public void close() throws OrtException {
        input.close();
        output.close();
        session.close();
    }

    private static FloatBuffer direct(int count) {
        return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }
}
