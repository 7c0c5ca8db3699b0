package org.tweedie.bench;

import java.util.Random;
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

/** Standard normals on one thread of the host, beside the generators of java.util. Numbers a second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class HostNormals {
    private static final int ROWS = 4096;
    private static final int WIDTH = 4;
    private static final int COUNT = ROWS * WIDTH;

    private final Random random = new Random(1);
    private final SplittableRandom splittable = new SplittableRandom(1);
    private final float[] values = new float[COUNT];
    private Noise noise;

    @Setup
    public void open() {
        noise = new Noise(ROWS, WIDTH, 1);
        double squares = 0;
        for (float z : noise.next()) {
            squares += z * z;
        }
        if (Math.abs(squares / COUNT - 1) > 0.06) { // five standard deviations
            throw new IllegalStateException("the mean square of " + COUNT + " normals is " + squares / COUNT);
        }
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public float[] tweedie() {
        return noise.next();
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public float[] splittableRandom() {
        for (int i = 0; i < COUNT; i++) {
            values[i] = (float) splittable.nextGaussian();
        }
        return values;
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public float[] random() {
        for (int i = 0; i < COUNT; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @TearDown
    public void close() {
        noise.close();
    }
}
