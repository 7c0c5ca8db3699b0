package org.tweedie.bench.workloads;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Batch;
import org.tweedie.execution.Execution;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Runner;
import org.tweedie.execution.Sampling;
import org.tweedie.io.Json;
import org.tweedie.io.Npy;
import org.tweedie.io.Output;
import org.tweedie.io.Table;
import org.tweedie.kernels.View;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;
import org.tweedie.train.TrainSpec;

/** A network sampled by Euler and Maruyama (W1, W1s, W2, W2s): whole trajectories from the prior, results left on the device. */
record NeuralSampling(String name, int dim, int width, int depth, long rows, int steps) {
    static final List<NeuralSampling> ALL = List.of(
            new NeuralSampling("W1", 2, 128, 3, 1 << 20, 1000),
            new NeuralSampling("W1s", 2, 128, 3, 4096, 1000),
            new NeuralSampling("W2", 3, 512, 5, 1 << 18, 100),
            new NeuralSampling("W2s", 3, 512, 5, 4096, 100));

    private static final int SAMPLES = 4096;
    private static final long SEED = 1;

    /** A network that learned a little: a fresh one answers 0. */
    ScoreModel model(Device device) {
        ScoreModel model = ScoreModel.create(new VpSde().on(Space.euclidean(dim)), Mlp.of(width, depth), dim, 7, device);
        model.train(Training.data(dim), TrainSpec.steps(100).withBatch(256));
        return model;
    }

    private Program program(ScoreModel model) {
        Sde process = model.sde();
        return Program.of(
                model.parametrisation()
                        .fold(Sde.SCORE, "network")
                        .steer(new EulerMaruyama().plan(process, TimeGrid.uniform(process, steps))),
                Map.of("network", model.network()));
    }

    /** Useful operations of a row and step: two a weight, time folded into the biases. */
    double flop() {
        return 2.0 * (2.0 * dim * width + (depth - 1.0) * width * width);
    }

    /** Times every execution that takes the program; each in f32 must give the bits of stepwise for the first rows. */
    void run(Bench bench) {
        int count = bench.scaled(rows);
        try (ScoreModel model = model(bench.device());
                DeviceBuffer memory = bench.device().allocate(Element.F32, (long) count * dim)) {
            Program program = program(model);
            View out = View.rows(memory, dim);
            float[] expected = null;
            List<Execution> executions = new ArrayList<>(Execution.candidates(bench.device()));
            java.util.Collections.reverse(executions);
            for (Execution execution : executions) {
                if (!execution.offer(program, bench.device(), false).taken()) {
                    continue;
                }
                try (Runner runner = execution.open(program, bench.device(), count)) {
                    Batch batch = new Batch(SEED, 0, count, null, List.of(), List.of(out), List.of());
                    runner.run(batch);
                    float[] got = first(bench.device(), memory, Math.min(count, SAMPLES) * dim);
                    if (expected == null) {
                        expected = got;
                    } else if (!java.util.Arrays.equals(expected, got)) {
                        throw new IllegalStateException(name + ": " + execution.name() + " differs from stepwise");
                    }
                    bench.rows()
                            .accept(new Row(
                                    name,
                                    "Tweedie " + execution.name(),
                                    "F",
                                    count + " rows x " + steps + " steps",
                                    bench.wall(() -> runner.run(batch)),
                                    flop() * count * steps,
                                    "flop",
                                    "bits of stepwise, first " + got.length / dim + " rows"));
                }
            }
            for (Precision precision : List.of(Precision.F16, Precision.BF16, Precision.F16X3)) {
                half(bench, program.with(precision), memory, out, java.util.Objects.requireNonNull(expected));
            }
        }
    }

