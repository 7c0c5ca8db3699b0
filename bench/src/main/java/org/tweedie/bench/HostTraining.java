package org.tweedie.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.DenoisingScoreMatching;
import org.tweedie.train.Gradient;
import org.tweedie.train.Objective;
import org.tweedie.train.Regression;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * Whole steps of training on the host, rows and noise to Adam: a tile of rows in cache through forward and back, beside a layer at a
 * time. Both begin with the same weights, and must end with the same bits.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class HostTraining {
    private static final int STEPS = 20;

    /** Coordinates, hidden width and hidden layers. */
    @Param({"2-128x3", "3-512x5"})
    public String network;

    @Param({"512", "4096"})
    public int batch;

    /** {@code tiles}, or a layer at a time. */
    @Param({"tiles", "layers"})
    public String form;

    /** Threads of the host device. */
    @Param({"1", "2"})
    public int threads;

    private Device device;
    private Regression regression;
    private Dataset data;
    private TrainSpec spec;

    /** An objective whose gradient goes a layer at a time. */
    private record Layers(Regression of) implements Objective {
        @Override
        public String spec() {
            return of.spec();
        }

        @Override
        public List<Network> learns() {
            return of.learns();
        }

        @Override
        public Objective with(List<Parameters> parameters) {
            return new Layers(of.with(parameters));
        }

        @Override
        public void check(Dataset data) {
            of.check(data);
        }

        @Override
        public Gradient open(Device device, int rows) {
            return of.openLayers(device, rows);
        }
    }

    @Setup
    public void open() {
        device = Device.open("cpu:" + threads);
        Dense shape = Dense.named(network);
        int dim = shape.in();
        data = data(dim);
        spec = TrainSpec.steps(STEPS).withBatch(batch);
        Network start = Mlp.of(shape.widths()[1], shape.layers() - 1)
                .create(Signature.over(dim), Prediction.DENOISED, 7, device);
        regression = DenoisingScoreMatching.standard(
                        Parametrisation.preconditioned(new VpSde().on(Space.euclidean(dim)), Prediction.DENOISED, 1), batch)
                .of(start);
        if (!Arrays.equals(trained(regression), trained(new Layers(regression)))) {
            throw new IllegalStateException("tiles do not give the bits of layers");
        }
    }

    private static Dataset data(int dim) {
        SplittableRandom random = new SplittableRandom(1);
        float[] rows = new float[dim << 16];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) (2 * random.nextDouble() - 1);
        }
        return Dataset.of(rows, Arrays.copyOf(new String[] {"x", "y", "z"}, dim));
    }

    private float[] trained(Objective objective) {
        try (Trainer trainer = Trainer.open(objective, data, spec, device)) {
            trainer.run(TrainListener.NONE, new CancelToken());
            float[] weights = new float[(int) trainer.weights(0).count()];
            try (Stream stream = device.stream()) {
                stream.download(trainer.weights(0).values(), 0, weights, 0, weights.length);
            }
            return weights;
        }
    }

    /** Steps of a new run, in microseconds each; opening it is a small part. */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public float[] step() {
        return trained(form.equals("tiles") ? regression : new Layers(regression));
    }

    @TearDown
    public void close() {
        regression.network().parameters().values().close();
        device.close();
    }

    /**
     * For a machine that others use too: processor time of one thread a step, both forms in turn, medians and their ratio. Time on other
     * processors' behalf is not in it; what they do to the caches is.
     */
    public static void main(String[] arguments) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (String setting : arguments) {
            HostTraining bench = new HostTraining();
            bench.network = setting.split(":")[0];
            bench.batch = Integer.parseInt(setting.split(":")[1]);
            bench.threads = 1;
            bench.open();
            double[][] microseconds = new double[2][8];
            for (int run = -3; run < microseconds[0].length; run++) {
                for (int form = 0; form < 2; form++) {
                    bench.form = form == 0 ? "tiles" : "layers";
                    long start = threads.getCurrentThreadCpuTime();
                    bench.step();
                    microseconds[form][Math.max(0, run)] = (threads.getCurrentThreadCpuTime() - start) / 1e3 / STEPS;
                }
            }
            Arrays.sort(microseconds[0]);
            Arrays.sort(microseconds[1]);
            System.out.printf(
                    Locale.ROOT,
                    "%s tiles %.0f (%.0f to %.0f) layers %.0f (%.0f to %.0f) ratio %.2f%n",
                    setting,
                    microseconds[0][4],
                    microseconds[0][0],
                    microseconds[0][7],
                    microseconds[1][4],
                    microseconds[1][0],
                    microseconds[1][7],
                    microseconds[1][4] / microseconds[0][4]);
            bench.close();
        }
    }
}
