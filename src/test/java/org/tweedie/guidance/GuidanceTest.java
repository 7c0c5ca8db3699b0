package org.tweedie.guidance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.Sampler;
import org.tweedie.Samples;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.inverse.DiffusionPosterior;
import org.tweedie.inverse.ExactPosterior;
import org.tweedie.inverse.LinearOperator;
import org.tweedie.inverse.Observation;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.GaussianMixtureDensity;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Gradient;
import org.tweedie.score.Guide;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.FinalDenoising;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;

/** Guidance by likelihoods and by the score without conditions: closed forms, the reference in double, and what cannot be. */
class GuidanceTest {
    private static final Sde VP = new VpSde().on(Space.euclidean(2));
    private static final double[] ONES = {1, 1};

    /** Two classes of two components. */
    private static final GaussianMixture ALL = new GaussianMixture(
            new double[] {0.2, 0.3, 0.5}, new double[][] {{-1, 0.5}, {0.4, 1}, {0.8, -0.7}}, new double[][][] {
                {{0.3, 0}, {0, 0.2}}, {{0.2, 0}, {0, 0.4}}, {{0.25, 0}, {0, 0.3}}
            });

    private static final GaussianMixture CLASS =
            new GaussianMixture(new double[] {0.4, 0.6}, new double[][] {{-1, 0.5}, {0.4, 1}}, new double[][][] {
                {{0.3, 0}, {0, 0.2}}, {{0.2, 0}, {0, 0.4}}
            });

    private static Guide.Target target() {
        return new Guide.Target(VP, new double[2], ONES, () -> new GaussianMixtureScore(CLASS, VP));
    }

    private static final GaussianMixture GAUSSIAN =
            GaussianMixture.gaussian(new double[] {0.3, -0.5}, new double[][] {{1, 0.6}, {0.6, 0.8}});

    private static final LinearOperator SEEN = LinearOperator.matrix(new double[][] {{1, -0.4}});
    private static final double[] Y = {1.1};
    private static final double NOISE = 0.5;

    /** grad_x ln p(y | x_t) of Gaussian data: the score given y less that without. */
    private static AffineField likelihood() {
        AffineField with = ExactPosterior.of(GAUSSIAN, SEEN, NOISE, Y).affineScore(VP);
        AffineField without = GAUSSIAN.affineScore(VP);
        return t -> {
            AffineField.Affine a = with.at(t);
            AffineField.Affine b = without.at(t);
            double[][] matrix = new double[2][2];
            double[] offset = new double[2];
            for (int i = 0; i < 2; i++) {
                offset[i] = a.offset()[i] - b.offset()[i];
                for (int j = 0; j < 2; j++) {
                    matrix[i][j] = a.matrix()[i][j] - b.matrix()[i][j];
                }
            }
            return new AffineField.Affine(matrix, offset);
        };
    }

    private static Moments guided(double weight, int steps) {
        Field likelihood = new GaussianMixtureScore(ALL, VP); // stands for the affine field; its ports are the same
        Plan plan = ClassifierGuidance.of(likelihood, weight)
                .on(target())
                .steer(new FinalDenoising(VP).steer(new Ddim(1).plan(VP, TimeGrid.uniformLogSnr(VP, steps))));
        return MomentOracle.after(
                plan, Map.of(Sde.SCORE, GAUSSIAN.affineScore(VP), ClassifierGuidance.NAME, likelihood()));
    }

    /** Weight 1 samples p(x | y), weight 0 p(x): mean and covariance, by order 1. */
    @Test
    void theExactLikelihoodSamplesThePosterior() {
        for (double weight : new double[] {0, 1}) {
            GaussianMixture exact = weight == 0 ? GAUSSIAN : ExactPosterior.of(GAUSSIAN, SEEN, NOISE, Y);
            double[] errors = new double[2];
            for (int k = 0; k < 2; k++) {
                Moments moments = guided(weight, k == 0 ? 400 : 1600);
                for (int i = 0; i < 2; i++) {
                    assertEquals(exact.mean()[i], moments.mean(0)[i], 1e-4);
                    for (int j = 0; j < 2; j++) {
                        errors[k] =
                                Math.max(errors[k], Math.abs(moments.covariance(0)[i][j] - exact.covariance(0)[i][j]));
                    }
                }
            }
            assertTrue(errors[1] < 0.007, "weight " + weight + ": " + errors[1]);
            assertEquals(1, Math.log(errors[0] / errors[1]) / Math.log(4), 0.15, "order");
        }
    }

