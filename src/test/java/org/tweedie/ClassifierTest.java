package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.guidance.ClassifierGuidance;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.MalformedFileException;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.ClassGradient;
import org.tweedie.score.Evaluator;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Guide;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.Classes;
import org.tweedie.train.Dataset;
import org.tweedie.train.Slices;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;

/**
 * Noisy classifiers of two normal classes, N(-m, S) with probability 0.3 and N(m, S) with 0.7: the posterior of the class given the noisy row
 * is logistic, ln (7/3) + 2 alpha m' (alpha^2 S + sigma^2)^-1 x_t, and guidance by it with weight 1 samples the class.
 */
class ClassifierTest {
    private static final Sde VP = new VpSde().on(Space.euclidean(2));
    private static final double SHARE = 0.7;
    private static final double[] M = {0.7, -0.4};
    private static final double S = 0.35;
    private static final GaussianMixture FIRST = normal(-1);
    private static final GaussianMixture SECOND = normal(1);
    private static final GaussianMixture ALL = new GaussianMixture(
            new double[] {1 - SHARE, SHARE},
            new double[][] {FIRST.mean(), SECOND.mean()},
            new double[][][] {FIRST.covariance(), SECOND.covariance()});

    private static final TrainSpec SPEC =
            TrainSpec.steps(1500).withBatch(256).withAverage(0.995).withRate(1e-2);

    @TempDir
    Path folder;

    private static GaussianMixture normal(int side) {
        return GaussianMixture.gaussian(new double[] {side * M[0], side * M[1]}, new double[][] {{S, 0}, {0, S}});
    }

    /** The exact logit of the second class. */
    private static double logit(double[] x, double t) {
        double alpha = VP.alpha(t);
        double variance = alpha * alpha * S + VP.sigma(t) * VP.sigma(t);
        return Math.log(SHARE / (1 - SHARE)) + 2 * alpha * (M[0] * x[0] + M[1] * x[1]) / variance;
    }

    /** grad_x of the exact logarithm of the probability of a class. */
    private static RowField exact(int number) {
        return (from, t, into) -> {
            double alpha = VP.alpha(t);
            double variance = alpha * alpha * S + VP.sigma(t) * VP.sigma(t);
            double p = 1 / (1 + Math.exp(-logit(from[0], t)));
            double slope = number == 1 ? 1 - p : -p;
            for (int d = 0; d < 2; d++) {
                into[0][d] = slope * 2 * alpha * M[d] / variance;
            }
        };
    }

    private static Classes rows(int count) {
        float[] values = new float[3 * count];
        for (int i = 0; i < count; i++) {
            int side = Philox.words(21, i, Purpose.DATA, 1).uniform(0) < SHARE ? 1 : 0;
            double[] row = (side == 1 ? SECOND : FIRST).sample(22, i);
            values[3 * i] = (float) row[0];
            values[3 * i + 1] = (float) row[1];
            values[3 * i + 2] = side;
        }
        return Classes.of(Dataset.of(values, "east", "north", "kind"), "kind");
    }

    private static Sampler sampler(Device device, String method, Guide guide) {
        MethodSpec spec = MethodSpec.parse(method);
        return Sampler.of(device, VP, new GaussianMixtureScore(ALL, VP), spec.method())
                .grid(spec.grid(VP))
                .steer(guide);
    }

