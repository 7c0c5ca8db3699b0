package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;
import org.tweedie.testing.TestDevices;

/** The fused kernel against the plan of the pairs, interpreted in double. */
class DenoisingScoreMatchingTest {
    private static final int ROWS = 67;
    private static final int DIM = 3;
    private static final long SEED = 12;
    private static final long FIRST = 3 * ROWS;

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> processes() {
        return TestDevices.times(List.of("vp", "vp-cosine", "subvp", "ve", "ve-exact"));
    }

    private static List<DenoisingScoreMatching> all(String process) {
        List<DenoisingScoreMatching> list = new ArrayList<>();
        Sde sde = ProcessSpec.parse(process).on(Space.euclidean(DIM));
        for (Prediction prediction : Prediction.values()) {
            Parametrisation preconditioned = Parametrisation.preconditioned(sde, prediction, 0.8);
            list.add(new DenoisingScoreMatching(preconditioned, Weighting.EDM, TimeSampling.LOGNORMAL, ROWS));
            list.add(new DenoisingScoreMatching(
                    Parametrisation.plain(sde, prediction), Weighting.SIMPLE, TimeSampling.UNIFORM, 0));
        }
        Parametrisation denoised = Parametrisation.preconditioned(sde, Prediction.DENOISED, 1);
        list.add(new DenoisingScoreMatching(denoised, Weighting.LIKELIHOOD, TimeSampling.IMPORTANCE, 0));
        list.add(new DenoisingScoreMatching(denoised, Weighting.LIKELIHOOD, TimeSampling.UNIFORM, ROWS));
        return list;
    }

    private record Drawn(float[] input, float[] target, float[] weight, float[] time) {}

    private static float[] rows() {
        float[] x0 = new float[ROWS * DIM];
        for (int i = 0; i < x0.length; i++) {
            x0[i] = (float) (0.8 * Philox.words(1, i, Purpose.DATA, 0).normal(0));
        }
        return x0;
    }

