package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
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
                    feed.prepare(stream, 8 * k);
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
        float[] values = new float[count];
        stream.download(view.data(), 0, values, 0, count);
        return values;
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
                    feed.prepare(stream, 1);
                    float[] before = read(feed, stream, Regression.TARGET, 2 * batch);
                    feed.follow(matching.under(
                            new FlexibleParametrisation(sde.with(new double[] {1.5, 0.8}, new double[] {1}))));
                    feed.prepare(stream, 1);
                    float[] after = read(feed, stream, Regression.TARGET, 2 * batch);
                    feed.follow(matching);
                    feed.prepare(stream, 1);
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
