package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Guide;
import org.tweedie.score.Mlp;
import org.tweedie.score.Signature;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.FinalDenoising;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.Gradient;
import org.tweedie.train.ShrinkingNoise;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;

/**
 * Conditional estimators and dropped conditions on x = b y + s z, y and z standard normal: with the optimal score, which is affine, the laws of the
 * samplers are exact; networks that are trained come to the same.
 */
class ConditionalEstimatorsTest {
    private static final double B = 0.8;
    private static final double S = 0.6;
    private static final double Y = 1.5;
    private static final Sde VP = new VpSde().on(Space.euclidean(1));
    private static final List<Signature.Port> PORTS = List.of(new Signature.Port("y", Space.euclidean(1)));

    @TempDir
    Path folder;

    /** grad_x ln p(x_t | y_t), of the pair of Gaussians with noise of their own. */
    private static AffineField score(Optional<Sde> noise) {
        return t -> {
            double alpha = VP.alpha(t);
            double alphaY = noise.map(sde -> sde.alpha(t)).orElse(1.0);
            double sigmaY = noise.map(sde -> sde.sigma(t)).orElse(0.0);
            double varY = alphaY * alphaY + sigmaY * sigmaY;
            double cross = alpha * alphaY * B;
            double var = alpha * alpha + VP.sigma(t) * VP.sigma(t) - cross * cross / varY;
            return new AffineField.Affine(new double[][] {{-1 / var, cross / varY / var}}, new double[1]);
        };
    }

    /** grad_x ln p(x_t): x is standard normal. */
    private static AffineField alone() {
        return t -> new AffineField.Affine(
                new double[][] {{-1 / (VP.alpha(t) * VP.alpha(t) + VP.sigma(t) * VP.sigma(t))}}, new double[1]);
    }

    private static Moments law(Optional<Sde> noise, double guidance, int steps) {
        return law(noise, guidance, steps, false);
    }

    private static Moments law(Optional<Sde> noise, double guidance, int steps, boolean onePath) {
        Plan plan = new FinalDenoising(VP).steer(new Ddim(1).plan(VP, TimeGrid.uniformLogSnr(VP, steps)));
        Guide.Target target = new Guide.Target(VP, new double[1], new double[] {1}, () -> {
            throw new AssertionError();
        });
        plan = new ClassifierFree(guidance).on(target).steer(plan);
        plan = new ModelConditions(List.of(Sde.SCORE), PORTS, noise, onePath, false).steer(plan);
        Map<String, AffineField> fields = new HashMap<>();
        fields.put(Sde.SCORE, score(noise));
        fields.put(ClassifierFree.UNCONDITIONAL, alone());
        Moments given = new Moments(
                List.of(new Register("given", Space.euclidean(1), true)), new double[] {Y}, new double[1][1]);
        return MomentOracle.after(plan, fields, Map.of("y", given));
    }

    private static double off(Optional<Sde> noise) {
        return off(noise, false);
    }

    private static double off(Optional<Sde> noise, boolean onePath) {
        Moments law = law(noise, 1, 800, onePath);
        return Math.abs(law.mean(0)[0] - B * Y) / S + Math.abs(law.covariance(0)[0][0] / (S * S) - 1);
    }

    private static Optional<Sde> slow(double most) {
        return Optional.of(new VeSde(0.001, most, true, 1e-3, Space.euclidean(1)));
    }

    @Test
    void cleanConditionsAreExactAndNoiseIsPaidFor() {
        double clean = off(Optional.empty());
        double slower = off(slow(0.5));
        double slowest = off(slow(0.05));
        double same = off(Optional.of(VP));
        assertTrue(clean < 0.013, "CDE, but for the method's order 1: " + clean);
        assertTrue(clean < slower && slower < same, "CDE " + clean + " < CMDE " + slower + " < CDiffE " + same);
        assertEquals(clean, slowest, 1e-3, "without noise of the condition, CMDE is CDE");
        assertTrue(same > 0.1, "CDiffE is biased: " + same);
    }