    private static Drawn draw(Device device, DenoisingScoreMatching matching) {
        float[] x0 = rows();
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer data = device.allocate(Element.F32, x0.length);
                DeviceBuffer out = device.allocate(Element.F32, 2L * x0.length + 2 * ROWS);
                PerturbedPairs pairs = new PerturbedPairs(matching, device, ROWS)) {
            rows.assign(stream, SEED, FIRST, ROWS);
            stream.upload(x0, 0, data, 0, x0.length);
            View input = new View(out, 0, DIM, DIM);
            View target = new View(out, x0.length, DIM, DIM);
            View weight = new View(out, 2L * x0.length, 1, 1);
            View time = new View(out, 2L * x0.length + ROWS, 1, 1);
            pairs.queue(stream, rows, Map.of("x", View.rows(data, DIM)), input, target, weight, time);
            float[][] all = {new float[x0.length], new float[x0.length], new float[ROWS], new float[ROWS]};
            long at = 0;
            for (float[] part : all) {
                stream.download(out, at, part, 0, part.length);
                at += part.length;
            }
            return new Drawn(all[0], all[1], all[2], all[3]);
        }
    }

    /** The rank of a row, as the reference draws it. */
    private static double rank(int r, int group) {
        long i = FIRST + r;
        return group == 0
                ? Philox.words(SEED, i, Purpose.TIME, 0).uniform(0)
                : (i % group + Philox.words(SEED, i / group, Purpose.TIME, 0).uniform(0)) / group;
    }

    @ParameterizedTest
    @MethodSource("processes")
    void pairsAreThoseOfThePlan(Device device, String process) {
        for (DenoisingScoreMatching matching : all(process)) {
            compare(device, matching);
        }
    }

    private static void compare(Device device, DenoisingScoreMatching matching) {
        Drawn drawn = draw(device, matching);
        Plan plan = matching.pairs();
        Interpreter interpreter = Interpreter.of(plan, Map.of());
        float[] x0 = rows();
        int compared = 0;
        for (int r = 0; r < ROWS; r++) {
            double rank = rank(r, matching.group());
            if (rank < 0.02 || rank > 0.98) {
                continue; // where a quantile is steep its table is coarse: times there have their own test
            }
            Map<String, double[]> given = new java.util.HashMap<>();
            given.put("x", new double[] {x0[DIM * r], x0[DIM * r + 1], x0[DIM * r + 2]});
            if (matching.group() > 0) {
                given.put("rank", new double[] {rank});
            }
            double[][] expected = interpreter.row(SEED, FIRST + r, given).outputs();
            double size = 0;
            for (int d = 0; d < DIM; d++) {
                size = Math.max(size, Math.max(Math.abs(expected[0][d]), 1));
                // the time's relative error is that of its table in f32, some 1e-5; coefficients go with a small power
                // of it
                assertEquals(expected[0][d], drawn.input[DIM * r + d], 2e-4 * size, matching + ": input of row " + r);
            }
            double target =
                    Math.max(Math.abs(expected[1][0]), Math.max(Math.abs(expected[1][1]), Math.abs(expected[1][2])));
            for (int d = 0; d < DIM; d++) {
                assertEquals(
                        expected[1][d],
                        drawn.target[DIM * r + d],
                        2e-4 * Math.max(target, 1),
                        matching + ": target of row " + r);
            }
            assertEquals(
                    expected[2][0],
                    drawn.weight[r],
                    5e-4 * Math.abs(expected[2][0]),
                    matching + ": weight of row " + r);
            assertEquals(expected[3][0], drawn.time[r], 1e-4, matching + ": time of row " + r);
            compared++;
        }
        assertTrue(compared > ROWS / 2, "only " + compared + " rows compared");
    }

    @Test
    void aPlanIsKnownByItsShape() {
        Sde sde = ProcessSpec.parse("vp").on(Space.euclidean(2));
        DenoisingScoreMatching matching =
                DenoisingScoreMatching.standard(Parametrisation.preconditioned(sde, Prediction.DENOISED, 1), 8);
        assertEquals(matching, DenoisingScoreMatching.in(matching.pairs(), 8).orElseThrow());
        assertTrue(DenoisingScoreMatching.in(matching.pairs(), 0).isEmpty());
        Plan.Writer other = Plan.writer();
        int x = other.given("x", sde.space());
        int y = other.register("input", sde.space());
        other.step(0, 1).set(y, 2, x);
        assertTrue(DenoisingScoreMatching.in(other.plan(y), 0).isEmpty());
    }

    @Test
    void pairsThatDoNotFitAreRefused() {
        try (Device device = Device.open("cpu:1")) {
            Sde sde = ProcessSpec.parse("vp").on(Space.euclidean(3));
            DenoisingScoreMatching matching =
                    DenoisingScoreMatching.standard(Parametrisation.preconditioned(sde, Prediction.DENOISED, 1), 8);
            Network two = Mlp.of(4, 1).create(Signature.over(2), Prediction.DENOISED, 1, device);
            try (DeviceBuffer weights = two.parameters().values()) {
                assertThrows(IllegalArgumentException.class, () -> matching.of(two));
            }
        }
    }

    /**
     * The regression's answer is the score: for Gaussian data the error of the exact answer is uncorrelated with x_t, within
     * five standard errors (false alarm below 1e-6 a case), and that of an answer a third too small is not.
     */
    @Test
    void theTargetsMeanIsTheExactPrediction() {
        Sde sde = ProcessSpec.parse("vp").on(Space.euclidean(1));
        for (Prediction prediction : Prediction.values()) {
            for (Parametrisation p : List.of(
                    Parametrisation.preconditioned(sde, prediction, 1), Parametrisation.plain(sde, prediction))) {
                assertTrue(Math.abs(correlation(p, 1)) < 5, p + ": " + correlation(p, 1));
                assertTrue(Math.abs(correlation(p, 0.66)) > 5, p + ": " + correlation(p, 0.66));
            }
        }
    }

    /** The sum of error times x_t over its standard deviation, for data of deviation 0.3. */
    private static double correlation(Parametrisation p, double factor) {
        Sde sde = p.sde();
        double sum = 0;
        double squares = 0;
        for (int r = 0; r < 20_000; r++) {
            double t = 0.05 + 0.4 * r / 20_000;
            double x0 = 0.3 * Philox.words(3, r, Purpose.DATA, 0).normal(0);
            double eps = Philox.words(3, r, Purpose.NOISE, 0).normal(0);
            double xt = sde.alpha(t) * x0 + sde.sigma(t) * eps;
            double variance = 0.09 * sde.alpha(t) * sde.alpha(t) + sde.sigma(t) * sde.sigma(t);
            double best = (-xt / variance - p.skip(t) * xt) / p.gain(t);
            double product = (p.targetX0(t) * x0 + p.targetEps(t) * eps - factor * best) * xt;
            sum += product;
            squares += product * product;
        }
        return sum / Math.sqrt(squares);
    }
}
