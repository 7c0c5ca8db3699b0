package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.StepSizes;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.plan.GivenStart;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Flows and densities of conditional bridges: densities that integrate to one for every observation, bits, and a trained one against the closed form. */
class ConditionalFlowsTest {
    /** A law whose mean and deviation both know y; far from 0 and 1, so that a volume left out is seen. */
    private static final ConditionalLaw BENT = (y, mean, deviation) -> {
        mean[0] = 5 + y[0] - y[1];
        deviation[0] = Math.exp(0.7 + 0.3 * y[0]);
    };

    private static BridgeSpec tiny(Matching matching) {
        return BridgeSpec.of(StepSizes.symmetric(4, 0.1, 0.3))
                .withIterations(1)
                .withMatching(matching)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(TrainSpec.steps(40)
                        .withBatch(32)
                        .withRate(5e-3)
                        .withAverage(0.9)
                        .withSeed(11))
                .withCache(32, 20);
    }

    /** x of one column, about 5, under two conditions of a column each. */
    private static Dataset table() {
        float[] values = new float[3 * 200];
        for (int i = 0; i < 200; i++) {
            Words words = Philox.words(8, i, Purpose.DATA, 0);
            values[3 * i + 1] = (float) words.normal(1);
            values[3 * i + 2] = (float) words.normal(2);
            values[3 * i] = 5 + values[3 * i + 1] + (float) words.normal(0);
        }
        return Dataset.of(values, "x", "a", "b").given("one", "a").given("two", "b");
    }

    /** Whatever networks learned, exp of the log-density integrates to 1 over x for every y: the integral by the trapezium rule over 16 deviations of the law. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void densitiesIntegrateToOneForEveryObservation(Device device) {
        int points = 801;
        for (Matching matching : Matching.values()) {
            try (ConditionalBridge bridge = ConditionalBridge.fit(table(), BENT, tiny(matching), device)) {
                for (float[] y : new float[][] {{0, 0}, {1, -0.5f}, {-1.5f, 1}}) {
                    double[] mean = new double[1];
                    double[] deviation = new double[1];
                    BENT.at(new double[] {y[0], y[1]}, mean, deviation);
                    double step = 16 * deviation[0] / (points - 1);
                    float[] rows = new float[points];
                    for (int i = 0; i < points; i++) {
                        rows[i] = (float) (mean[0] - 8 * deviation[0] + i * step);
                    }
                    double[] log = bridge.likelihood(y).steps(32).of(rows, 0).log();
                    double mass = Arrays.stream(log).map(Math::exp).sum() * step;
                    assertEquals(1, mass, 3e-3, matching + " at " + Arrays.toString(y));
                }
            }
        }
    }

    /** Row i under observation i is as each alone; every execution gives the same bits; nothing on the way is drawn, and the way back ends where it began. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void flowsAreOrdinarySamples(Device device) {
        float[] rows = {4, 5, 7.5f, 6};
        float[] first = {0.5f, -1, 1, 0};
        float[] second = {1, 0, -1, 2};
        try (ConditionalBridge bridge = ConditionalBridge.fit(table(), BENT, tiny(Matching.DRIFT), device)) {
            Likelihood likelihood = bridge.likelihood().given("one", first, 1).given("two", second, 1);
            double[] log = likelihood.of(rows, 0).log();
            assertArrayEquals(log, likelihood.execution("stepwise").of(rows, 0).log(), "the executions' bits");
            for (int i = 0; i < 4; i++) {
                assertEquals(
                        log[i],
                        bridge.likelihood(first[i], second[i])
                                .of(new float[] {rows[i]}, 0)
                                .log()[0],
                        "row " + i);
            }
            Sampler drawn =
                    bridge.flow(Direction.BACKWARD).given("one", first, 1).given("two", second, 1);
            float[] made = drawn.sample(4, 3).rows();
            for (String execution : device.kind() == DeviceKind.HOST
                    ? List.of("fused", "graph", "stepwise")
                    : List.of("graph", "stepwise")) {
                assertArrayEquals(made, drawn.execution(execution).sample(4, 3).rows(), execution);
            }
            assertEquals("flow:backward@4", drawn.explain().method());
            Sampler there = bridge.flow(Direction.FORWARD)
                    .steps(64)
                    .given("start", rows, 1)
                    .given("one", first, 1)
                    .given("two", second, 1);
            float[] latent = there.sample(4, 1).rows();
            assertArrayEquals(latent, there.sample(4, 2).rows());
            float[] latents = likelihood.steps(64).of(rows, 0).latents();
            for (int i = 0; i < 4; i++) {
                double[] mean = new double[1];
                double[] deviation = new double[1];
                BENT.at(new double[] {first[i], second[i]}, mean, deviation);
                assertEquals(mean[0] + deviation[0] * latents[i], latent[i], 1e-4, "in the units of the data");
            }
            float[] back = bridge.flow(Direction.BACKWARD)
                    .steps(64)
                    .steer(new GivenStart())
                    .given("start", latent, 1)
                    .given("one", first, 1)
                    .given("two", second, 1)
                    .sample(4, 1)
                    .rows();
            assertArrayEquals(rows, back, 2e-3f);
            assertEquals(
                    30,
                    bridge.flow(Direction.FORWARD).sample(30, 1).rows().length,
                    "rows of the data, with their own observations");
        }
    }

    /** x1, x2 and y jointly normal: x1 = 3 + 2 (0.8 y + 0.6 e), x2 = -1 + (0.6 y + 0.8 f)/2. */
    private static Dataset normal(int count, long seed) {
        float[] values = new float[3 * count];
        for (int r = 0; r < count; r++) {
            Words words = Philox.words(seed, r, Purpose.DATA, 0);
            double y = words.normal(0);
            values[3 * r] = (float) (3 + 2 * (0.8 * y + 0.6 * words.normal(1)));
            values[3 * r + 1] = (float) (-1 + 0.5 * (0.6 * y + 0.8 * words.normal(2)));
            values[3 * r + 2] = (float) y;
        }
        return Dataset.of(values, "x1", "x2", "y").given("y", "y");
    }