    /** Times the execution that 16-bit products open up, if it takes the program; with the same noise its samples are near those of f32. */
    private void half(Bench bench, Program program, DeviceBuffer memory, View out, float[] expected) {
        int count = bench.scaled(rows);
        for (Execution execution : Execution.candidates(bench.device())) {
            if (execution.offer(program.with(Precision.F32), bench.device(), false).taken()
                    || !execution.offer(program, bench.device(), false).taken()) {
                continue;
            }
            try (Runner runner = execution.open(program, bench.device(), count)) {
                Batch batch = new Batch(SEED, 0, count, null, List.of(), List.of(out), List.of());
                runner.run(batch);
                double off = distance(expected, first(bench.device(), memory, expected.length));
                double most =
                        switch (program.precision()) {
                            case F32, F16X3 -> 1e-3;
                            case F16, TF32 -> 0.02;
                            case BF16 -> 0.1;
                        };
                if (!(off < most)) {
                    throw new IllegalStateException(name + ": " + execution.name() + " is " + off + " from stepwise");
                }
                bench.rows()
                        .accept(new Row(
                                name,
                                "Tweedie " + execution.name(),
                                (program.precision() == Precision.F16X3 ? "F " : "H ")
                                        + program.precision().spec(),
                                count + " rows x " + steps + " steps",
                                bench.wall(() -> runner.run(batch)),
                                flop() * count * steps,
                                "flop",
                                String.format(java.util.Locale.ROOT, "%.1e from stepwise, relative, same noise", off)));
            }
        }
    }

    private static double distance(float[] expected, float[] got) {
        double off = 0;
        double all = 0;
        for (int i = 0; i < got.length; i++) {
            off += Math.pow(expected[i] - got[i], 2);
            all += Math.pow(expected[i], 2);
        }
        return Math.sqrt(off / all);
    }

    private static float[] first(Device device, DeviceBuffer memory, int count) {
        float[] values = new float[count];
        try (Stream stream = device.stream()) {
            stream.download(memory, 0, values, 0, count);
        }
        return values;
    }

    /** What peers need for the same work: the model, a line a step (t, a, b, c of x <- a x + b net(x, t) + c z), and samples. */
    void write(Path folder) throws java.io.IOException {
        try (Device device = Device.open("cpu");
                ScoreModel model = model(device)) {
            model.save(Output.to(folder.resolve(name + ".safetensors")).replacing());
            Program program = program(model);
            List<Cell> cells = program.table().cells();
            float[] lines = new float[4 * steps];
            int line = 0;
            double prior = Double.NaN;
            for (Cell cell : cells) {
                Mix mix = cell.mixes().get(0);
                double[] w = mix.weights()[0];
                if (cell.before().isEmpty()) {
                    prior = w[w.length - 1];
                    continue;
                }
                Stage.Evaluate evaluate = (Stage.Evaluate) cell.before().get();
                boolean noisy = !mix.draws().isEmpty();
                if (cell.mixes().size() != 1 || mix.from().length != 2 || mix.into()[0] != mix.from()[0]) {
                    throw new IllegalStateException("a step of " + name + " is not x <- a x + b net + c z: " + cell);
                }
                lines[line++] = (float) evaluate.t().at();
                lines[line++] = (float) w[0];
                lines[line++] = (float) w[1];
                lines[line++] = noisy ? (float) w[2] : 0;
            }
            if (line != lines.length || Double.isNaN(prior)) {
                throw new IllegalStateException(name + " has " + line / 4 + " steps, not " + steps);
            }
            Npy.write(Output.to(folder.resolve(name + "-steps.npy")).replacing(), Table.of(lines, 4));
            int count = Math.min(SAMPLES, (int) rows);
            try (DeviceBuffer memory = device.allocate(Element.F32, (long) count * dim);
                    Runner runner = Sampling.choose(program, device, false, null)
                            .execution()
                            .open(program, device, count)) {
                runner.run(new Batch(SEED, 0, count, null, List.of(), List.of(View.rows(memory, dim)), List.of()));
                Npy.write(
                        Output.to(folder.resolve(name + "-samples.npy")).replacing(),
                        Table.of(first(device, memory, count * dim), dim));
            }
            try (java.io.OutputStream file = java.nio.file.Files.newOutputStream(folder.resolve(name + ".json"));
                    Json json = Json.to(file)) {
                json.object()
                        .field("rows", rows)
                        .field("steps", (long) steps)
                        .field("dim", (long) dim)
                        .field("prior", prior)
                        .field("flop", flop())
                        .end();
            }
        }
    }
}