    /**
     * At the end of time the guided score is that of p(x) p(y | x)^w, a Gaussian of precision S^-1 + w A'A/noise^2; but the rows that are
     * sampled on the way there are not of that law: for w = 3 their variance along what is seen is 0.67 of it.
     */
    @Test
    void ofOtherWeightsTheScoreIsExactAtDataAndTheLawIsNot() {
        double w = 3;
        double t = 1e-7;
        double[] x = {0.2, 0.9};
        double[] score = new double[2];
        double[] more = new double[2];
        GAUSSIAN.affineScore(VP).evaluate(new double[][] {x}, t, new double[][] {score});
        likelihood().evaluate(new double[][] {x}, t, new double[][] {more});
        // p(x) p(y | x)^w is the posterior of a noise of variance noise^2/w
        GaussianMixture tempered = ExactPosterior.of(GAUSSIAN, SEEN, NOISE / Math.sqrt(w), Y);
        double[] expected = tempered.score(VP, x, t);
        for (int i = 0; i < 2; i++) {
            assertEquals(expected[i], score[i] + w * more[i], 1e-4 * (1 + Math.abs(expected[i])));
        }
        Moments moments = guided(w, 1600);
        double sampled = variance(moments.covariance(0));
        double wanted = variance(tempered.covariance(0));
        assertEquals(0.669, sampled / wanted, 0.005, "what is sampled is narrower");
    }

    /** Of A x. */
    private static double variance(double[][] s) {
        return s[0][0] - 0.8 * s[0][1] + 0.16 * s[1][1];
    }

    /** The guided score is grad ln p_t(x) (p_t(x | y)/p_t(x))^w, by central differences, at three noise levels. */
    @Test
    void theSumOfScoresIsThatOfTheRatio() {
        double w = 2.5;
        Plan plan = new ClassifierFree(w)
                .on(target())
                .steer(new Ddim(0).plan(VP, TimeGrid.uniform(VP, 3)).traced("x"));
        Map<String, RowField> fields = Map.of(Sde.SCORE, CLASS.score(VP), ClassifierFree.UNCONDITIONAL, ALL.score(VP));
        double h = 1e-5;
        for (double t : new double[] {0.1, 0.4, 0.9}) {
            GaussianMixture one = CLASS.at(VP, t);
            GaussianMixture all = ALL.at(VP, t);
            double[] x = {0.3, -0.2};
            double[] a = new double[2];
            double[] b = new double[2];
            fields.get(Sde.SCORE).evaluate(new double[][] {x}, t, new double[][] {a});
            fields.get(ClassifierFree.UNCONDITIONAL).evaluate(new double[][] {x}, t, new double[][] {b});
            for (int i = 0; i < 2; i++) {
                double[] up = x.clone();
                double[] down = x.clone();
                up[i] += h;
                down[i] -= h;
                double slope = (ratio(one, all, w, up) - ratio(one, all, w, down)) / (2 * h);
                assertEquals(slope, w * a[i] + (1 - w) * b[i], 1e-7);
            }
        }
        assertEquals(6, plan.evaluations(), "two a step");
    }

    private static double ratio(GaussianMixture one, GaussianMixture all, double w, double[] x) {
        return w * one.logDensity(x) + (1 - w) * all.logDensity(x);
    }

