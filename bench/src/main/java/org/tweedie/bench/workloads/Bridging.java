package org.tweedie.bench.workloads;

import java.util.List;
import org.tweedie.SchrodingerBridge;
import org.tweedie.ScoreModel;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.DeviceKind;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/**
 * W9: an iteration of proportional fitting at the setting that De Bortoli et al. have in the plane (20 steps of 0.01, 10,000 walks cached and
 * walked anew every 100 steps, batches of 512) through the network of W1: half bridges backward and forward, to their metrics. Time and work are those of a step of
 * training, with its share of the walks. {@code W9d} is denoising score matching with the same network and batch.
 */
final class Bridging {
    static final int WALKS = 10_000;
    static final int EVERY = 100;
    private static final int BATCH = 512;
    private static final int STEPS = 1000;
    private static final StepSizes SIZES = StepSizes.constant(20, 0.01);
    private static final Mlp NETWORK = Mlp.of(128, 3);

    private Bridging() {}

    static void run(Bench bench) {
        boolean host = bench.device().kind() == DeviceKind.HOST;
        for (Precision precision : host ? List.of(Precision.F32) : List.of(Precision.F32, Precision.BF16)) {
            bridge(bench, precision);
            denoising(bench, precision);
        }
    }

    private static TrainSpec training(int steps, Precision precision) {
        return TrainSpec.steps(steps).withBatch(BATCH).withRate(1e-4).withPrecision(precision);
    }

    private static Dataset set(String name) {
        return Dataset.of(BuiltInSet.of(name).rows(1, 0, WALKS), "x", "y");
    }

    private static void bridge(Bench bench, Precision precision) {
        int steps = Math.max(EVERY, bench.scaled(STEPS));
        int walks = bench.scaled(WALKS);
        Dataset from = set("moons");
        Dataset to = set("circles");
        BridgeSpec spec = BridgeSpec.of(SIZES)
                .withIterations(1)
                .withoutScore()
                .withNetwork(NETWORK)
                .withCache(walks, EVERY)
                .withTraining(training(steps, precision));
        double[] losses = new double[2];
        double[] milliseconds = bench.wall(() -> {
            try (SchrodingerBridge bridge =
                    SchrodingerBridge.fit(from, to, Reference.brownian(), spec, bench.device())) {
                List<HalfBridge> halves = bridge.halves();
                for (int i = 0; i < losses.length; i++) {
                    losses[i] = halves.get(i).loss();
                }
            }
        });
        for (double loss : losses) {
            if (!(loss > 0.5 && loss < 4)) { // about 2, the noise of its targets
                throw new IllegalStateException("W9: a half bridge ended with a loss of " + loss);
            }
        }
        // walks of the second half bridge evaluate the network twice a step, those of the first are the reference's own
        double evaluations = 3.0 * BATCH + 1.0 * SIZES.count() * walks / EVERY;
        bench.rows()
                .accept(row(
                        "W9",
                        precision,
                        walks + " walks, a step of 2 x " + steps,
                        milliseconds,
                        2.0 * steps,
                        evaluations,
                        "losses %.2f and %.2f".formatted(losses[0], losses[1])));
    }

    private static void denoising(Bench bench, Precision precision) {
        int steps = 2 * Math.max(EVERY, bench.scaled(STEPS));
        Dataset data = set("moons");
        try (ScoreModel model =
                ScoreModel.create(new VpSde().on(Space.euclidean(2)), NETWORK, data, 7, bench.device())) {
            TrainResult result = model.train(data, training(steps, precision));
            if (result.outcome() != TrainResult.Outcome.FINISHED || !(result.smoothLoss() < 4)) {
                throw new IllegalStateException("W9d ended with " + result);
            }
            double[] milliseconds = bench.wall(() -> model.train(data, training(steps, precision)));
            bench.rows()
                    .accept(row(
                            "W9d",
                            precision,
                            "batch " + BATCH + ", a step of " + steps,
                            milliseconds,
                            steps,
                            3.0 * BATCH,
                            "finite, loss %.3f".formatted(result.smoothLoss())));
        }
    }

    private static Row row(
            String name, Precision precision, String size, double[] times, double steps, double rows, String check) {
        double[] each = times.clone();
        for (int i = 0; i < each.length; i++) {
            each[i] /= steps;
        }
        return new Row(
                name,
                "Tweedie " + precision.spec(),
                precision == Precision.F32 ? "F" : "H",
                size,
                each,
                rows * NeuralSampling.ALL.get(0).flop(),
                "flop",
                check);
    }
}
