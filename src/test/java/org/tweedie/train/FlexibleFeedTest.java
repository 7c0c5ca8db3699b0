package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Architecture;
import org.tweedie.sde.FlexibleParametrisation;
import org.tweedie.sde.FlexibleSde;

/** The pairs of a step: of every batch's size, weighed so that their mean loss is the bound's integral in nats. */
class FlexibleFeedTest {
    /** N(0, I). */
    private static Dataset rows(int count) {
        float[] rows = new float[2 * count];
        for (int r = 0; r < count; r++) {
            rows[2 * r] = (float) Philox.words(11, r, Purpose.DATA, 0).normal(0);
            rows[2 * r + 1] = (float) Philox.words(11, r, Purpose.DATA, 0).normal(1);
        }
        return Dataset.of(rows, "u", "v");
    }

    /**
     * A network that puts out 0 for N(0, I) rows is exact, and its loss is the integral of beta c^2 d/2 = beta tr R^-1 (Sigma^-1 - I)/2, which is
     * -ln det Sigma/2 at the cutoff less that at the end, since Sigma' = beta R^-1 (I - Sigma) where R is a number and omega = 0.
     */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theMeanLossIsTheBoundsIntegral(Device device) {
        Dataset data = rows(4096);
        FlexibleSde sde = FlexibleSde.standard(2).with(new double[] {0.7, 0.7}, new double[] {2});
        double expected = sde.covariance(sde.clock(1))[0][0];
        expected = Math.log(expected / sde.covariance(sde.clock(sde.cutoff()))[0][0]);
        try (ScoreModel model = ScoreModel.create(sde, Architecture.parse("mlp:8x1"), data, 1, device);
                Stream stream = device.stream()) {
            FlexibleMatching matching = new FlexibleMatching(model.network(), new FlexibleParametrisation(sde));
            int batch = 512;
            double sum = 0;
            double weights = 0;
            int steps = 20;
            try (Feed feed = new FlexibleFeed.Source(matching, data, 5).open(stream, batch)) {
                for (int k = 1; k <= steps; k++) {
                    step(feed, stream, 8 * k, batch);
                    float[] target = read(feed, stream, Regression.TARGET, 2 * batch);
                    float[] weight = read(feed, stream, Regression.WEIGHT, batch);
                    for (int r = 0; r < batch; r++) {
                        double square = target[2 * r] * target[2 * r] + target[2 * r + 1] * target[2 * r + 1];
                        sum += weight[r] * square / batch / steps;
                        weights += 2.0 * weight[r] / batch / steps;
                    }
                }
            }
            assertEquals(expected, weights, 1e-3 * expected);
            assertEquals(expected, sum, 0.06 * expected, "10240 rows of standard deviation 1 or so");
        }
    }

