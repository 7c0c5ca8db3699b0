package org.tweedie.bench;

import java.util.Arrays;
import java.util.Map;
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
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;

/**
 * A network in time as a user samples from it: 16,384 rows by ten steps of Euler-Maruyama, noise drawn in the loop, by the host's
 * executions. Row-steps a second, to be held against the rows a second of a network alone.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class HostTrajectory {
    private static final int STEPS = 10;
    /** Rows of a batch, and of a yardstick's. */
    public static final int ROWS = 16_384;

    /** Coordinates, hidden width and hidden layers: W1's, and a wide one. */
    @Param({"2-128x3", "3-512x5"})
    public String network;

    /** Which execution runs. */
    @Param({"fused", "stepwise"})
    public String execution;

    /** Threads of the host device. */
    @Param({"1"})
    public int threads;

    private Device device;
    private ScoreModel model;
    private Sampling sampling;
    private int dim;
    private float[] last;

    @Setup
    public void open() {
        device = Device.open("cpu:" + threads);
        Dense shape = Dense.named(network);
        dim = shape.in();
        Sde process = new VpSde().on(Space.euclidean(dim));
        model = ScoreModel.create(process, Mlp.of(shape.widths()[1], shape.layers() - 1), dim, 7, device);
        Program program = Program.of(
                model.parametrisation().fold(Sde.SCORE, "network").steer(new EulerMaruyama().plan(process, TimeGrid.uniform(process, STEPS))),
                Map.of("network", model.network()));
        float[] expected;
        try (Sampling slow = Sampling.open(program, device, ROWS, false, "stepwise")) {
            expected = run(slow).clone();
        }
        sampling = Sampling.open(program, device, ROWS, false, execution);
        if (!Arrays.equals(expected, run(sampling))) {
            throw new IllegalStateException(execution + " does not give the bits of stepwise");
        }
    }

    private float[] run(Sampling open) {
        open.run(1, 0, ROWS, Map.of(), Progress.NONE, new CancelToken(), (at, rows, outputs, traces) -> {
            if (at == 0) {
                last = new float[dim * ROWS];
            }
            System.arraycopy(outputs.get(0), 0, last, (int) (dim * at), dim * rows);
        });
        return last;
    }

    @Benchmark
    @OperationsPerInvocation(ROWS * STEPS)
    public float[] tweedie() {
        return run(sampling);
    }

    @TearDown
    public void close() {
        sampling.close();
        model.close();
        device.close();
    }
}