    private static double exact(float[] x, int row, double y) {
        double e = (x[2 * row] - 3 - 1.6 * y) / 1.2;
        double f = (x[2 * row + 1] + 1 - 0.3 * y) / 0.4;
        return -0.5 * (e * e + f * f) - Math.log(2 * Math.PI) - Math.log(1.2 * 0.4);
    }

    /**
     * The example of docs/conditional-bridges.md: a trained bridge's densities of pairs it never saw are within 0.06 nats of ln p(x | y) in the mean, and within 0.2 of the
     * closed form at the posterior's own means; under observations of other rows they fall by as much as the closed form does.
     */
    @Test
    void aTrainedBridgeKnowsThePosteriorsDensity() {
        Dataset held = normal(1000, 2);
        float[] rows = held.values(Dataset.X);
        float[] seen = held.values("y");
        BridgeSpec spec = BridgeSpec.of(StepSizes.constant(20, 0.05))
                .withIterations(1)
                .withNetwork(Mlp.of(32, 2))
                .withTraining(TrainSpec.steps(600)
                        .withBatch(256)
                        .withRate(5e-3)
                        .withAverage(0.98)
                        .withSeed(3));
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = ConditionalBridge.fit(normal(4000, 1), spec, device)) {
            // snippet: flow
            double nats = bridge.likelihood() // mean of ln p(x | y), row i under observation i
                    .given("y", seen, 1)
                    .of(rows, 0)
                    .mean();
            double[] one = bridge.likelihood(0.5f).of(rows, 0).log(); // of each row under y = 0.5
            float[] drawn = bridge.flow(Direction.BACKWARD) // without noise on the way
                    .given("y", new float[] {0.5f}, 1)
                    .sample(1000, 4)
                    .rows();
            // end
            double wanted = 0;
            double under = 0;
            double mean = 0;
            for (int r = 0; r < 1000; r++) {
                wanted += exact(rows, r, seen[r]) / 1000;
                under += exact(drawn, r, 0.5) / 1000;
                mean += drawn[2 * r] / 1000;
            }
            double entropy = -1 - Math.log(2 * Math.PI) - Math.log(1.2 * 0.4);
            assertEquals(entropy, wanted, 0.1, "of so many rows");
            assertEquals(wanted, nats, 0.06, "the density of pairs never seen");
            assertEquals(1000, one.length);
            assertEquals(entropy, under, 0.25, "draws by the flow lie in the posterior");
            assertEquals(3 + 1.6 * 0.5, mean, 0.15);
            for (float y : new float[] {-1, 0, 1.5f}) {
                float[] at = {3 + 1.6f * y, -1 + 0.3f * y};
                assertEquals(exact(at, 0, y), bridge.likelihood(y).of(at, 0).log()[0], 0.2, "at the mean under " + y);
            }
            double probed = bridge.likelihood()
                    .given("y", seen, 1)
                    .hutchinson(4, Law.RADEMACHER)
                    .of(rows, 1)
                    .mean();
            assertEquals(nats, probed, 0.05, "probes are right in the mean");
        }
    }

    @Test
    void refusesWhatIsNoFlow() {
        float[] values = new float[3 * 40];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Philox.words(8, i, Purpose.DATA, 0).normal(0);
        }
        Dataset taken = Dataset.of(values, "x", "a", "b").given("slope", "a").given("y", "b");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = ConditionalBridge.fit(table(), BENT, tiny(Matching.DRIFT), device);
                ConditionalBridge named = ConditionalBridge.fit(taken, tiny(Matching.DRIFT), device)) {
            refused("an observation has 2 numbers", () -> bridge.likelihood(1));
            refused("pass it with given(", () -> bridge.likelihood().of(new float[1], 0));
            refused(
                    "give as many of both, or one",
                    () -> bridge.likelihood(1, 2).given("one", new float[2], 1).of(new float[3], 0));
            refused(
                    "steps must be positive",
                    () -> bridge.flow(Direction.FORWARD).steps(0));
            refused("no rows of 1", () -> bridge.likelihood(1, 2).of(new float[0], 0));
            refused(
                    "has a register 'slope' of its own",
                    () -> named.likelihood(1, 2).of(new float[1], 0));
            assertEquals(3, named.posterior(1, 2).sample(3, 1).rows().length, "walks have no such register");
        }
    }

    private static void refused(String part, org.junit.jupiter.api.function.Executable work) {
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, work);
        assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
    }
}
