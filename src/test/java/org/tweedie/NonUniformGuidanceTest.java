package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.execution.Precision;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.guidance.ClassifierGuidance;
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
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.NonUniformSde;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * Classifier-free guidance of blocks of their own speed, on x1 = 0.7 y + 0.5 z1, x2 = 0.5 x1 - 0.4 y + 0.6 z2: the scores of each interval are affine, and
 * mean and covariance of what is sampled obey linear equations, which the test solves apart from the samplers.
 */
class NonUniformGuidanceTest {
    /** x2 lives to 1, x1 to 0.5. */
    private static final NonUniformSde PROCESS =
            NonUniformSde.parse("nonuniform:1*vp-logsnr:10,-10,0.5/1*vp-logsnr:10,-10,1");

    private static final double Y = 1.5;
    private static final double[] BY_Y = {0.7, -0.05};
    private static final double[][] GIVEN = {{0.25, 0.125}, {0.125, 0.4225}};
    private static final double[][] WHOLE = {{0.74, 0.09}, {0.09, 0.425}};
    private static final List<Signature.Port> PORTS = List.of(new Signature.Port("y", Space.euclidean(1)));

    private static Sde block(int b) {
        return PROCESS.blocks().get(b).sde();
    }

    /** [what lives][what lives, then y]: the score of N(A by y, A C A + S^2). */
    private static double[][] score(int interval, double t, double[][] covariance, double[] by) {
        int first = interval == 0 ? 0 : 1;
        double[] a = {block(0).alpha(t), block(1).alpha(t)};
        double[] s = {block(0).sigma(t), block(1).sigma(t)};
        double c11 = a[1] * a[1] * covariance[1][1] + s[1] * s[1];
        if (first == 1) {
            return new double[][] {{-1 / c11, a[1] * by[1] / c11}};
        }
        double c00 = a[0] * a[0] * covariance[0][0] + s[0] * s[0];
        double c01 = a[0] * a[1] * covariance[0][1];
        double det = c00 * c11 - c01 * c01;
        double[][] g = {{-c11 / det, c01 / det, 0}, {c01 / det, -c00 / det, 0}};
        for (double[] row : g) {
            row[2] = -row[0] * a[0] * by[0] - row[1] * a[1] * by[1];
        }
        return g;
    }

    private static Map<String, AffineField> scores() {
        Map<String, AffineField> fields = new HashMap<>();
        for (int i = 0; i < 2; i++) {
            int interval = i;
            int alive = 2 - i;
            fields.put(
                    PROCESS.field(i), t -> new AffineField.Affine(score(interval, t, GIVEN, BY_Y), new double[alive]));
            fields.put(ClassifierFree.unconditional(PROCESS.field(i)), t -> {
                double[][] with = score(interval, t, WHOLE, new double[2]);
                double[][] matrix = Arrays.stream(with)
                        .map(row -> Arrays.copyOf(row, alive))
                        .toArray(double[][]::new);
                return new AffineField.Affine(matrix, new double[alive]);
            });
        }
        return fields;
    }

    private static Plan plan(ClassifierFree guide, String method) {
        Guide.Target target = new Guide.Target(PROCESS, new double[2], new double[] {1, 1}, () -> {
            throw new AssertionError();
        });
        Plan plan = guide.on(target).steer(MethodSpec.parse(method).plan(PROCESS));
        for (String score : PROCESS.scores()) {
            plan = ModelConditions.clean(score, PORTS).steer(plan);
        }
        return plan;
    }

    /** Mean, then covariance 11, 12, 22. */
    private static double[] sampled(ClassifierFree guide, String method) {
        Plan plan = plan(guide, method);
        Moments given = new Moments(
                List.of(new Register("given", Space.euclidean(1), true)), new double[] {Y}, new double[1][1]);
        Moments law = MomentOracle.after(plan, scores(), Map.of("y", given));
        int x = plan.register("x");
        double[][] c = law.covariance(x);
        return new double[] {law.mean(x)[0], law.mean(x)[1], c[0][0], c[0][1], c[1][1]};
    }

