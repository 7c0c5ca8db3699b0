package org.tweedie.bench;

import java.util.Arrays;
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
import org.tweedie.Sampler;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/**
 * What a call of the Java API costs its caller, from the call to the answer in the caller's arrays: {@code launch} one small kernel and
 * the wait for it; {@code sample} rows of the network of W1 by Euler and Maruyama; {@code train} ten steps of it. Percentiles, not means;
 * the answers are checked before the first measured call, a sample's bits in every one.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 2,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class ApiCalls {
    private static final int DIM = 2;
    private static final int SMALL = 16;
    private static final int TRAIN_STEPS = 10;

    @Param("cpu")
    private String device = "cpu";

    @Param("f32")
    private String precision = "f32";

    /** W1s has 4096 rows and 1000 steps. */
    @Param("256")
    private int rows = 256;

    @Param("20")
    private int steps = 20;

    private Device open;
    private Stream stream;
    private RowSet set;
    private DeviceBuffer memory;
    private View out;
    private ScoreModel model;
    private Sampler sampler;
    private Dataset data;
    private float[] expected;

    @Setup
    public void open() {
        open = Device.open(device);
        stream = open.stream();
        set = RowSet.on(open);
        memory = open.allocate(Element.F32, SMALL * DIM);
        out = View.rows(memory, DIM);
        set.assign(stream, 1, 0, SMALL);
        model = ScoreModel.create(new VpSde().on(Space.euclidean(DIM)), Mlp.of(128, 3), DIM, 7, open);
        data = Dataset.of(BuiltInSet.of("moons").rows(1, 0, 1 << 12), "x", "y");
        model.train(data, TrainSpec.steps(50).withBatch(256));
        sampler = model.sampler(new EulerMaruyama()).steps(steps).precision(Precision.parse(precision));
        expected = sampler.sample(rows, 1).rows();
        for (float value : expected) {
            if (!(Math.abs(value) < 100)) {
                throw new IllegalStateException("a sample holds " + value);
            }
        }
        launch();
        float[] drawn = new float[SMALL * DIM];
        stream.download(memory, 0, drawn, 0, drawn.length);
        if (Arrays.stream(new int[] {0, drawn.length - 1}).anyMatch(i -> drawn[i] == 0 || !(Math.abs(drawn[i]) < 7))) {
            throw new IllegalStateException("not normals: " + Arrays.toString(drawn));
        }
    }

    @Benchmark
    public void launch() {
        Fill.normal(stream, set, out, Purpose.DATA, 0);
        stream.synchronize();
    }

    @Benchmark
    public float[] sample() {
        float[] got = sampler.sample(rows, 1).rows();
        if (!Arrays.equals(expected, got)) {
            throw new IllegalStateException("other samples of the same seed");
        }
        return got;
    }

    @Benchmark
    public TrainResult train() {
        TrainResult result = model.train(data, TrainSpec.steps(TRAIN_STEPS).withBatch(rows));
        if (result.outcome() != TrainResult.Outcome.FINISHED) {
            throw new IllegalStateException("training ended with " + result);
        }
        return result;
    }

    @TearDown
    public void close() {
        model.close();
        memory.close();
        set.close();
        stream.close();
        open.close();
    }
}
