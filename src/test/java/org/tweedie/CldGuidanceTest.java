package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.execution.Precision;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.guidance.ClassifierGuidance;
import org.tweedie.inverse.DiffusionPosterior;
import org.tweedie.inverse.LinearOperator;
import org.tweedie.inverse.Observation;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Guide;
import org.tweedie.score.Mlp;
import org.tweedie.score.Signature;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Sde;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * Classifier-free guidance of rows with velocities, on x = b y + s z, y and z standard normal: both scores of v are affine in (x, v, y), and mean and
 * covariance of what is sampled obey linear equations, which the test solves apart from the samplers.
 */
class CldGuidanceTest {
    private static final double B = 0.8;
    private static final double S = 0.6;
    private static final double Y = 1.5;
    private static final CldSde CLD = new CldSde();
    private static final List<Signature.Port> PORTS = List.of(new Signature.Port("y", Space.euclidean(1)));

    /** Of a row N(b y, variance): factors of x, v and y in grad_v ln p(x_t, v_t), which is that part of -C^-1 (u - m b y). */
    private static double[] score(double t, double variance) {
        double[][] c = CLD.covariance(t, variance, CLD.initialVariance());
        double determinant = c[0][0] * c[1][1] - c[0][1] * c[0][1];
        double byX = c[0][1] / determinant;
        double byV = -c[0][0] / determinant;
        double[] m = CLD.mean(t);
        return new double[] {byX, byV, -(byX * m[0] + byV * m[1]) * B};
    }

    private static final Map<String, AffineField> SCORES = Map.of(
            Sde.SCORE,
            t -> new AffineField.Affine(new double[][] {score(t, S * S)}, new double[1]),
            ClassifierFree.UNCONDITIONAL,
            t -> new AffineField.Affine(new double[][] {Arrays.copyOf(score(t, B * B + S * S), 2)}, new double[1]));

    private static Guide.Target target() {
        return new Guide.Target(CLD, new double[1], new double[] {1}, () -> {
            throw new AssertionError();
        });
    }

    private static Plan plan(ClassifierFree guide, String method) {
        Plan guided = guide.on(target()).steer(MethodSpec.parse(method).plan(CLD));
        return ModelConditions.clean(Sde.SCORE, PORTS).steer(guided);
    }

    /** Mean of x and v, then their covariance xx, xv, vv, of what a sampler of the plan puts out. */
    private static double[] sampled(ClassifierFree guide, String method) {
        Plan plan = plan(guide, method);
        Moments given = new Moments(
                List.of(new Register("given", Space.euclidean(1), true)), new double[] {Y}, new double[1][1]);
        Moments law = MomentOracle.after(plan, SCORES, Map.of("y", given));
        int x = plan.register("x");
        int v = plan.register(CldSde.VELOCITY);
        return new double[] {
            law.mean(x)[0], law.mean(v)[0], law.covariance(x)[0][0], law.covariance(x, v)[0][0], law.covariance(v)[0][0]
        };
    }

    /** The same in the limit of small steps: the equations of mean and covariance of the guided reverse SDE, by Runge and Kutta. */
    private static double[] limit(ClassifierFree guide) {
        double[] state = {0, 0, 1, 0, CLD.mass()};
        int steps = 20_000;
        for (int i = 0; i < steps; i++) {
            double t = time(i, steps);
            double h = t - time(i + 1, steps);
            double[] a = slope(guide, t, state);
            double[] b = slope(guide, t - 0.5 * h, along(state, 0.5 * h, a));
            double[] c = slope(guide, t - 0.5 * h, along(state, 0.5 * h, b));
            double[] d = slope(guide, t - h, along(state, h, c));
            for (int k = 0; k < state.length; k++) {
                state[k] += h / 6 * (a[k] + 2 * b[k] + 2 * c[k] + d[k]);
            }
        }
        return state;
    }

    private static double time(int i, int steps) {
        double u = 1 - (double) i / steps;
        return CLD.cutoff() + u * u * (1 - CLD.cutoff());
    }

    private static double[] along(double[] state, double h, double[] slope) {
        return IntStream.range(0, state.length)
                .mapToDouble(k -> state[k] + h * slope[k])
                .toArray();
    }

    /** dx = -v/M beta dtau, dv = (x + Gamma v/M + 2 Gamma score) beta dtau + sqrt(2 Gamma beta) dW. */
    private static double[] slope(ClassifierFree guide, double t, double[] u) {
        double n = Math.sqrt(CLD.noise(t)[0][0]) / CLD.mean(t)[0];
        double w = n >= guide.low() && n <= guide.high() ? guide.weight() : 1;
        double[] one = score(t, S * S);
        double[] all = score(t, B * B + S * S);
        double beta = CLD.beta();
        double friction = 2 * CLD.friction();
        double xv = -beta * CLD.inverseMass();
        double vx = beta * (1 + friction * (w * one[0] + (1 - w) * all[0]));
        double vv = beta * (CLD.friction() * CLD.inverseMass() + friction * (w * one[1] + (1 - w) * all[1]));
        double shift = beta * friction * w * one[2] * Y;
        return new double[] {
            xv * u[1],
            vx * u[0] + vv * u[1] + shift,
            2 * xv * u[3],
            xv * u[4] + vx * u[2] + vv * u[3],
            2 * (vx * u[3] + vv * u[4]) + beta * friction
        };
    }