    /** The same in the limit of small steps, of the reverse SDE (share 1) or the flow (1/2), by Runge and Kutta; x1 joins at 0.5 as N(0, 1). */
    private static double[] limit(ClassifierFree guide, double share) {
        double[] state = {0, 0, 1, 0, 1};
        for (int interval = 1; interval >= 0; interval--) {
            int steps = 8000;
            double from = PROCESS.end(interval);
            double h = (from - PROCESS.start(interval)) / steps;
            for (int i = 0; i < steps; i++) {
                double t = from - i * h;
                double[] a = slope(guide, share, interval, t, state);
                double[] b = slope(guide, share, interval, t - 0.5 * h, along(state, 0.5 * h, a));
                double[] c = slope(guide, share, interval, t - 0.5 * h, along(state, 0.5 * h, b));
                double[] d = slope(guide, share, interval, t - h, along(state, h, c));
                for (int k = 0; k < state.length; k++) {
                    state[k] += h / 6 * (a[k] + 2 * b[k] + 2 * c[k] + d[k]);
                }
            }
        }
        return state;
    }

    private static double[] along(double[] state, double h, double[] slope) {
        double[] moved = state.clone();
        for (int k = 0; k < moved.length; k++) {
            moved[k] += h * slope[k];
        }
        return moved;
    }

    /** dx_b = (-f_b x_b + share g_b^2 score_b) dtau + g_b dW, without noise for the flow; x1 rests while it does not live. */
    private static double[] slope(ClassifierFree guide, double share, int interval, double t, double[] u) {
        double[][] m = new double[2][2];
        double[] c = new double[2];
        double[] noise = new double[2];
        double[][] one = score(interval, t, GIVEN, BY_Y);
        double[][] all = score(interval, t, WHOLE, new double[2]);
        for (int b = interval; b < 2; b++) {
            double n = block(b).noiseToSignal(t);
            double w = n >= guide.low() && n <= guide.high() ? guide.weight() : 1;
            double g = block(b).diffusion(t) * block(b).diffusion(t);
            for (int d = interval; d < 2; d++) {
                double mixed = w * one[b - interval][d - interval] + (1 - w) * all[b - interval][d - interval];
                m[b][d] = share * g * mixed - (b == d ? block(b).drift(t) : 0);
            }
            c[b] = share * g * w * one[b - interval][2 - interval] * Y;
            noise[b] = share == 1 ? g : 0;
        }
        return new double[] {
            m[0][0] * u[0] + m[0][1] * u[1] + c[0],
            m[1][0] * u[0] + m[1][1] * u[1] + c[1],
            2 * (m[0][0] * u[2] + m[0][1] * u[3]) + noise[0],
            m[0][0] * u[3] + m[0][1] * u[4] + m[1][0] * u[2] + m[1][1] * u[3],
            2 * (m[1][0] * u[3] + m[1][1] * u[4]) + noise[1]
        };
    }

    private static double apart(double[] a, double[] b) {
        double most = 0;
        for (int k = 0; k < a.length; k++) {
            most = Math.max(most, Math.abs(a[k] - b[k]));
        }
        return most;
    }

    @ParameterizedTest
    @CsvSource({"0, heun, 2", "1, heun, 2", "2.5, heun, 2", "2.5, em, 1", "-0.5, dpm2m, 2"})
    void samplersComeToTheGuidedLawAtTheirOrder(double weight, String method, double order) {
        ClassifierFree guide = new ClassifierFree(weight);
        double[] exact = limit(guide, method.equals("em") ? 1 : 0.5);
        double coarse = apart(sampled(guide, method + "@400,logsnr"), exact);
        double fine = apart(sampled(guide, method + "@800,logsnr"), exact);
        assertEquals(order, Math.log(coarse / fine) / Math.log(2), 0.35, method + ": " + coarse + " and " + fine);
        assertTrue(fine < 0.05, method + ": " + fine);
    }

