package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.BridgeErrorReport;
import org.tweedie.bridge.domain.Clock;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.bridge.domain.LinearBase;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** Trained bridges into domains, held to the laws of their data; every row in the domain; bits across devices and stops. */
class BridgeModelTest {
    private static final BridgeDomain DOMAIN =
            BridgeDomain.product(BridgeDomain.finite(0, 1, 3), BridgeDomain.oneHot(3), BridgeDomain.interval(0, 1));

    private static final String[] COLUMNS = {"rooms", "flat", "house", "boat", "garden"};

    @TempDir
    Path folder;

    /** Rooms 0, 1, 3 with shares 0.2, 0.3, 0.5; six kinds in ten are that of the rooms, and three the next; the garden is 1 - u^2, u or u^2. */
    private static Dataset homes(int rows, long seed) {
        float[] values = new float[5 * rows];
        for (int i = 0; i < rows; i++) {
            Words words = Philox.words(seed, i, Purpose.DATA, 0);
            double u = words.uniform(0);
            int level = u < 0.2 ? 0 : u < 0.5 ? 1 : 2;
            double other = words.uniform(1);
            int kind = (level + (other < 0.6 ? 0 : other < 0.9 ? 1 : 2)) % 3;
            double garden = words.uniform(2);
            values[5 * i] = level == 2 ? 3 : level;
            values[5 * i + 1 + kind] = 1;
            values[5 * i + 4] = (float) (level == 0 ? 1 - garden * garden : level == 1 ? garden : garden * garden);
        }
        return Dataset.of(values, COLUMNS);
    }

    private static DomainSpec spec() {
        return DomainSpec.of()
                .withSteps(40)
                .withNetwork(Mlp.of(64, 2))
                .withTraining(TrainSpec.steps(2000)
                        .withBatch(256)
                        .withRate(4e-3)
                        .withSchedule(TrainSpec.Schedule.COSINE, 50)
                        .withAverage(0.99)
                        .withSeed(4))
                .withCache(4000, 100); // every row of the data in every cache
    }

    /** Shares of rooms and kind [3][3], then the mean garden of each number of rooms, and the share of gardens below 0.25. */
    private static double[] law(float[] rows) {
        double[] law = new double[13];
        double[] count = new double[3];
        int n = rows.length / 5;
        for (int i = 0; i < n; i++) {
            int level = rows[5 * i] == 3 ? 2 : (int) rows[5 * i];
            int kind = rows[5 * i + 1] == 1 ? 0 : rows[5 * i + 2] == 1 ? 1 : 2;
            law[3 * level + kind] += 1.0 / n;
            count[level]++;
            law[9 + level] += rows[5 * i + 4];
            law[12] += rows[5 * i + 4] < 0.25 ? 1.0 / n : 0;
        }
        for (int level = 0; level < 3; level++) {
            law[9 + level] /= count[level];
        }
        return law;
    }

    @Test
    void fit() {
        Dataset data = homes(4000, 1);
        try (Device device = Device.open("cpu")) {
            // snippet: fit
            BridgeDomain domain = BridgeDomain.product(
                    BridgeDomain.finite(0, 1, 3), // rooms
                    BridgeDomain.oneHot(3), // flat, house or boat
                    BridgeDomain.interval(0, 1)); // the garden's share
            DomainSpec spec = DomainSpec.of()
                    .withSteps(40)
                    .withNetwork(Mlp.of(48, 2))
                    .withTraining(TrainSpec.steps(1500).withBatch(256).withRate(3e-3));
            try (BridgeModel model = BridgeModel.fit(data, domain, spec, device)) {
                Samples made = model.sample(1000, 7);
                float[] rows = made.rows(); // every row in the domain
                double off = BridgeModel.violation(made); // before rounding, at most
                BridgeErrorReport report = model.report(200, 7); // nats: training, discretisation, initial law
                // end
                requireInside(rows);
                assertTrue(off > 0 && off < 1, "off by " + off);
                assertTrue(report.training() >= 0 && report.discretisation() > 0, report.toString());
                assertEquals(0, report.initial(), 0);
            }
        }
    }

    private static void requireInside(float[] rows) {
        for (int i = 0; i < rows.length / 5; i++) {
            assertTrue(rows[5 * i] == 0 || rows[5 * i] == 1 || rows[5 * i] == 3);
            float ones = 0;
            for (int d = 1; d < 4; d++) {
                assertTrue(rows[5 * i + d] == 0 || rows[5 * i + d] == 1);
                ones += rows[5 * i + d];
            }
            assertEquals(1f, ones);
            assertTrue(rows[5 * i + 4] >= 0 && rows[5 * i + 4] <= 1);
        }
    }