    private static double apart(double[] a, double[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(k -> Math.abs(a[k] - b[k]))
                .max()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"0, sscs:midpoint, 2", "1, sscs:midpoint, 2", "2.5, sscs:midpoint, 2", "2.5, em, 1", "-0.5, sscs, 1"})
    void samplersComeToTheGuidedLawAtTheirOrder(double weight, String method, double order) {
        ClassifierFree guide = new ClassifierFree(weight);
        double[] exact = limit(guide);
        double coarse = apart(sampled(guide, method + "@400,quadratic"), exact);
        double fine = apart(sampled(guide, method + "@800,quadratic"), exact);
        assertEquals(order, Math.log(coarse / fine) / Math.log(2), 0.3, method + ": " + coarse + " and " + fine);
        assertTrue(fine < 0.03, method + ": " + fine);
    }

    /** Weight 1 is p(x | y), 0 is p(x): the law of the process at its cutoff, but for what is left of data at T. */
    @Test
    void weightsOneAndNoneAreBothLaws() {
        double t = CLD.cutoff();
        for (double weight : new double[] {0, 1}) {
            double[] law = limit(new ClassifierFree(weight));
            double[][] c = CLD.covariance(t, weight == 1 ? S * S : B * B + S * S, CLD.initialVariance());
            double mean = weight * B * Y;
            double[] exact = {CLD.mean(t)[0] * mean, CLD.mean(t)[1] * mean, c[0][0], c[0][1], c[1][1]};
            assertEquals(0, apart(law, exact), 5e-3, "weight " + weight);
        }
        double more = limit(new ClassifierFree(2))[0];
        assertTrue(more > 1.3 * B * Y, "above 1 the condition is exaggerated: " + more);
    }

    /** An interval is of sigma/alpha of positions: within it the guided score, outside one evaluation of the condition's own. */
    @Test
    void intervalsAreOfThePositionsNoise() {
        // Bt = 0.4 and 2: deviations of systems' reference covariances over exp(-2 Bt)(1 + 2 Bt)
        assertEquals(Math.sqrt(0.22181006) / (Math.exp(-0.8) * 1.8), CLD.noiseToSignal(Sde.SCORE, 0.1)[0], 1e-6);
        assertEquals(Math.sqrt(0.98646073) / (Math.exp(-4) * 5), CLD.noiseToSignal(Sde.SCORE, 0.5)[0], 1e-6);
        ClassifierFree guide = new ClassifierFree(3, 0.5, 1.5);
        assertEquals(0, apart(sampled(guide, "sscs:midpoint@1600,quadratic"), limit(guide)), 0.02);
        assertTrue(apart(limit(guide), limit(new ClassifierFree(3))) > 0.1, "the interval matters");
        Plan plan = plan(guide, "em@300");
        long within = IntStream.range(0, 300)
                .mapToDouble(i -> 1 + i / 300.0 * (CLD.cutoff() - 1))
                .map(t -> CLD.noiseToSignal(Sde.SCORE, t)[0])
                .filter(n -> n >= 0.5 && n <= 1.5)
                .count();
        assertTrue(within > 20 && within < 200);
        assertEquals(300 + within, plan.evaluations());
    }

    private static Dataset pairs(int rows) {
        float[] values = new float[2 * rows];
        for (int i = 0; i < rows; i++) {
            double y = Philox.words(11, i, Purpose.DATA, 0).normal(1);
            values[2 * i + 1] = (float) y;
            values[2 * i] =
                    (float) (B * y + S * Philox.words(11, i, Purpose.DATA, 0).normal(0));
        }
        return Dataset.of(values, "x", "y").given("y", "y").droppable();
    }

    private static float[] rows(ScoreModel model, Optional<Guide> guide, double y, String execution) {
        Sampler sampler = model.sampler(MethodSpec.parse("sscs:midpoint@4,quadratic"))
                .given("y", new float[] {(float) y}, 1)
                .execution(execution);
        return guide.map(sampler::steer).orElse(sampler).sample(9, 2).rows();
    }

    private static List<String> executions(Device device) {
        return device.kind() == DeviceKind.HOST ? List.of("fused", "graph", "stepwise") : List.of("graph", "stepwise");
    }