    /** Weight 1 is p(x | y), 0 is p(x), but for what is left of a block at its end: 0.7 % of it. */
    @Test
    void weightsOneAndNoneAreBothLaws() {
        for (double share : new double[] {0.5, 1}) {
            double[] none = limit(new ClassifierFree(0), share);
            assertEquals(0, apart(none, new double[] {0, 0, 0.74, 0.09, 0.425}), 0.02);
            double[] one = limit(new ClassifierFree(1), share);
            assertEquals(0, apart(one, new double[] {0.7 * Y, -0.05 * Y, 0.25, 0.125, 0.4225}), 0.02);
            assertTrue(limit(new ClassifierFree(2), share)[0] > 1.2 * 0.7 * Y, "above 1 the condition is exaggerated");
        }
    }

    /** Each block by its own noise: where one alone is in the interval, its score alone is guided. */
    @Test
    void intervalsAreOfEachBlocksOwnNoise() {
        ClassifierFree guide = new ClassifierFree(3, 0.5, 1.5);
        assertEquals(0, apart(sampled(guide, "heun@1600,logsnr"), limit(guide, 0.5)), 0.02);
        assertTrue(apart(limit(guide, 0.5), limit(new ClassifierFree(3), 0.5)) > 0.1, "the interval matters");
        Plan plan = plan(guide, "em@200,logsnr");
        double[] times = MethodSpec.parse("em@200,logsnr").grid(PROCESS).times();
        int wanted = 0;
        for (int i = 0; i < 200; i++) {
            boolean any = false;
            for (int b = 0; b < 2; b++) {
                double n = times[i] > block(b).horizon() ? 0 : block(b).noiseToSignal(times[i]);
                any |= n >= 0.5 && n <= 1.5;
            }
            wanted += any ? 2 : 1;
        }
        assertEquals(wanted, plan.evaluations());
        assertTrue(wanted > 220 && wanted < 300, "" + wanted);
    }

    private static Dataset data(int rows) {
        float[] values = new float[3 * rows];
        for (int i = 0; i < rows; i++) {
            double[] z = {
                Philox.words(11, i, Purpose.DATA, 0).normal(0),
                Philox.words(11, i, Purpose.DATA, 0).normal(1),
                Philox.words(11, i, Purpose.DATA, 0).normal(2)
            };
            double x = 0.7 * z[2] + 0.5 * z[0];
            values[3 * i] = (float) x;
            values[3 * i + 1] = (float) (0.5 * x - 0.4 * z[2] + 0.6 * z[1]);
            values[3 * i + 2] = (float) z[2];
        }
        return Dataset.of(values, "a", "b", "y").given("y", "y").droppable();
    }

    private static final TrainSpec SPEC = TrainSpec.steps(2500)
            .withBatch(256)
            .withPrecision(Precision.F32)
            .withAverage(0.99)
            .withWeighting(Weighting.LIKELIHOOD, TimeSampling.IMPORTANCE, true);

