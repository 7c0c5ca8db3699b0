package org.tweedie.bench.workloads;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.tweedie.Sampler;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.inverse.DiffusionPosterior;
import org.tweedie.inverse.LinearOperator;
import org.tweedie.inverse.Observation;
import org.tweedie.io.Json;
import org.tweedie.io.Output;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * W7: guided sampling by Euler and Maruyama, 100 steps. {@code W7c} classifier-free, two evaluations a step of a network of x, y and whether
 * y is given; {@code W7d} diffusion posterior sampling with the network of W1, of whose rows the first column was seen with noise: a pass forward
 * and one back a step. From the call to the samples in the caller's memory.
 */
final class Guided {
    private static final long ROWS = 1 << 18;
    private static final int STEPS = 100;
    private static final int SAMPLES = 4096;
    private static final double WEIGHT = 2;
    private static final double SEEN = 0.5;
    private static final double NOISE = 0.3;

    private Guided() {}

    static void classifierFree(Bench bench) {
        try (ScoreModel model = conditional(bench.device())) {
            run(bench, "W7c", free(model), 2 * NeuralSampling.ALL.get(0).flop());
        }
    }

    static void posterior(Bench bench) {
        try (ScoreModel model = NeuralSampling.ALL.get(0).model(bench.device())) {
            run(bench, "W7d", posterior(model), 2 * NeuralSampling.ALL.get(0).flop());
        }
    }

    private static void run(Bench bench, String name, Sampler sampler, double flop) {
        int count = bench.scaled(ROWS);
        int few = Math.min(count, SAMPLES);
        float[] expected = sampler.execution("stepwise").sample(few, 1).rows();
        for (String execution : List.of("stepwise", "graph", "fused")) {
            Sampler one = sampler.execution(execution);
            String by;
            try {
                by = one.sample(few, 1).run().execution();
            } catch (IllegalArgumentException e) {
                continue; // not here
            }
            if (!Arrays.equals(expected, one.sample(few, 1).rows())) {
                throw new IllegalStateException(name + ": " + by + " differs from stepwise");
            }
            float[] into = new float[count * 2];
            bench.rows()
                    .accept(new Row(
                            name,
                            "Tweedie " + by,
                            "F",
                            count + " rows x " + STEPS + " steps",
                            bench.wall(() -> one.sampleInto(into, 0, 0, count, 1)),
                            flop * count * STEPS,
                            "flop",
                            String.format(Locale.ROOT, "bits of stepwise, first %d rows", few)));
        }
    }

    /** A network of x, y and whether y is given, that learned a little. */
    private static ScoreModel conditional(Device device) {
        float[] two = BuiltInSet.of("moons").rows(1, 0, 1 << 16);
        float[] rows = new float[two.length / 2 * 3];
        for (int r = 0; r < two.length / 2; r++) {
            rows[3 * r] = two[2 * r];
            rows[3 * r + 1] = two[2 * r + 1];
            rows[3 * r + 2] = two[2 * r] > 0.5 ? 1 : -1;
        }
        Dataset data = Dataset.of(rows, "a", "b", "y").given("y", "y").droppable();
        ScoreModel model =
                ScoreModel.create(new VpSde().on(Space.euclidean(2)), Mlp.of(128, 3), data, 7, device);
        model.train(data, TrainSpec.steps(100).withBatch(256).withConditioning(Conditioning.dropped(0.2)));
        return model;
    }

    private static Sampler free(ScoreModel model) {
        return model.sampler(new EulerMaruyama())
                .steps(STEPS)
                .steer(new ClassifierFree(WEIGHT))
                .given("y", new float[] {1}, 1);
    }

    private static Sampler posterior(ScoreModel model) {
        return model.sampler(new EulerMaruyama())
                .steps(STEPS)
                .steer(new DiffusionPosterior(Observation.of(LinearOperator.mask(2, 0), NOISE)))
                .given(Observation.NAME, new float[] {(float) SEEN}, 1);
    }

    /** For peers: the steps, and samples as the network sees rows; where the seen column is and how noisy, in those units. */
    static void write(Path folder) throws IOException {
        try (Device device = Device.open("cpu");
                ScoreModel model = conditional(device);
                ScoreModel plain = NeuralSampling.ALL.get(0).model(device)) {
            model.save(Output.to(folder.resolve("W7c.safetensors")).replacing());
            Levels.write(folder, "W7c-steps.npy", Levels.steps(model, STEPS), 3 + Levels.WIDTH);
            Levels.write(folder, "W7d-steps.npy", Levels.steps(plain, STEPS), 3 + Levels.WIDTH);
            float[] free = free(model).sample(SAMPLES, 1).rows();
            Levels.write(folder, "W7c-samples.npy", Levels.encoded(model, free), 2);
            float[] posterior = posterior(plain).sample(SAMPLES, 1).rows();
            Levels.write(folder, "W7d-samples.npy", Levels.encoded(plain, posterior), 2);
            float[] ends = Levels.encoded(plain, new float[] {0, 0, 1, 0});
            double scale = ends[2] - ends[0];
            float[] condition = {1};
            if (model.encodings().get("y") != null) {
                model.encodings().get("y").encode(condition, condition, 1);
            }
            try (OutputStream file = Files.newOutputStream(folder.resolve("W7.json"));
                    Json json = Json.to(file)) {
                json.object()
                        .field("rows", ROWS)
                        .field("steps", (long) STEPS)
                        .field("prior", plain.sde().priorDeviation())
                        .field("flop", NeuralSampling.ALL.get(0).flop())
                        .field("weight", WEIGHT)
                        .field("condition", condition[0])
                        .field("seen", ends[0] + scale * SEEN)
                        .field("noise", Math.abs(scale) * NOISE)
                        .end();
            }
        }
    }
}