    private static Samples free(Device device, ClassifierFree guide, String method, String execution) {
        MethodSpec spec = MethodSpec.parse(method);
        return Sampler.of(device, VP, new GaussianMixtureScore(CLASS, VP), spec.method())
                .grid(spec.grid(VP))
                .steer(guide.with(new GaussianMixtureScore(ALL, VP)))
                .execution(execution)
                .sample(33, 4);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyExecutionGivesTheRowsOfTheReference(Device device) {
        for (ClassifierFree guide : List.of(new ClassifierFree(2), new ClassifierFree(3, 0.2, 2))) {
            for (String method : List.of("ddim:1@30", "heun@12")) {
                float[] rows = free(device, guide, method, "stepwise").rows();
                assertArrayEquals(rows, free(device, guide, method, "graph").rows());
                assertArrayEquals(rows, free(device, guide, method, "fused").rows(), 2e-4f, "fused");
                Plan plan = guide.on(target()).steer(MethodSpec.parse(method).plan(VP));
                Interpreter reference = Interpreter.of(
                        plan, Map.of(Sde.SCORE, CLASS.score(VP), ClassifierFree.UNCONDITIONAL, ALL.score(VP)));
                for (int i = 0; i < 33; i++) {
                    double[] expected = reference.row(4, i).outputs()[0];
                    assertEquals(expected[0], rows[2 * i], 2e-3);
                    assertEquals(expected[1], rows[2 * i + 1], 2e-3);
                }
            }
        }
        float[] alone =
                free(device, new ClassifierFree(1), "ddim:0@9", "stepwise").rows();
        Samples plain = Sampler.of(device, VP, new GaussianMixtureScore(CLASS, VP), new Ddim(0))
                .steps(9)
                .execution("stepwise")
                .sample(33, 4);
        assertArrayEquals(plain.rows(), alone, "weight 1 is the class, to the bit");
        // at times of their own, against many steps of the same flow, the interval ending where nothing jumps
        float[] own =
                free(device, new ClassifierFree(2), "rk45:1e-5@200", "stepwise").rows();
        float[] many =
                free(device, new ClassifierFree(2), "heun@200", "stepwise").rows();
        assertArrayEquals(many, own, 5e-3f);
        float[] part = free(device, new ClassifierFree(2, 0.3, 3), "rk45:1e-4@400", "stepwise")
                .rows();
        float[] steps = free(device, new ClassifierFree(2, 0.3, 3), "heun@400", "stepwise")
                .rows();
        assertArrayEquals(steps, part, 0.05f);
        TimeGrid grid = TimeGrid.uniform(VP, 30);
        long within = IntStream.range(0, 30).filter(i -> grid.t(i) <= 0.05).count();
        assertEquals(
                30 + within,
                new ClassifierFree(2, 0, VP.noiseToSignal(0.05))
                        .on(target())
                        .steer(new Ddim(0).plan(VP, grid))
                        .evaluations(),
                "outside the interval a step costs one evaluation");
    }

    /** ln p(y | x_t) as a network of (x, y; t) with one output: its gradient is that of differences, and it steers on every execution. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anyDifferentiableLogLikelihoodSteers(Device device) {
        Signature signature = new Signature(
                List.of(new Signature.Port("x", VP.space()), new Signature.Port("label", Space.euclidean(1))),
                List.of(new Signature.Port("logLikelihood", Space.euclidean(1))));
        Network network = Architecture.parse("mlp:16x2").create(signature, Prediction.NOISE, 5, device);
        float[] weights = new float[(int) network.parameters().count()];
        int rows = 7;
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer memory = device.allocate(Element.F32, 6L * rows);
                DeviceBuffer values = network.parameters().values()) {
            stream.download(values, 0, weights, 0, weights.length);
            for (int i = 0; i < weights.length; i++) {
                weights[i] += (float) (0.4 * Math.sin(1 + i));
            }
            stream.upload(weights, 0, values, 0, weights.length);
            set.assign(stream, 0, 0, rows);
            float[] x = new float[2 * rows];
            float[] label = new float[rows];
            for (int i = 0; i < rows; i++) {
                x[2 * i] = (float) Math.sin(i);
                x[2 * i + 1] = (float) Math.cos(2 * i);
                label[i] = i % 2;
            }
            float[] gradient = new float[2 * rows];
            try (Evaluator evaluator = new Gradient(network).open(device, rows)) {
                value(stream, set, evaluator, memory, x, label);
                stream.download(memory, 3L * rows, gradient, 0, 2 * rows);
                for (int d = 0; d < 2; d++) {
                    float[] up = x.clone();
                    float[] down = x.clone();
                    for (int i = 0; i < rows; i++) {
                        up[2 * i + d] += 0.01f;
                        down[2 * i + d] -= 0.01f;
                    }
                    float[] above = value(stream, set, evaluator, memory, up, label);
                    float[] below = value(stream, set, evaluator, memory, down, label);
                    for (int i = 0; i < rows; i++) {
                        assertEquals((above[i] - below[i]) / 0.02, gradient[2 * i + d], 3e-3);
                    }
                }
            }
            Sampler sampler = Sampler.of(device, VP, new GaussianMixtureScore(ALL, VP), new Ddim(1))
                    .steps(9)
                    .steer(ClassifierGuidance.ofLogLikelihood(network, 2))
                    .given("label", new float[] {1}, 1);
            float[] one = sampler.execution("stepwise").sample(33, 1).rows();
            assertArrayEquals(one, sampler.execution("graph").sample(33, 1).rows());
            if (device.kind() == DeviceKind.HOST) {
                assertArrayEquals(one, sampler.execution("fused").sample(33, 1).rows());
            }
            float[] other = sampler.given("label", new float[] {0}, 1)
                    .execution("stepwise")
                    .sample(33, 1)
                    .rows();
            assertTrue(Math.abs(one[0] - other[0]) > 1e-3, "the label is heard");
        }
    }

    /** ln p at x, and its gradient behind it in memory. */
    private static float[] value(
            Stream stream, RowSet set, Evaluator evaluator, DeviceBuffer memory, float[] x, float[] label) {
        int rows = label.length;
        stream.upload(x, 0, memory, 0, 2 * rows);
        stream.upload(label, 0, memory, 2L * rows, rows);
        View at = View.rows(memory, 2);
        View gradient = new View(memory, 3L * rows, 2, 2);
        View value = new View(memory, 5L * rows, 1, 1);
        evaluator.evaluate(
                stream, set, List.of(at, new View(memory, 2L * rows, 1, 1)), Instant.at(0.5), List.of(gradient, value));
        float[] out = new float[rows];
        stream.download(memory, 5L * rows, out, 0, rows);
        return out;
    }

    /** A likelihood of clean rows that is linear and Gaussian is what dps follows, to the bit. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aFormulaOfCleanRowsIsWhatDpsFollows(Device device) {
        // snippet: clean
        FormulaWriter f = Formula.writer("near a line");
        Value x = f.input(2);
        Value y = f.input(1);
        Value rest = y.minus(x.at(0).minus(x.at(1).times(0.5)));
        Formula gradient = f.output(f.joined(rest, rest.times(-0.5))).formula();
        CleanLikelihood near = new CleanLikelihood(gradient, List.of("y"), 1 / (0.5 * 0.5));
        // end
        Sampler sampler = Sampler.of(device, VP, new GaussianMixtureScore(ALL, VP), new Ddim(1))
                .steps(30);
        float[] own = sampler.steer(near)
                .given("y", new float[] {0.7f}, 1)
                .execution("stepwise")
                .sample(20, 1)
                .rows();
        LinearOperator line = LinearOperator.matrix(new double[][] {{1, -0.5}});
        float[] dps = sampler.steer(new DiffusionPosterior(Observation.of(line, 0.5)))
                .given(Observation.NAME, new float[] {0.7f}, 1)
                .execution("stepwise")
                .sample(20, 1)
                .rows();
        assertArrayEquals(dps, own, 1e-4f);
    }

    @Test
    void whatCannotBeIsSaid() {
        says("weight of guidance must be finite, got NaN", () -> new ClassifierFree(Double.NaN));
        says("got 2.0 to 1.0", () -> new ClassifierFree(1, 2, 1));
        says("'1,2' has 2 numbers", () -> ClassifierFree.parse("1,2"));
        says("'x' in 'x' is not a number", () -> ClassifierFree.parse("x"));
        assertEquals("cfg:2.5", ClassifierFree.parse("2.5").spec());
        assertEquals("cfg:2,0.1,5", ClassifierFree.parse("2,0.1,5").spec());
        says("must be finite", () -> ClassifierGuidance.of(new GaussianMixtureScore(ALL, VP), Double.NaN));
        says("a name of its own", () -> new ClassifierGuidance("score", new GaussianMixtureScore(ALL, VP), 1));
        says("an input and one number for its output", () -> new Gradient(new GaussianMixtureScore(ALL, VP)));
        Sde wide = VP.on(Space.euclidean(3));
        says(
                "a likelihood of rows of 3 numbers",
                () -> ClassifierGuidance.of(new GaussianMixtureScore(ALL, VP), 1)
                        .on(new Guide.Target(wide, new double[3], new double[] {1, 1, 1}, () -> {
                            throw new AssertionError();
                        })));
        says(
                "as many shifts and scales",
                () -> new Guide.Target(wide, new double[2], ONES, () -> {
                    throw new AssertionError();
                }));
        FormulaWriter f = Formula.writer("own");
        Formula own = f.output(f.input(2)).formula();
        says("a register for each of [y], got 1 inputs", () -> new CleanLikelihood(own, List.of("y"), 1));
        says("must be finite", () -> new CleanLikelihood(own, List.of(), Double.POSITIVE_INFINITY));
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), 2, 1, device)) {
            says(
                    "trained with dropped conditions",
                    () -> model.sampler(new Ddim(0))
                            .steps(2)
                            .steer(new ClassifierFree(2))
                            .sample(1, 1));
            says(
                    "evaluates field 'score.unconditional'",
                    () -> Sampler.of(device, VP, new GaussianMixtureDensity(ALL, VP), new Ddim(0))
                            .steps(2)
                            .steer(new ClassifierFree(2))
                            .sample(1, 1));
        }
    }

    private static void says(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