    /** Shares of pairs of values, conditional means and a quantile come near the data's: 4000 rows have standard errors of 0.008, and what the report says is left to learn blurs the rest. */
    @Test
    void generatedRowsHaveTheLawOfTheData() {
        Dataset data = homes(4000, 1);
        try (Device device = Device.open("cpu");
                BridgeModel model = BridgeModel.fit(data, DOMAIN, spec(), device)) {
            float[] rows = model.sample(4000, 9).rows();
            requireInside(rows);
            double[] wanted = law(data.values());
            double[] got = law(rows);
            for (int i = 0; i < 13; i++) {
                assertEquals(
                        wanted[i],
                        got[i],
                        0.045,
                        String.format(Locale.ROOT, "law %d: %.3f for %.3f", i, got[i], wanted[i]));
            }
            BridgeErrorReport report = model.report(300, 2);
            try (BridgeModel untaught = BridgeModel.fit(
                    data, DOMAIN, spec().withTraining(TrainSpec.steps(1).withRate(1e-9)), device)) {
                double before = untaught.report(300, 2).training();
                assertTrue(report.training() < 0.4 * before, report + " after " + before);
            }
        }
    }

    /** In its own units, from the base's own law, with an Ornstein and Uhlenbeck base: integers. */
    @Test
    void integersInTheirOwnUnits() {
        float[] values = new float[2000];
        for (int i = 0; i < values.length; i++) {
            double u = Philox.words(3, i, Purpose.DATA, 0).uniform(0, 0);
            values[i] = u < 0.1 ? -1 : u < 0.3 ? 0 : u < 0.9 ? 1 : 2;
        }
        DomainSpec spec = spec().withBase(LinearBase.ornsteinUhlenbeck(0.5, Clock.constant(2)))
                .asTheyAre();
        try (Device device = Device.open("cpu");
                BridgeModel model =
                        BridgeModel.fit(Dataset.of(values, "n"), BridgeDomain.finite(-1, 0, 1, 2), spec, device)) {
            double[] shares = new double[4];
            for (float row : model.sample(4000, 1).rows()) {
                shares[(int) row + 1] += 1.0 / 4000;
            }
            assertArrayEquals(new double[] {0.1, 0.2, 0.6, 0.1}, shares, 0.04);
        }
    }

    /** On every device: a trace ends where the rows were rounded, and a row is the same whatever is sampled beside it. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void tracesShowTheWayAndRowsAreFunctionsOfTheirNumber(Device device) {
        DomainSpec small = spec().withSteps(5)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(TrainSpec.steps(3).withBatch(16).withSeed(2))
                .withCache(16, 2);
        try (BridgeModel model = BridgeModel.fit(homes(50, 1), DOMAIN, small, device)) {
            Samples all = model.sampler().traced().sample(9, 3);
            assertArrayEquals(all.output("z"), all.traces().get("z").get(5), 0f);
            float[] late = model.sampler().sample(4, 5, 3).rows();
            for (int i = 0; i < late.length; i++) {
                assertEquals(all.rows()[4 * 5 + i], late[i]);
            }
            requireInside(all.rows());
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> model.sampler().steps(7).sample(1, 1))
                    .getMessage()
                    .contains("starts of 5 steps, got 7"));
        }
    }

    /** A run that stops and resumes has the bits of one that did not. */
    @Test
    void resumesToTheSameBits() throws IOException {
        DomainSpec small = spec().withSteps(6)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(TrainSpec.steps(40)
                        .withBatch(32)
                        .withCheckpointEvery(15)
                        .withSeed(2))
                .withCache(64, 7);
        Dataset data = homes(200, 1);
        try (Device device = Device.open("cpu")) {
            float[] straight;
            try (BridgeModel model = BridgeModel.fit(data, DOMAIN, small, device)) {
                straight = model.sample(50, 3).rows();
            }
            CancelToken stop = new CancelToken();
            TrainListener stopper = new TrainListener() {
                @Override
                public void at(Progress progress) {}

                @Override
                public void saved(long step, Path file) {
                    stop.cancel();
                }
            };
            try (CheckpointDirectory kept = CheckpointDirectory.open(folder, 2, FileActions.disk());
                    BridgeModel part = BridgeModel.fit(data, DOMAIN, small, device, stopper, stop, kept, false)) {
                assertEquals(
                        TrainResult.Outcome.CANCELLED,
                        part.result().orElseThrow().outcome());
            }
            try (CheckpointDirectory kept = CheckpointDirectory.open(folder, 2, FileActions.disk());
                    BridgeModel whole = BridgeModel.fit(
                            data, DOMAIN, small, device, TrainListener.NONE, new CancelToken(), kept, true)) {
                assertEquals(
                        TrainResult.Outcome.FINISHED,
                        whole.result().orElseThrow().outcome());
                assertArrayEquals(straight, whole.sample(50, 3).rows(), 0f);
            }
        }
    }

    @Test
    void refusesRowsOutsideTheDomain() {
        try (Device device = Device.open("cpu")) {
            Dataset data = Dataset.of(new float[] {0, 1, 1, 0.5f}, "a", "b");
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> BridgeModel.fit(
                                    data, BridgeDomain.finite(0, 1).times(2), spec(), device))
                    .getMessage();
            assertTrue(message.startsWith("row 2, column 'b' is 0.5, outside the domain"), message);
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> BridgeModel.fit(data, BridgeDomain.finite(0, 1), spec(), device))
                    .getMessage()
                    .contains("the domain is 1 wide, the rows 2"));
        }
    }
}