    /**
     * The excess of the loss over that of the exact posterior is the mean KL from it, near p(1 - p)/2 times the squared error of the logit. Of a maximum of
     * likelihood over N rows with P numbers it is P/(2N) (Wilks): P = 594, N = 40,000.
     */
    @Test
    void aTrainedClassifierIsNearTheExactPosterior() {
        int count = 40_000;
        try (Device device = Device.open("cpu");
                Classifier classifier = Classifier.create(VP, Mlp.of(16, 1), rows(count), 3, device)) {
            classifier.train(rows(count), SPEC);
            double most = 594.0 / (2 * count);
            assertEquals(594 + 16, classifier.network().parameters().count(), "those that learn, and the frequencies");
            int tried = 2000;
            for (double t : new double[] {0.01, 0.1, 0.25, 0.5, 0.9}) {
                float[] noisy = new float[2 * tried];
                double[] exact = new double[tried];
                for (int i = 0; i < tried; i++) {
                    double[] x = ALL.at(VP, t).sample(31, i);
                    noisy[2 * i] = (float) x[0];
                    noisy[2 * i + 1] = (float) x[1];
                    exact[i] = logit(x, t);
                }
                float[] of = classifier.logProbabilities(noisy, t);
                double excess = 0;
                double square = 0;
                for (int i = 0; i < tried; i++) {
                    double p = 1 / (1 + Math.exp(-exact[i]));
                    excess += (p * (Math.log(p) - of[2 * i + 1]) + (1 - p) * (Math.log(1 - p) - of[2 * i])) / tried;
                    double off = of[2 * i + 1] - of[2 * i] - exact[i];
                    square += p * (1 - p) / 2 * off * off / tried;
                    assertEquals(1, Math.exp(of[2 * i]) + Math.exp(of[2 * i + 1]), 1e-5);
                }
                assertTrue(excess < most, t + ": KL " + excess + " of " + most);
                assertTrue(square < most, t + ": squared error of the logit " + square + " of " + most);
            }
            assertGuided(device, classifier);
        }
    }

    /** Weight 1 samples the class; of weight 2 the law is that of the exact posterior's guide, walked in double by the same draws. */
    private static void assertGuided(Device device, Classifier classifier) {
        int count = 4000;
        String method = "ddim:1@60";
        for (int number : new int[] {0, 1}) {
            double[] law = (number == 0 ? FIRST : SECOND).mean();
            double[] mean = mean(sampler(device, method, classifier.guidance(Integer.toString(number), 1))
                    .sample(count, 5)
                    .rows());
            // four standard errors, and a twentieth of a deviation for the network and the method's order
            double tolerance = Math.sqrt(S) * (4 / Math.sqrt(count) + 0.05);
            assertEquals(law[0], mean[0], tolerance);
            assertEquals(law[1], mean[1], tolerance);
        }
        Plan plan = ClassifierGuidance.of(
                        new GaussianMixtureScore(ALL, VP), 2) // stands for the exact gradient; its ports are the same
                .on(new Guide.Target(VP, new double[2], new double[] {1, 1}, () -> new GaussianMixtureScore(ALL, VP)))
                .steer(MethodSpec.parse(method).plan(VP));
        Interpreter reference =
                Interpreter.of(plan, Map.of(Sde.SCORE, ALL.score(VP), ClassifierGuidance.NAME, exact(0)));
        int few = 400;
        float[] rows = sampler(device, method, classifier.guidance("0", 2))
                .sample(few, 5)
                .rows();
        double[] exact = new double[2];
        for (int i = 0; i < few; i++) {
            double[] row = reference.row(5, i).outputs()[0];
            exact[0] += row[0] / few;
            exact[1] += row[1] / few;
        }
        double[] mean = mean(rows); // the same draws, so that their chance is in both
        assertEquals(exact[0], mean[0], 0.05 * Math.sqrt(S));
        assertEquals(exact[1], mean[1], 0.05 * Math.sqrt(S));
        assertTrue(exact[0] < FIRST.mean()[0] - 0.05, "further than the class: " + exact[0]);
    }

    private static double[] mean(float[] rows) {
        double[] mean = new double[2];
        for (int i = 0; i < rows.length; i++) {
            mean[i % 2] += rows[i] / (rows.length / 2.0);
        }
        return mean;
    }

    /** A network that was hardly trained, shaken so that it says something. */
    private static Classifier shaken(Device device) {
        return shaken(VP, device);
    }

    private static Classifier shaken(Sde process, Device device) {
        Classifier classifier = Classifier.create(process, Mlp.of(9, 2), rows(64), 3, device);
        float[] weights = classifier.weights();
        for (int i = 16; i < weights.length; i++) {
            weights[i] += (float) (0.4 * Math.sin(1 + i));
        }
        try (Stream stream = device.stream()) {
            stream.upload(weights, 0, classifier.network().parameters().values(), 0, weights.length);
            stream.synchronize();
        }
        return classifier;
    }

