package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.metric.Binomial;
import org.tweedie.metric.Estimate;
import org.tweedie.metric.Points;
import org.tweedie.plan.Space;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;

/**
 * The classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017): a small network learns to tell the rows of two samples apart from
 * every other row of each, and is tried on the rows left. Of equal laws it is right half of the time, whatever it learned. Immutable.
 *
 * @param accuracy share of the rows tried that it tells right, with Wilson's interval
 * @param pValue probability of an accuracy at least as large if the laws are equal
 * @param learned rows that it learned from, half of each sample
 * @param tried rows that it was tried on, half of each sample
 */
public record ClassifierTwoSample(Estimate accuracy, double pValue, int learned, int tried) {
    private static final int LEAST_ROWS = 4;
    private static final int BATCH = 256;
    private static final int STEPS = 400;

    /**
     * Trains {@code mlp:64x2} for 400 steps of 256 rows on the device, and tries it. The larger sample is cut to the smaller one's rows.
     *
     * @param seed of weights and of the order of rows
     * @throws IllegalArgumentException if the widths differ, or a sample has fewer than 4 rows
     */
    public static ClassifierTwoSample of(Points x, Points y, Device device, long seed) {
        return of(x, y, device, seed, STEPS);
    }

    static ClassifierTwoSample of(Points x, Points y, Device device, long seed, int steps) {
        int rows = Math.min(x.rows(), y.rows());
        if (x.width() != y.width() || rows < LEAST_ROWS) {
            throw new IllegalArgumentException("a classifier needs two samples of one width with at least " + LEAST_ROWS
                    + " rows each, got " + x.rows() + " x " + x.width() + " and " + y.rows() + " x " + y.width());
        }
        Dataset learn = labelled(x, y, rows, 0);
        Points tried = new Points(labelled(x, y, rows, 1).values(Dataset.X), x.width());
        Signature signature = new Signature(
                List.of(new Signature.Port(Dataset.X, Space.euclidean(x.width()))),
                List.of(new Signature.Port("out", Space.euclidean(1))));
        Network network = Mlp.of(64, 2).create(signature, Prediction.DENOISED, seed, device);
        TrainSpec spec = TrainSpec.steps(steps)
                .withBatch(BATCH)
                .withSchedule(TrainSpec.Schedule.COSINE, steps / 10)
                .withAverage(0.98)
                .withSeed(seed);
        try (DeviceBuffer weights = network.parameters().values();
                Trainer trainer = Trainer.open(new Discrimination(network), learn, spec, device)) {
            trainer.run(TrainListener.NONE, new CancelToken());
            trainer.copyMean(0, weights);
            int right = right(network, tried, device);
            return new ClassifierTwoSample(
                    Estimate.ofShare(right, tried.rows()),
                    Binomial.atLeast(right, tried.rows()),
                    learn.rows(),
                    tried.rows());
        }
    }

    /** Rows {@code from}, from + 2, ... of both, one of x (label 1) and one of y (label -1) in turn. */
    private static Dataset labelled(Points x, Points y, int rows, int from) {
        int width = x.width();
        int count = (rows - from + 1) / 2;
        float[] all = new float[2 * count * (width + 1)];
        List<String> columns = new ArrayList<>();
        for (int d = 0; d < width; d++) {
            columns.add("x" + (d + 1));
        }
        columns.add(Discrimination.LABEL);
        for (int k = 0; k < count; k++) {
            for (int side = 0; side < 2; side++) {
                int at = (2 * k + side) * (width + 1);
                System.arraycopy((side == 0 ? x : y).values(), (from + 2 * k) * width, all, at, width);
                all[at + width] = side == 0 ? 1 : -1;
            }
        }
        return Dataset.of(all, columns.toArray(String[]::new)).given(Discrimination.LABEL, Discrimination.LABEL);
    }

    private static int right(Network network, Points tried, Device device) {
        int rows = tried.rows();
        float[] out = new float[rows];
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer from = device.allocate(Element.F32, (long) rows * tried.width());
                DeviceBuffer into = device.allocate(Element.F32, rows);
                Evaluator evaluator = network.open(device, rows)) {
            set.assign(stream, 0, 0, rows);
            stream.upload(tried.values(), 0, from, 0, tried.values().length);
            evaluator.evaluate(
                    stream, set, List.of(View.rows(from, tried.width())), Instant.at(0), List.of(View.rows(into, 1)));
            stream.download(into, 0, out, 0, rows);
            stream.synchronize();
        }
        int right = 0;
        for (int i = 0; i < rows; i++) {
            right += out[i] > 0 == (i % 2 == 0) ? 1 : 0;
        }
        return right;
    }
}