    /** The mean is that of conditions drawn afresh; the variance is more, since the noise of one path does not average out. */
    @Test
    void alongOnePathNoiseIsPaidForToo() {
        double clean = off(Optional.empty());
        double slower = off(slow(0.5), true);
        double slowest = off(slow(0.05), true);
        double same = off(Optional.of(VP), true);
        assertTrue(clean < slower && slower < same, "CDE " + clean + " < CMDE " + slower + " < CDiffE " + same);
        assertEquals(clean, slowest, 1e-3, "without noise of the condition, CMDE is CDE");
        Moments fresh = law(Optional.of(VP), 1, 800);
        Moments path = law(Optional.of(VP), 1, 800, true);
        assertEquals(fresh.mean(0)[0], path.mean(0)[0], 1e-12);
        assertEquals(0.490, fresh.covariance(0)[0][0], 5e-4);
        assertEquals(0.534, path.covariance(0)[0][0], 5e-4);
    }

    private static Dataset pairs(int rows) {
        float[] values = new float[2 * rows];
        for (int i = 0; i < rows; i++) {
            Words words = Philox.words(11, i, Purpose.DATA, 0);
            values[2 * i + 1] = (float) words.normal(1);
            values[2 * i] = (float) (B * values[2 * i + 1] + S * words.normal(0));
        }
        return Dataset.of(values, "x", "y").given("y", "y");
    }

    private static final TrainSpec SPEC =
            TrainSpec.steps(2500).withBatch(256).withPrecision(Precision.F32).withAverage(0.99);

    private static Samples sample(ScoreModel model, double guidance) {
        return sampler(model, guidance).sample(6000, 3);
    }

    private static Sampler sampler(ScoreModel model, double guidance) {
        return model.sampler(new Ddim(1))
                .grid(TimeGrid.uniformLogSnr(model.sde(), 100))
                .steer(new FinalDenoising(model.process()))
                .steer(new ClassifierFree(guidance))
                .given("y", new float[] {(float) Y}, 1);
    }

    /** Within a twelfth of a deviation, what a small network leaves; 6,000 rows leave a seventieth. */
    private static void assertLaw(Moments exact, Samples samples, String what) {
        assertLaw(exact, samples, 1.0 / 12, what);
    }

    private static void assertLaw(Moments exact, Samples samples, double tolerance, String what) {
        double mean = 0;
        double square = 0;
        for (float x : samples.rows()) {
            mean += x / 6000;
        }
        for (float x : samples.rows()) {
            square += (x - mean) * (x - mean) / 6000;
        }
        double sd = Math.sqrt(exact.covariance(0)[0][0]);
        assertEquals(exact.mean(0)[0], mean, sd * tolerance, what + " mean");
        assertEquals(1, Math.sqrt(square) / sd, tolerance, what + " deviation");
    }