    static java.util.stream.Stream<Arguments> processes() {
        return TestDevices.times(List.of("vp", "ve")); // rows of ve are scaled on their way into the network
    }

    /** The gradient is that of differences of the logarithms, at one time and at a time a row. */
    @ParameterizedTest
    @MethodSource("processes")
    void theGradientIsThatOfDifferences(Device device, String spec) {
        Sde process = ProcessSpec.parse(spec).on(Space.euclidean(2));
        int rows = 33;
        float[] x = new float[2 * rows];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (1.3 * Math.sin(1 + 3 * i));
        }
        float[] times = new float[rows];
        java.util.Arrays.fill(times, 0.6f);
        try (Classifier classifier = shaken(process, device);
                Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer from = device.allocate(Element.F32, 2L * rows);
                DeviceBuffer at = device.allocate(Element.F32, rows);
                DeviceBuffer into = device.allocate(Element.F32, 4L * rows)) {
            set.assign(stream, 0, 0, rows);
            stream.upload(x, 0, from, 0, x.length);
            stream.upload(times, 0, at, 0, rows);
            View gradient = new View(into, 0, 2, 2);
            View logarithms = new View(into, 2L * rows, 2, 2);
            for (int number = 0; number < 2; number++) {
                ClassGradient field = new ClassGradient(
                        classifier.network(), Parametrisation.preconditioned(process, Prediction.DENOISED, 1), number);
                try (Evaluator evaluator = field.open(device, rows)) {
                    for (Instant t : List.of(Instant.at(0.6f), Instant.perRow(View.rows(at, 1)))) {
                        evaluator.evaluate(stream, set, List.of(View.rows(from, 2)), t, List.of(gradient, logarithms));
                        float[] found = new float[4 * rows];
                        stream.download(into, 0, found, 0, found.length);
                        stream.synchronize();
                        float h = 1f / 64;
                        for (int d = 0; d < 2; d++) {
                            float[] up = x.clone();
                            float[] down = x.clone();
                            for (int i = 0; i < rows; i++) {
                                up[2 * i + d] += h;
                                down[2 * i + d] -= h;
                            }
                            float[] above = classifier.logProbabilities(up, 0.6f);
                            float[] below = classifier.logProbabilities(down, 0.6f);
                            for (int i = 0; i < rows; i++) {
                                double slope = (above[2 * i + number] - (double) below[2 * i + number]) / (2 * h);
                                assertEquals(slope, found[2 * i + d], 2e-3, "row " + i + " at " + t);
                            }
                        }
                        float[] alone = classifier.logProbabilities(x, 0.6f);
                        for (int i = 0; i < 2 * rows; i++) {
                            assertEquals(alone[i], found[2 * rows + i], 1e-4, "table of times");
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyExecutionGuides(Device device) {
        try (Classifier classifier = shaken(device)) {
            Sampler sampler = sampler(device, "heun@9", classifier.guidance("1", 2));
            Samples one = sampler.execution("stepwise").sample(33, 4);
            assertEquals("heun@9+classifier:2", one.run().method());
            assertArrayEquals(
                    one.rows(), sampler.execution("graph").sample(33, 4).rows());
            if (device.kind() == DeviceKind.HOST) {
                assertArrayEquals(
                        one.rows(), sampler.execution("fused").sample(33, 4).rows());
            }
            float[] own = sampler(device, "rk45:1e-5@300", classifier.guidance("1", 2))
                    .execution("stepwise")
                    .sample(33, 4)
                    .rows();
            float[] many = sampler(device, "heun@300", classifier.guidance("1", 2))
                    .execution("stepwise")
                    .sample(33, 4)
                    .rows();
            assertArrayEquals(many, own, 5e-3f, "times of their own");
            float[] none = sampler(device, "heun@9", classifier.guidance("1", 0))
                    .execution("stepwise")
                    .sample(33, 4)
                    .rows();
            assertTrue(Math.abs(none[0] - one.rows()[0]) > 1e-3, "it is heard");
            try (Device host = Device.open("cpu:1");
                    Classifier there = shaken(host)) {
                assertArrayEquals(
                        sampler(host, "heun@9", there.guidance("1", 2))
                                .sample(33, 4)
                                .rows(),
                        one.rows(),
                        2e-4f);
            }
        }
    }

    /** In the units of a model, from a file, beside a run that stopped and went on. */
    @Test
    void aClassifierOfAModelIsResumedSavedAndRead() throws IOException {
        Classes classes = rows(300);
        float[] plain = new float[600];
        float[] values = classes.rows().values(Dataset.X);
        for (int i = 0; i < plain.length; i++) {
            plain[i] = 100 + 5 * values[i];
        }
        Dataset shifted = Dataset.of(plain, "east", "north");
        float[] labelled = new float[900];
        for (int i = 0; i < 300; i++) {
            labelled[3 * i] = plain[2 * i];
            labelled[3 * i + 1] = plain[2 * i + 1];
            labelled[3 * i + 2] = classes.rows().values(Classes.LABEL)[i];
        }
        Classes data = Classes.of(Dataset.of(labelled, "east", "north", "kind"), "kind");
        TrainSpec spec = TrainSpec.steps(40).withBatch(32).withCheckpointEvery(15);
        Path file = folder.resolve("classifier.safetensors");
        Path scores = folder.resolve("model.safetensors");
        try (Device device = Device.open("cpu:1");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), shifted, 1, device)) {
            model.train(shifted, TrainSpec.steps(3).withBatch(16));
            model.save(scores);
            float[] guided;
            try (Classifier whole = Classifier.create(model, Mlp.of(8, 1), data, 2);
                    Classifier parts = Classifier.create(model, Mlp.of(8, 1), data, 2);
                    CheckpointDirectory into =
                            CheckpointDirectory.open(folder.resolve("checkpoints"), 2, FileActions.disk())) {
                assertEquals(model.encodings().get(Dataset.X), whole.encoding().orElseThrow());
                whole.train(data, spec);
                CancelToken cancel = new CancelToken();
                TrainListener stops = new TrainListener() {
                    @Override
                    public void at(Progress progress) {}

                    @Override
                    public void saved(long step, Path saved) {
                        cancel.cancel();
                    }
                };
                assertEquals(
                        15, parts.train(data, spec, stops, cancel, into, false).step());
                parts.train(data, spec, TrainListener.NONE, new CancelToken(), into, true);
                assertArrayEquals(whole.weights(), parts.weights());
                says(
                        "settings",
                        () -> parts.train(data, spec.withRate(0.1), TrainListener.NONE, new CancelToken(), into, true));
                assertTrue(whole.accuracy(data).value() > 0.7, "of two classes a deviation and a third apart");
                whole.save(file);
                guided = model.sampler(new Ddim(0))
                        .steps(6)
                        .steer(whole.guidance("1", 1.5))
                        .sample(9, 1)
                        .rows();
            }
            try (Classifier read = Classifier.load(file, device)) {
                assertEquals(List.of("0", "1"), read.classes());
                assertEquals(List.of("east", "north"), read.columns());
                assertEquals("40", read.provenance().get("steps"));
                Samples again = model.sampler(new Ddim(0))
                        .steps(6)
                        .steer(read.guidance("1", 1.5))
                        .sample(9, 1);
                assertArrayEquals(guided, again.rows());
                Path twice = folder.resolve("twice.safetensors");
                read.save(twice);
                assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(twice));
                refused(model, read, scores, file, device);
            }
        }
    }

    /** The example of the page; most of what it samples toward the class is of the class. */
    @Test
    void theExampleRuns() {
        Classes rows = rows(600);
        Dataset labelled = joined(rows);
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(16, 2), 2, 1, device)) {
            model.train(
                    Dataset.of(rows.rows().values(Dataset.X), "east", "north"),
                    TrainSpec.steps(300).withBatch(128));
            // snippet: guided
            Classes kinds = Classes.of(labelled, "kind"); // the column's numbers are the classes
            try (Classifier classifier = Classifier.create(model, Mlp.of(32, 2), kinds, 2)) {
                classifier.train(kinds, TrainSpec.steps(300).withBatch(128));
                Samples samples = model.sampler(new Ddim(1))
                        .steps(50)
                        .steer(classifier.guidance("1", 2))
                        .sample(1000, 3);
                // end
                int right = 0;
                for (int i = 0; i < samples.count(); i++) {
                    right += M[0] * samples.rows()[2 * i] + M[1] * samples.rows()[2 * i + 1] > 0 ? 1 : 0;
                }
                // of the class itself 0.91 lie there, Phi(|m|/sqrt S); guided twice as much more
                assertTrue(right > 930, right + " of 1000");
            }
        }
    }

