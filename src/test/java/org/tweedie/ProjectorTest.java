package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Evaluator;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.sde.Ddim;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.PredictProject;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Trained projectors of N(0, 1/4) with the exact score, beside the best one, which is linear: c x with c in closed form. */
class ProjectorTest {
    private static final VpSde VP = (VpSde) new VpSde(0.1, 20).on(Space.euclidean(1));
    private static final double V0 = 0.25;
    private static final GaussianMixture DATA = GaussianMixture.gaussian(new double[] {0}, new double[][] {{V0}});
    private static final TrainSpec SPEC = TrainSpec.steps(3000)
            .withBatch(256)
            .withRate(3e-3)
            .withAverage(0.995)
            .withSeed(3);

    private static Dataset rows(int count) {
        float[] rows = new float[count];
        for (int i = 0; i < count; i++) {
            rows[i] =
                    (float) (Math.sqrt(V0) * Philox.words(5, i, Purpose.DATA, 0).normal(0));
        }
        return Dataset.of(rows, "x");
    }

    private static Sampler sampler(Device device, double amount, int steps) {
        return Sampler.of(device, VP, new GaussianMixtureScore(DATA, VP), new PredictProject(amount))
                .steps(steps);
    }

    /** What the minimiser of the projector's loss takes predicted rows to. */
    private static double best(double t, double s) {
        double b = VP.beta(t) / 2;
        double marginal = V0 * VP.alpha(t) * VP.alpha(t) + VP.sigma(t) * VP.sigma(t);
        double predicted = 1 + b * (t - s) * (1 - 2 / marginal);
        return (VP.alpha(s) * VP.alpha(t) * V0 / (predicted * marginal) - 1) / (1 + Math.sqrt(b) / 2);
    }

    private static double spread(double t, double s) {
        double b = VP.beta(t) / 2;
        double marginal = V0 * VP.alpha(t) * VP.alpha(t) + VP.sigma(t) * VP.sigma(t);
        return Math.abs(1 + b * (t - s) * (1 - 2 / marginal)) * Math.sqrt(marginal);
    }

    private static float[] directions(Device device, Projector projector, float[] at, double time) {
        float[] out = new float[at.length];
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer from = device.allocate(Element.F32, at.length);
                DeviceBuffer into = device.allocate(Element.F32, at.length);
                Evaluator evaluator = projector.network().open(device, at.length)) {
            stream.upload(at, 0, from, 0, at.length);
            rows.assign(stream, 0, 0, at.length);
            evaluator.evaluate(
                    stream, rows, List.of(View.rows(from, 1)), Instant.at(time), List.of(View.rows(into, 1)));
            stream.download(into, 0, out, 0, out.length);
            stream.synchronize();
        }
        return out;
    }

    @Test
    void learnsTheBestProjector() {
        try (Device device = Device.open("cpu:1")) {
            Sampler plain = sampler(device, 4, 10);
            try (Projector projector = Projector.train(plain, rows(20_000), Mlp.of(32, 2), SPEC)) {
                TimeGrid grid = plain.times();
                double worst = 0;
                for (int i = 0; i < grid.steps(); i++) {
                    double c = best(grid.t(i), grid.s(i));
                    float d = (float) spread(grid.t(i), grid.s(i));
                    float[] got = directions(device, projector, new float[] {-d, 0, d}, grid.s(i));
                    for (int k = 0; k < 3; k++) {
                        worst = Math.max(worst, Math.abs(got[k] - c * (k - 1) * d));
                    }
                }
                assertTrue(worst < 0.04, "off by " + worst);
                float[] samples = plain.steer(projector).sample(40_000, 2).rows();
                double square = 0;
                for (float x : samples) {
                    square += x * x;
                }
                assertEquals(0.148, square / samples.length, 0.006); // with the best one; 0.117 without
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void learnsTheSameOnEveryDevice(Device device) {
        TrainSpec spec = SPEC.withSteps(10).withBatch(32).withPrecision(Precision.F32);
        float[] at = {-1, 0.3f};
        try (Device host = Device.open("cpu:1");
                Projector projector = Projector.train(sampler(device, 1, 3), rows(300), Mlp.of(16, 1), spec);
                Projector expected = Projector.train(sampler(host, 1, 3), rows(300), Mlp.of(16, 1), spec)) {
            assertArrayEquals(directions(host, expected, at, 0.3), directions(device, projector, at, 0.3));
        }
    }

    /** The example of docs/theory.md, of a model that was trained. */
    @Test
    void aModelsProjector() {
        try (Device device = Device.open("cpu:1")) {
            Dataset data = rows(2_000);
            ScoreModel model = ScoreModel.create(VP, Mlp.of(16, 1), data, 1, device);
            model.train(data, TrainSpec.steps(50).withBatch(64));
            // snippet: projector
            Sampler plain = model.sampler(new PredictProject(4)).steps(10);
            try (Projector projector = Projector.train(plain, data, Mlp.of(32, 2), TrainSpec.steps(500))) {
                float[] rows = plain.steer(projector).sample(1_000, 7).rows();
                // end
                assertEquals(1_000, rows.length);
                float[] without = model.sampler(new PredictProject(0))
                        .steps(10)
                        .sample(1_000, 7)
                        .rows();
                double moved = 0;
                for (int i = 0; i < rows.length; i++) {
                    moved += Math.abs(rows[i] - without[i]) / rows.length;
                }
                assertTrue(moved > 0.01, "the projector moved rows by " + moved);
            }
            model.close();
        }
    }

    @Test
    void refusesWhatItDoesNotFit() {
        try (Device device = Device.open("cpu:1")) {
            Sampler plain = sampler(device, 1, 5);
            Dataset few = rows(500);
            TrainSpec spec = SPEC.withSteps(5).withBatch(16);
            String other = assertThrows(
                            IllegalArgumentException.class,
                            () -> Projector.train(
                                    Sampler.of(device, VP, new GaussianMixtureScore(DATA, VP), new Ddim(0)),
                                    few,
                                    Mlp.of(16, 1),
                                    spec))
                    .getMessage();
            assertTrue(other.startsWith("a projector is of a sampler by predict-project, got ddim:0"), other);
            try (Projector projector = Projector.train(plain, few, Mlp.of(16, 1), spec)) {
                String steps = assertThrows(
                                IllegalArgumentException.class,
                                () -> sampler(device, 1, 7).steer(projector).sample(2, 1))
                        .getMessage();
                assertTrue(steps.contains("sample along the times that it was trained for"), steps);
                String none = assertThrows(
                                IllegalArgumentException.class,
                                () -> sampler(device, 0, 5).steer(projector).sample(2, 1))
                        .getMessage();
                assertTrue(none.startsWith("the sampler's plan asks for no projection"), none);
            }
        }
    }
}