    @Test
    void trainedNetworksComeToTheSameLaws() throws IOException {
        Dataset pairs = pairs(20_000);
        try (Device device = Device.open("cpu")) {
            Dataset droppable = pairs.droppable();
            Path file = folder.resolve("dropped.safetensors");
            float[] rows;
            // snippet: dropped
            try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(32, 2), droppable, 1, device)) {
                model.train(droppable, SPEC.withConditioning(Conditioning.dropped(0.2)));
                Samples samples = model.sampler(new Ddim(1))
                        .steps(100)
                        .steer(new ClassifierFree(2))
                        .given("y", new float[] {1.5f}, 1)
                        .sample(1000, 3);
                // end
                assertEquals("ddim:1@100+cfg:2", samples.run().method());
                assertLaw(law(Optional.empty(), 1, 100), sample(model, 1), "conditional");
                assertLaw(law(Optional.empty(), 0, 100), sample(model, 0), "unconditional");
                assertLaw(
                        law(Optional.empty(), 2, 100),
                        sample(model, 2),
                        3.0 / 12,
                        "guided: twice one error, once the other");
                model.save(file);
                rows = samples.rows();
            }
            try (ScoreModel model = ScoreModel.load(file, device)) {
                assertEquals(
                        List.of("y"),
                        model.conditions().stream().map(Dataset.Port::name).toList());
                Samples again = model.sampler(new Ddim(1))
                        .steps(100)
                        .steer(new ClassifierFree(2))
                        .given("y", new float[] {1.5f}, 1)
                        .sample(1000, 3);
                assertArrayEquals(rows, again.rows(), "the file knows which conditions can be dropped");
            }
            Path noisy = folder.resolve("noisy.safetensors");
            Sde carried = slow(0.5).orElseThrow();
            float[] first;
            try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(32, 2), pairs, 1, device)) {
                // as the variance-shrinking estimator has it: what it learns last is CMDE
                VeSde much = (VeSde) slow(3).orElseThrow();
                model.train(
                        pairs,
                        SPEC.withConditioning(Conditioning.shrinking(new ShrinkingNoise(much, (VeSde) carried, 500))));
                Samples samples = sample(model, 1);
                assertLaw(law(Optional.of(carried), 1, 100), samples, "CMDE");
                assertLaw(
                        law(Optional.of(carried), 1, 100, true),
                        sampler(model, 1).conditionPath().sample(6000, 3),
                        "CMDE along one path");
                assertThrows(
                        IllegalArgumentException.class,
                        () -> model.likelihood().given("y", new float[] {1}, 1).of(new float[] {1}, 0));
                assertThrows(IllegalArgumentException.class, model::latentMap);
                model.save(noisy);
                first = samples.rows();
            }
            try (ScoreModel model = ScoreModel.load(noisy, device)) {
                assertEquals(
                        carried.spec(), model.conditionNoise().orElseThrow().spec());
                assertArrayEquals(first, sample(model, 1).rows(), "the file knows what carries conditions along");
            }
        }
    }

    /** Dropping and noising draw the same words everywhere: weights after a few steps are those of the host, to the bit. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void trainingHasTheBitsOfTheHost(Device device) {
        Dataset data = pairs(64).droppable();
        Conditioning both = new Conditioning(0.3, slow(0.5));
        TrainSpec spec = TrainSpec.steps(3).withBatch(33).withPrecision(Precision.F32);
        try (Device host = Device.open("cpu:1");
                ScoreModel here = ScoreModel.create(new VpSde(), Mlp.of(8, 2), data, 1, device);
                ScoreModel there = ScoreModel.create(new VpSde(), Mlp.of(8, 2), data, 1, host);
                ScoreModel clean = ScoreModel.create(new VpSde(), Mlp.of(8, 2), data, 1, host)) {
            here.train(data, spec.withConditioning(both));
            there.train(data, spec.withConditioning(both));
            clean.train(data, spec);
            assertArrayEquals(there.weights(), here.weights());
            assertTrue(there.weights()[40] != clean.weights()[40], "conditions are changed");
        }
    }

    /** What shrinks is the noise that the step says: the first process's at first, CMDE's from there on, and between them between. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void shrinkingNoiseIsThatOfItsStep(Device device) {
        Dataset data = pairs(64);
        VeSde much = (VeSde) slow(3).orElseThrow();
        VeSde little = (VeSde) slow(0.5).orElseThrow();
        Conditioning shrinking = Conditioning.shrinking(new ShrinkingNoise(much, little, 1000));
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 2), data, 1, device)) {
            float[] first = gradient(model, data, Conditioning.noised(much), 1);
            float[] middle =
                    gradient(model, data, Conditioning.noised(slow(1.75).orElseThrow()), 1);
            float[] last = gradient(model, data, Conditioning.noised(little), 1);
            assertClose(first, gradient(model, data, shrinking, 1));
            assertClose(middle, gradient(model, data, shrinking, 501));
            assertClose(last, gradient(model, data, shrinking, 1001));
            assertClose(last, gradient(model, data, shrinking, 5000));
            assertTrue(distance(first, middle) > 1e-4 && distance(middle, last) > 1e-4, "three different objectives");
        }
    }

    private static double distance(float[] a, float[] b) {
        double most = 0;
        double size = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
            size = Math.max(size, Math.abs(b[i]));
        }
        return most / size;
    }

    /** But for the spacing of the table's nodes. */
    private static void assertClose(float[] expected, float[] actual) {
        assertEquals(0, distance(actual, expected), 1e-5);
    }

    /** Of the rows of the first step, prepared for a step. */
    private static float[] gradient(ScoreModel model, Dataset data, Conditioning conditioning, long step) {
        TrainSpec spec = SPEC.withBatch(33).withConditioning(conditioning);
        Device device = model.device();
        float[] weights = model.weights();
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                Gradient gradient = model.objective(data, spec).open(device, 33);
                DeviceBuffer batch = device.allocate(Element.F32, 66);
                DeviceBuffer into = device.allocate(Element.F32, weights.length);
                DeviceBuffer losses = device.allocate(Element.F32, 33)) {
            rows.assign(stream, 7, 0, 33);
            stream.upload(data.values(), 0, batch, 0, 66);
            View both = View.rows(batch, 2);
            gradient.prepare(stream, step);
            gradient.queue(
                    stream, rows, Map.of("x", both.columns(0, 1), "y", both.columns(1, 1)), List.of(into), losses);
            stream.download(into, 0, weights, 0, weights.length);
            stream.synchronize();
        }
        return weights;
    }

    /** A run in one go has the bits of one that stops while the noise shrinks and goes on; what is no noise that shrinks is refused. */
    @Test
    void shrinkingNoiseIsResumedToTheSameBits() throws IOException {
        Dataset data = pairs(64);
        Conditioning shrinking = Conditioning.parseNoise("ve:0.01,3..ve:0.01,0.5@8");
        assertEquals("noised ve:0.01,3 to ve:0.01,0.5 in 8", shrinking.toString());
        TrainSpec spec = TrainSpec.steps(12)
                .withBatch(16)
                .withPrecision(Precision.F32)
                .withCheckpointEvery(5)
                .withConditioning(shrinking);
        try (Device device = Device.open("cpu:1");
                ScoreModel whole = ScoreModel.create(new VpSde(), Mlp.of(8, 2), data, 1, device);
                ScoreModel parts = ScoreModel.create(new VpSde(), Mlp.of(8, 2), data, 1, device);
                CheckpointDirectory into =
                        CheckpointDirectory.open(folder.resolve("shrinking"), 2, FileActions.disk())) {
            whole.train(data, spec);
            CancelToken cancel = new CancelToken();
            TrainListener stops = new TrainListener() {
                @Override
                public void at(Progress progress) {}

                @Override
                public void saved(long step, Path file) {
                    cancel.cancel();
                }
            };
            assertTrue(parts.train(data, spec, stops, cancel, into, false).step() < 8);
            parts.train(data, spec, TrainListener.NONE, new CancelToken(), into, true);
            assertArrayEquals(whole.weights(), parts.weights());
            assertEquals("ve:0.01,0.5", parts.conditionNoise().orElseThrow().spec(), "what sampling draws");
        }
        says("goes from more to less", () -> Conditioning.parseNoise("ve:0.01,0.5..ve:0.01,3@8"));
        says("keeps its kind", () -> Conditioning.parseNoise("ve:0.01,3..ve:0.02,0.5@8"));
        says("says no steps", () -> Conditioning.parseNoise("ve:0.01,3..ve:0.01,0.5"));
        says("is variance-exploding", () -> Conditioning.parseNoise("vp..ve@8"));
        says("over 1 to 2^40 steps, got 0", () -> Conditioning.parseNoise("ve:0.01,3..ve:0.01,0.5@0"));
    }

    @Test
    void whatCannotBeIsSaid() {
        says("with a probability from 0 to below 1, got 1", () -> Conditioning.dropped(1));
        says("got NaN", () -> Conditioning.dropped(Double.NaN));
        Dataset alone = Dataset.of(new float[] {1, 2, 3}, "x");
        says("no condition that could be dropped", alone::droppable);
        Dataset pairs = pairs(8);
        TrainSpec spec = TrainSpec.steps(1).withBatch(4);
        try (Device device = Device.open("cpu:1");
                ScoreModel none = ScoreModel.create(new VpSde(), Mlp.of(8, 1), alone, 1, device);
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), pairs, 1, device)) {
            says(
                    "cannot have them dropped 0.1",
                    () -> none.train(alone, spec.withConditioning(Conditioning.dropped(0.1))));
            says(
                    "make model and data from Dataset.droppable()",
                    () -> model.train(pairs, spec.withConditioning(Conditioning.dropped(0.1))));
        }
        assertEquals("dropped 0.1", Conditioning.dropped(0.1).toString());
        assertEquals("clean", Conditioning.CLEAN.toString());
    }

    private static void says(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