    private static float[] rows(NonUniformModel model, Optional<Guide> guide, double y, String execution) {
        Sampler sampler = model.sampler(MethodSpec.parse("heun@4"))
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
        Dataset data = data(64);
        TrainSpec spec = SPEC.withSteps(4).withBatch(33);
        for (String process : List.of(PROCESS.spec(), "haar:1,1x2", "nonuniform:1*vp:0.1,8/1*vp", "nonuniform:2*vp")) {
            try (Device host = Device.open("cpu:1");
                    NonUniformModel there = NonUniformModel.create(process, Mlp.of(8, 2), data, 1, host);
                    NonUniformModel here = NonUniformModel.create(process, Mlp.of(8, 2), data, 1, device);
                    NonUniformModel clean = NonUniformModel.create(process, Mlp.of(8, 2), data, 1, host)) {
                there.train(data, spec.withConditioning(Conditioning.dropped(0.3)));
                here.train(data, spec.withConditioning(Conditioning.dropped(0.3)));
                clean.train(data, spec);
                for (int i = 0; i < there.networks().size(); i++) {
                    assertArrayEquals(there.weights(i), here.weights(i));
                    assertFalse(Arrays.equals(there.weights(i), clean.weights(i)), "conditions are dropped");
                }
                Optional<Guide> twice = Optional.of(new ClassifierFree(2));
                Optional<Guide> none = Optional.of(new ClassifierFree(0));
                float[] expected = rows(there, twice, Y, "stepwise");
                for (String execution : executions(device)) {
                    assertArrayEquals(expected, rows(here, twice, Y, execution), process + " by " + execution);
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
            }
        }
    }

    @Test
    void trainedNetworksComeToTheSameLaws() {
        Dataset data = data(20_000);
        try (Device device = Device.open("cpu");
                NonUniformModel model = NonUniformModel.create(PROCESS, Mlp.of(32, 2), data, 1, device)) {
            model.train(data, SPEC.withConditioning(Conditioning.dropped(0.2)));
            assertEquals(
                    List.of("y"),
                    model.conditions().stream().map(Dataset.Port::name).toList());
            for (double weight : new double[] {0, 1, 2}) {
                float[] rows = model.sampler(MethodSpec.parse("heun@100"))
                        .steer(new ClassifierFree(weight))
                        .given("y", new float[] {(float) Y}, 1)
                        .sample(6000, 3)
                        .rows();
                double[] exact = limit(new ClassifierFree(weight), 0.5);
                double[] made = moments(rows);
                double tolerance = (weight == 2 ? 3.0 : 1.0) / 10; // 6,000 rows leave a fiftieth, the networks the rest
                for (int b = 0; b < 2; b++) {
                    double deviation = Math.sqrt(exact[2 + 2 * b]);
                    String what = "weight " + weight + " block " + b;
                    assertEquals(exact[b], made[b], deviation * tolerance, what + " mean");
                    assertEquals(1, Math.sqrt(made[2 + 2 * b]) / deviation, tolerance, what + " deviation");
                }
                assertEquals(exact[3], made[3], Math.sqrt(exact[2] * exact[4]) * tolerance, "covariance " + weight);
            }
        }
    }

    private static double[] moments(float[] rows) {
        int n = rows.length / 2;
        double[] made = new double[5];
        for (int i = 0; i < rows.length; i++) {
            made[i % 2] += rows[i] / (double) n;
        }
        for (int i = 0; i < n; i++) {
            double a = rows[2 * i] - made[0];
            double b = rows[2 * i + 1] - made[1];
            made[2] += a * a / n;
            made[3] += a * b / n;
            made[4] += b * b / n;
        }
        return made;
    }

    @Test
    void whatHasNoScoreOfWholeRowsIsRefused() {
        Dataset undropped =
                Dataset.of(new float[] {1, 2, 3, 4, 5, 6}, "a", "b", "y").given("y", "y");
        try (Device device = Device.open("cpu:1");
                NonUniformModel model = NonUniformModel.create(PROCESS, Mlp.of(8, 1), undropped, 1, device)) {
            Sampler sampler = model.sampler(MethodSpec.parse("em@4")).given("y", new float[] {1}, 1);
            says(
                    "trained with dropped conditions",
                    () -> sampler.steer(new ClassifierFree(2)).sample(1, 1));
            says(
                    "a score for each of 2 parts",
                    () -> sampler.steer(
                                    new ClassifierFree(2).with(model.networks().get(0)))
                            .sample(1, 1));
            says(
                    "steer the score of whole rows",
                    () -> sampler.steer(ClassifierGuidance.of(model.networks().get(0), 1))
                            .sample(1, 1));
            says(
                    "or dropped, not noised",
                    () -> model.train(undropped, SPEC.withConditioning(Conditioning.parseNoise("ve:0.01,0.5"))));
            says("Dataset.droppable()", () -> model.train(undropped, SPEC.withConditioning(Conditioning.dropped(0.1))));
        }
    }

    private static void says(String words, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(words), message);
    }
}
