package org.tweedie.bench.workloads;

import java.io.IOException;
import java.util.List;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** Denoising score matching (W3A, W3B, W3s): whole steps of training, data on the device; times of runs, divided by their steps. */
record Training(String name, int dim, int width, int depth, long batch) {
    static final List<Training> ALL = List.of(
            new Training("W3A", 2, 128, 3, 1 << 16),
            new Training("W3B", 3, 512, 5, 1 << 16),
            new Training("W3s", 3, 512, 5, 512));

    private static final int STEPS = 100;

    /** Where a step is tens of microseconds, so that opening a run does not count. */
    private static final int SHORT_STEPS = 2000;

    private static final int FEW_ROWS = 4096;

    void run(Bench bench) {
        run(bench, Precision.F32);
        run(bench, Precision.BF16);
    }

    /** Not where training in f32 is what came of it. */
    private void run(Bench bench, Precision precision) {
        int rows = bench.scaled(batch);
        int steps = precision == Precision.BF16 && batch <= FEW_ROWS ? Math.max(STEPS, bench.scaled(SHORT_STEPS)) : STEPS;
        TrainSpec spec = TrainSpec.steps(steps).withBatch(rows).withPrecision(precision);
        try (ScoreModel model = ScoreModel.create(
                new VpSde().on(Space.euclidean(dim)), Mlp.of(width, depth), dim, 7, bench.device())) {
            Dataset data = data(dim);
            Gradients gradients = new Gradients();
            TrainResult result = model.train(data, spec, gradients, new CancelToken(), null, false);
            if (precision == Precision.BF16 && !gradients.how.startsWith("bf16")) {
                return;
            }
            if (result.outcome() != TrainResult.Outcome.FINISHED || !(result.smoothLoss() < 2 * dim)) {
                throw new IllegalStateException(name + " ended with " + result);
            }
            double[] milliseconds = bench.wall(() -> model.train(data, spec));
            for (int i = 0; i < milliseconds.length; i++) {
                milliseconds[i] /= steps;
            }
            double flop = 6.0 * rows * (2.0 * dim * width + (depth - 1.0) * width * width);
            bench.rows()
                    .accept(new Row(
                            name,
                            "Tweedie " + precision.spec(),
                            precision == Precision.F32 ? "F" : "H",
                            "batch " + rows + ", a step of " + steps,
                            milliseconds,
                            flop,
                            "flop",
                            String.format(
                                    java.util.Locale.ROOT,
                                    "finite, loss %.3f after %d steps",
                                    result.smoothLoss(),
                                    steps)));
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /** Hears what computes the gradient. */
    private static final class Gradients implements TrainListener {
        private String how = "";

        @Override
        public void opened(String how) {
            this.how = how;
        }

        @Override
        public void at(Progress progress) {
            // only the end counts
        }
    }

    /** 65,536 rows; a third coordinate is the sum of the first two. */
    static Dataset data(int dim) {
        int count = 1 << 16;
        float[] two = BuiltInSet.of("moons").rows(1, 0, count);
        float[] rows = new float[count * dim];
        for (int r = 0; r < count; r++) {
            rows[r * dim] = two[2 * r];
            rows[r * dim + 1] = two[2 * r + 1];
            if (dim == 3) {
                rows[r * dim + 2] = two[2 * r] + two[2 * r + 1];
            }
        }
        return dim == 3 ? Dataset.of(rows, "x", "y", "z") : Dataset.of(rows, "x", "y");
    }
}