    private static Dataset joined(Classes classes) {
        float[] all = classes.rows().values().clone();
        return Dataset.of(all, "east", "north", "kind");
    }

    private void refused(ScoreModel model, Classifier classifier, Path scores, Path file, Device device) {
        says("unknown class '2'", () -> classifier.guidance("2", 1));
        says("must be finite, got NaN", () -> classifier.guidance("1", Double.NaN));
        says(
                "the model's are",
                () -> sampler(device, "em@2", classifier.guidance("1", 1)).sample(1, 1));
        Sde ve = new VeSde(0.01, 50).on(Space.euclidean(2));
        says(
                "noised by ve:0.01,50",
                () -> Sampler.of(device, ve, new GaussianMixtureScore(ALL, ve), new Ddim(0))
                        .steps(2)
                        .steer(classifier.guidance("1", 1))
                        .sample(1, 1));
        Sde wide = new VpSde().on(Space.euclidean(3));
        says(
                "knows rows of 2 numbers, the model's have 3",
                () -> Sampler.of(
                                device,
                                wide,
                                new GaussianMixtureScore(GaussianMixture.round(1, new double[3]), wide),
                                new Ddim(0))
                        .steps(2)
                        .steer(classifier.guidance("1", 1))
                        .sample(1, 1));
        says("no rows of 2", () -> classifier.logProbabilities(new float[3], 0.5));
        says("times of vp:0.1,20 are", () -> classifier.logProbabilities(new float[2], 2));
        says("the data have [0, 1, 2]", () -> classifier.accuracy(three()));
        says("the data have [0, 1, 2]", () -> classifier.train(three(), TrainSpec.steps(1)));
        says(
                "learns by cross-entropy",
                () -> classifier.train(rows(9), TrainSpec.steps(1).withSlices(Slices.exact())));
        says(
                "the model's rows have the columns [east, north]",
                () -> Classifier.create(
                        model, Mlp.of(8, 1), Classes.of(Dataset.of(new float[] {1, 0, 2, 1}, "a", "kind"), "kind"), 1));
        try (ScoreModel moving = ScoreModel.create(new CldSde(), Mlp.of(8, 1), 2, 1, device)) {
            says("carries a velocity", () -> Classifier.create(moving, Mlp.of(8, 1), rows(9), 1));
        }
        String score = assertThrows(MalformedFileException.class, () -> Classifier.load(scores, device))
                .getMessage();
        assertTrue(score.contains("'kind'") && score.contains("is not classifier: this is a score model"), score);
        for (Executable load : List.<Executable>of(
                () -> ScoreModel.load(file, device).close(),
                () -> Model.load(file, device).close())) {
            String kind = assertThrows(MalformedFileException.class, load).getMessage();
            assertTrue(kind.contains("is classifier, not a score model"), kind);
        }
    }

    private static Classes three() {
        return Classes.of(Dataset.of(new float[] {1, 2, 0, 3, 4, 1, 5, 6, 2}, "a", "b", "kind"), "kind");
    }

    @Test
    void numbersOfClassesAreChecked() {
        try (Device device = Device.open("cpu:1");
                Classifier classifier = shaken(device)) {
            Network network = classifier.network();
            Parametrisation p = Parametrisation.preconditioned(VP, Prediction.DENOISED, 1);
            says("classes 0 to 1, got 2", () -> new ClassGradient(network, p, 2));
            says("classes 0 to 1, got -1", () -> new ClassGradient(network, p, -1));
            says(
                    "rows of 1 numbers takes them alone",
                    () -> new ClassGradient(
                            network, Parametrisation.preconditioned(new VpSde(), Prediction.DENOISED, 1), 0));
        }
    }

    private static void says(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