    /** Training with dropped conditions and guided sampling have the host's bits on every device by every execution. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceHasTheBitsOfTheHost(Device device) {
        Dataset data = pairs(64);
        TrainSpec spec = TrainSpec.steps(4).withBatch(33).withPrecision(Precision.F32);
        for (CldSde process : List.of(CLD, new CldSde(4, 4, 0.5, true, 1e-3, Space.euclidean(1)))) {
            try (Device host = Device.open("cpu:1");
                    ScoreModel there = ScoreModel.create(process, Mlp.of(8, 2), data, 1, host);
                    ScoreModel here = ScoreModel.create(process, Mlp.of(8, 2), data, 1, device);
                    ScoreModel clean = ScoreModel.create(process, Mlp.of(8, 2), data, 1, host)) {
                there.train(data, spec.withConditioning(Conditioning.dropped(0.3)));
                here.train(data, spec.withConditioning(Conditioning.dropped(0.3)));
                clean.train(data, spec);
                assertArrayEquals(there.weights(), here.weights());
                assertFalse(Arrays.equals(there.weights(), clean.weights()), "conditions are dropped");
                Optional<Guide> twice = Optional.of(new ClassifierFree(2));
                Optional<Guide> none = Optional.of(new ClassifierFree(0));
                float[] expected = rows(there, twice, Y, "stepwise");
                for (String execution : executions(device)) {
                    assertArrayEquals(expected, rows(here, twice, Y, execution), execution);
                    float[] plain = rows(here, Optional.empty(), Y, execution);
                    assertArrayEquals(
                            plain, rows(here, Optional.of(new ClassifierFree(1)), Y, execution), "weight 1 is y's own");
                    assertArrayEquals(
                            plain,
                            rows(here, Optional.of(new ClassifierFree(2, 1e5, 1e6)), Y, execution),
                            "no step is in the interval");
                    float[] free = rows(here, none, Y, execution);
                    assertArrayEquals(free, rows(here, none, -3, execution), "weight 0 hears no condition");
                    assertFalse(Arrays.equals(free, plain));
                }
                assertEquals(
                        16,
                        here.sampler(MethodSpec.parse("sscs:midpoint@4,quadratic"))
                                .steer(twice.get())
                                .explain()
                                .evaluations());
            }
        }
    }

    /** 6,000 rows leave a seventieth of a deviation, the network the rest. */
    private static void assertLaw(double[] exact, float[] rows, double tolerance, String what) {
        double mean = 0;
        double square = 0;
        for (float x : rows) {
            mean += x / rows.length;
        }
        for (float x : rows) {
            square += (x - mean) * (x - mean) / rows.length;
        }
        double deviation = Math.sqrt(exact[2]);
        assertEquals(exact[0], mean, deviation * tolerance, what + " mean");
        assertEquals(1, Math.sqrt(square) / deviation, tolerance, what + " deviation");
    }

    @Test
    void aTrainedNetworkComesToTheSameLaws() {
        Dataset data = pairs(20_000);
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(CLD, Mlp.of(32, 2), data, 1, device)) {
            model.train(
                    data,
                    TrainSpec.steps(2500)
                            .withBatch(256)
                            .withPrecision(Precision.F32)
                            .withAverage(0.99)
                            .withConditioning(Conditioning.dropped(0.2)));
            assertEquals(
                    List.of("y"),
                    model.conditions().stream().map(Dataset.Port::name).toList());
            for (double weight : new double[] {0, 1, 2}) {
                float[] rows = model.sampler(MethodSpec.parse("sscs:midpoint@100,quadratic"))
                        .steer(new ClassifierFree(weight))
                        .given("y", new float[] {(float) Y}, 1)
                        .sample(6000, 3)
                        .rows();
                double[] exact = limit(new ClassifierFree(weight));
                // a twelfth of a deviation of each law; guided, twice the one's error and once the other's
                double error = weight == 2 ? (2 * S + 1) / Math.sqrt(exact[2]) : 1;
                assertLaw(exact, rows, error / 12, "weight " + weight);
            }
        }
    }

    @Test
    void whatHasNoScoreOfWholeRowsIsRefused() {
        Dataset undropped = Dataset.of(new float[] {1, 2, 3, 4}, "x", "y").given("y", "y");
        try (Device device = Device.open("cpu:1");
                ScoreModel model = ScoreModel.create(CLD, Mlp.of(8, 1), undropped, 1, device)) {
            Sampler sampler = model.sampler(MethodSpec.parse("em@3")).given("y", new float[] {1}, 1);
            says(
                    "trained with dropped conditions",
                    () -> sampler.steer(new ClassifierFree(2)).sample(1, 1));
            Observation seen = new Observation("seen", LinearOperator.matrix(new double[][] {{1}}), 0.1);
            for (Guide guide : List.of(new DiffusionPosterior(seen), ClassifierGuidance.of(model.network(), 1))) {
                says("steer the score of whole rows", () -> sampler.steer(guide).sample(1, 1));
            }
            says(
                    "conditions without noise",
                    () -> model.train(
                            undropped, TrainSpec.steps(1).withConditioning(Conditioning.parseNoise("ve:0.01,0.5"))));
            says(
                    "Dataset.droppable()",
                    () -> model.train(undropped, TrainSpec.steps(1).withConditioning(Conditioning.dropped(0.1))));
        }
    }

    private static void says(String words, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(words), message);
    }
}