    private static float[] read(Feed feed, Stream stream, String port, int count) {
        View view = Objects.requireNonNull(feed.ports().get(port));
        float[] all = new float[Math.toIntExact(view.data().count())];
        stream.download(view.data(), 0, all, 0, all.length);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = all[(int) view.offset() + i / view.width() * view.stride() + i % view.width()];
        }
        return values;
    }

    private static void step(Feed feed, Stream stream, long step, int batch) {
        feed.prepare(stream, step);
        try (RowSet rows = RowSet.on(stream.device())) {
            rows.assign(stream, 5, (step - 1) * batch, batch);
            feed.queue(stream, rows);
            stream.synchronize();
        }
    }

    /** Three columns under a condition of two, the first of which is the number of the row. */
    private static Dataset told(int count) {
        float[] rows = new float[5 * count];
        for (int r = 0; r < count; r++) {
            for (int i = 0; i < 3; i++) {
                rows[5 * r + i] = (float) Philox.words(12, r, Purpose.DATA, 0).normal(i);
            }
            rows[5 * r + 3] = r;
            rows[5 * r + 4] = -r;
        }
        return Dataset.of(rows, "a", "b", "c", "d", "e").given("y", "d", "e");
    }

    private static final FlexibleSde TURNED =
            FlexibleSde.standard(3).with(new double[] {0.5, 1.7, 1}, new double[] {1.2, -0.4, 0.8});

    private static double time(FlexibleParametrisation process, long step, int r, int batch) {
        int times = Math.min(64, batch);
        double shift = Philox.words(5, (step - 1) / 8, Purpose.TIME, 0).uniform(0);
        return process.time((r % times + shift) / times);
    }

    private static double[] times(double[][] matrix, double... x) {
        double[] sum = new double[3];
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                sum[i] += matrix[i][j] * x[j];
            }
        }
        return sum;
    }

    /** L^-1 x. */
    private static double[] whitened(double[][] lower, double[] x) {
        double[] white = new double[3];
        for (int i = 0; i < 3; i++) {
            white[i] = x[i];
            for (int j = 0; j < i; j++) {
                white[i] -= lower[i][j] * white[j];
            }
            white[i] /= lower[i][i];
        }
        return white;
    }

    /** L^-T x. */
    private static double[] pulled(double[][] lower, double[] x) {
        double[] out = new double[3];
        for (int i = 2; i >= 0; i--) {
            out[i] = x[i];
            for (int j = i + 1; j < 3; j++) {
                out[i] -= lower[j][i] * out[j];
            }
            out[i] /= lower[i][i];
        }
        return out;
    }

    /**
     * Every pair is that of its time's matrices in double, from the row that its condition names and the noise of its sample: x = E x0 + L eps, and the target R^(-1/2) (x -
     * Sigma^-1 (x - E x0))/c, what the network is at its best; the same bits on every device.
     */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void pairsAreThoseOfTheirTimesMatrices(Device device) {
        for (int batch : new int[] {3, 67, 200}) {
            float[][] made = pairs(device, batch);
            try (Device host = Device.open("cpu")) {
                float[][] there = pairs(host, batch);
                for (int i = 0; i < made.length; i++) {
                    assertArrayEquals(there[i], made[i], "port " + i);
                }
            }
            float[] data = told(40).values();
            FlexibleParametrisation process = new FlexibleParametrisation(TURNED);
            double[] rates = TURNED.rates();
            for (int r = 0; r < batch; r++) {
                int row = (int) made[0][5 * r + 3];
                assertEquals(-row, made[0][5 * r + 4]);
                double t = time(process, 10, r, batch);
                double clock = TURNED.clock(t);
                double scale = process.at(t).scale();
                double[] mean = times(TURNED.transition(clock), data[5 * row], data[5 * row + 1], data[5 * row + 2]);
                Words words = Philox.words(5, 9L * batch + r, Purpose.NOISE, 0);
                double[][] lower = TURNED.noise(clock);
                double[] noise = times(lower, words.normal(0), words.normal(1), words.normal(2));
                double[] pulled = pulled(lower, whitened(lower, noise));
                for (int i = 0; i < 3; i++) {
                    double x = mean[i] + noise[i];
                    assertEquals(x, made[0][5 * r + i], 1e-5, "x of row " + r);
                    assertEquals(
                            Math.sqrt(rates[i]) * (x - pulled[i]) / scale,
                            made[1][3 * r + i],
                            1e-4,
                            "target of row " + r);
                }
                double weight = 0.5 * TURNED.beta(t) * scale * scale / process.density(t);
                assertEquals(weight, made[2][r], 1e-5 * weight);
                assertEquals(process.networkTime(t), made[3][r], 1e-6);
            }
        }
    }

    /** Input, target, weight and time of step 10. */
    private static float[][] pairs(Device device, int batch) {
        Dataset data = told(40);
        try (ScoreModel model = ScoreModel.create(TURNED, Architecture.parse("mlp:8x1"), data, 1, device);
                Stream stream = device.stream()) {
            FlexibleMatching matching = new FlexibleMatching(model.network(), new FlexibleParametrisation(TURNED));
            try (Feed feed = new FlexibleFeed.Source(matching, data, 5).open(stream, batch)) {
                step(feed, stream, 10, batch);
                return new float[][] {
                    read(feed, stream, Regression.INPUT, 5 * batch),
                    read(feed, stream, Regression.TARGET, 3 * batch),
                    read(feed, stream, Regression.WEIGHT, batch),
                    read(feed, stream, Regression.TIME, batch)
                };
            }
        }
    }

    /** Over 8 steps of 4096 rows, whitened by the closed form, x has mean 0 and covariance I, within 4.5 standard errors of each: a false alarm in 15,000. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void pairsHaveTheMeanAndCovarianceOfTheirTimes(Device device) {
        int batch = 4096;
        Dataset one = Dataset.of(new float[] {1.5f, -0.7f, 0.4f}, "a", "b", "c");
        FlexibleParametrisation process = new FlexibleParametrisation(TURNED);
        double[] mean = new double[3];
        double[][] square = new double[3][3];
        try (ScoreModel model = ScoreModel.create(
                        TURNED,
                        Architecture.parse("mlp:8x1"),
                        Dataset.of(new float[] {1, 2, 3, 4, 5, 7}, "a", "b", "c"),
                        1,
                        device);
                Stream stream = device.stream();
                Feed feed = new FlexibleFeed.Source(new FlexibleMatching(model.network(), process), one, 5)
                        .open(stream, batch)) {
            for (int step = 1; step <= 8; step++) {
                step(feed, stream, step, batch);
                float[] x = read(feed, stream, Regression.INPUT, 3 * batch);
                for (int n = 0; n < 64; n++) {
                    double clock = TURNED.clock(time(process, step, n, batch));
                    double[] middle = times(TURNED.transition(clock), 1.5, -0.7, 0.4);
                    double[][] lower = TURNED.noise(clock);
                    for (int r = n; r < batch; r += 64) {
                        double[] apart = new double[3];
                        for (int i = 0; i < 3; i++) {
                            apart[i] = x[3 * r + i] - middle[i];
                        }
                        double[] white = whitened(lower, apart);
                        for (int i = 0; i < 3; i++) {
                            mean[i] += white[i] / (8.0 * batch);
                            for (int j = 0; j < 3; j++) {
                                square[i][j] += white[i] * white[j] / (8.0 * batch);
                            }
                        }
                    }
                }
            }
        }
        double error = 1 / Math.sqrt(8.0 * batch);
        for (int i = 0; i < 3; i++) {
            assertEquals(0, mean[i], 4.5 * error);
            for (int j = 0; j < 3; j++) {
                assertEquals(i == j ? 1 : 0, square[i][j], 4.5 * error * (i == j ? Math.sqrt(2) : 1));
            }
        }
    }

    /** Sizes at which times do not come out even, and a process that moved between two steps. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anyBatchHasItsPairs(Device device) {
        Dataset data = rows(5);
        FlexibleSde sde = FlexibleSde.standard(2);
        try (ScoreModel model = ScoreModel.create(sde, Architecture.parse("mlp:8x1"), data, 1, device);
                Stream stream = device.stream()) {
            FlexibleMatching matching = new FlexibleMatching(model.network(), new FlexibleParametrisation(sde));
            for (int batch : new int[] {1, 3, 31, 65}) {
                try (Feed feed = new FlexibleFeed.Source(matching, data, 5).open(stream, batch)) {
                    step(feed, stream, 1, batch);
                    float[] before = read(feed, stream, Regression.TARGET, 2 * batch);
                    feed.follow(matching.under(
                            new FlexibleParametrisation(sde.with(new double[] {1.5, 0.8}, new double[] {1}))));
                    step(feed, stream, 1, batch);
                    float[] after = read(feed, stream, Regression.TARGET, 2 * batch);
                    feed.follow(matching);
                    step(feed, stream, 1, batch);
                    float[] again = read(feed, stream, Regression.TARGET, 2 * batch);
                    for (int i = 0; i < before.length; i++) {
                        assertTrue(Float.isFinite(after[i]) && after[i] != before[i], "number " + i + " of " + batch);
                        assertEquals(before[i], again[i]);
                    }
                }
            }
        }
    }
}
