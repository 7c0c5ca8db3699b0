package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
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
import org.tweedie.sde.CldSde;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.HybridParametrisation;
import org.tweedie.sde.PairMixture;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Weighting;
import org.tweedie.testing.TestDevices;

/** Pairs of position and velocity: what they teach, and the two launches that make them. */
class HybridScoreMatchingTest {
    private static final int ROWS = 67;
    private static final int DIM = 3;

    private static HybridParametrisation of(String spec, int width) {
        return new HybridParametrisation((CldSde) ProcessSpec.process(spec).on(Space.euclidean(width)));
    }

    static Stream<Arguments> cases() {
        return TestDevices.times(
                java.util.List.of("cld EDM 0", "cld LIKELIHOOD 67", "cld-mixed EDM 67", "cld:2,1,1 SIMPLE 0"));
    }

    /** The kernel, twice, against the plan of the pairs interpreted in double. */
    @ParameterizedTest
    @MethodSource("cases")
    void kernelsMakeThePairsOfThePlan(Device device, String text) {
        String[] words = text.split(" ");
        HybridScoreMatching matching =
                new HybridScoreMatching(of(words[0], DIM), Weighting.valueOf(words[1]), Integer.parseInt(words[2]));
        Plan plan = matching.pairs();
        float[] x0 = new float[ROWS * DIM];
        for (int i = 0; i < x0.length; i++) {
            x0[i] = (float) Philox.words(1, i, Purpose.DATA, 0).normal(0);
        }
        long first = 2 * ROWS;
        float[] got = new float[ROWS * (3 * DIM + 2)];
        try (var stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer data = device.allocate(Element.F32, x0.length);
                DeviceBuffer out = device.allocate(Element.F32, got.length);
                Pairs pairs = matching.open(device, ROWS)) {
            rows.assign(stream, 12, first, ROWS);
            stream.upload(x0, 0, data, 0, x0.length);
            pairs.queue(
                    stream,
                    rows,
                    Map.of(Dataset.X, View.rows(data, DIM)),
                    new View(out, 0, 2 * DIM, 2 * DIM),
                    new View(out, 2L * ROWS * DIM, DIM, DIM),
                    new View(out, 3L * ROWS * DIM, 1, 1),
                    new View(out, 3L * ROWS * DIM + ROWS, 1, 1));
            stream.download(out, 0, got, 0, got.length);
        }
        for (int r = 0; r < ROWS; r++) {
            long index = first + r;
            double[] row = new double[DIM];
            for (int d = 0; d < DIM; d++) {
                row[d] = x0[r * DIM + d];
            }
            Map<String, double[]> given = matching.group() == 0
                    ? Map.of(Dataset.X, row)
                    : Map.of(Dataset.X, row, DenoisingScoreMatching.RANK, rank(12, index, matching.group()));
            double[][] expected =
                    Interpreter.of(plan, Map.of()).row(12, index, given).outputs();
            for (int d = 0; d < DIM; d++) {
                close(expected[0][d], got[2 * r * DIM + d]);
                close(expected[1][d], got[(2 * r + 1) * DIM + d]);
                close(expected[2][d], got[(2 * ROWS + r) * DIM + d]);
            }
            close(expected[3][0], got[3 * ROWS * DIM + r]);
            close(expected[4][0], got[3 * ROWS * DIM + ROWS + r]);
        }
    }

    private static double[] rank(long seed, long index, int group) {
        double shared = Philox.words(seed, index / group, Purpose.TIME, 0).uniform(0);
        return new double[] {(index % group + shared) / group};
    }

    /** Within the interpolation's 2^-21 of the terms, and the time's rounding, to which small times are as sensitive as 1/t. */
    private static void close(double expected, double got) {
        assertEquals(expected, got, 2e-4 * (1 + StrictMath.abs(expected)));
    }

    /**
     * The least squared error of the target, for Gaussian data, is the exact score: from the pairs' own linear map (x0, z_x, z_v) to input and target
     * follows E[target | input], and from it skip v + gain out.
     */
    @ParameterizedTest
    @ValueSource(strings = {"cld", "cld-mixed", "cld:4,4,1", "cld-mixed:2,1,0.5"})
    void whatIsLearnedIsTheScore(String spec) {
        HybridParametrisation p = of(spec, 1);
        double variance = 0.4;
        PairMixture exact =
                new PairMixture(GaussianMixture.gaussian(new double[] {0}, new double[][] {{variance}}), p.sde());
        HybridPair pair = new HybridPair(p, Weighting.SIMPLE);
        for (double t : new double[] {1e-3, 0.02, 0.2, 0.7}) {
            double[][] map = new double[3][3]; // of input, velocity, target in x0 (of variance 1), z_x, z_v
            for (int j = 0; j < 3; j++) {
                double[][] from = {{0}, {0}, {0}, {t}};
                from[j][0] = j == 0 ? StrictMath.sqrt(variance) : 1;
                double[][] into = new double[5][1];
                pair.apply(from, into);
                for (int i = 0; i < 3; i++) {
                    map[i][j] = into[i][0];
                }
            }
            double xx = dot(map[0], map[0]);
            double xv = dot(map[0], map[1]);
            double vv = dot(map[1], map[1]);
            double det = xx * vv - xv * xv;
            double ofX = (vv * dot(map[2], map[0]) - xv * dot(map[2], map[1])) / det;
            double ofV = (xx * dot(map[2], map[1]) - xv * dot(map[2], map[0])) / det;
            double x = 0.3;
            double v = -0.1;
            double learned = p.skip(t) * v + p.gain(t) * (ofX * x + ofV * p.velocityScale(t) * v);
            double[][] score = new double[1][1];
            exact.score().evaluate(new double[][] {{x}, {v}}, t, score);
            assertEquals(score[0][0], learned, 1e-7 * (1 + StrictMath.abs(score[0][0])), "t = " + t);
        }
    }

    private static double dot(double[] a, double[] b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }

    /** Likelihood weighs the error of the score with Gamma beta whatever l is; the mixed score of a point mass at 0 leaves nothing to learn of v. */
    @Test
    void weightsAndMixedScoresAreThoseOfThePaper() {
        HybridParametrisation plain = of("cld", 1);
        HybridParametrisation mixed = of("cld-mixed", 1);
        for (double t : new double[] {0.01, 0.3, 1}) {
            double l = -plain.gain(t);
            double[][] noise = plain.sde().noise(t);
            double det = noise[0][0] * noise[1][1] - noise[0][1] * noise[0][1];
            assertEquals(StrictMath.sqrt(noise[0][0] / det), l, 1e-9 * l);
            assertEquals(4 * l * l, plain.weight(Weighting.LIKELIHOOD, t), 1e-9 * l * l);
            assertEquals(1, plain.weight(Weighting.EDM, t), 0);
            assertEquals(0, plain.skip(t), 0);
            assertEquals(-1 / noise[1][1], mixed.skip(t), 1e-12 / noise[1][1]);
            assertEquals(1 / (l * noise[1][1]), -mixed.targetVelocity(t), 1e-9 / (l * noise[1][1]));
        }
    }

    @Test
    void refusesNetworksWithoutVelocity() {
        try (Device device = Device.open("cpu:1")) {
            Network network = Mlp.of(8, 1).create(Signature.over(DIM), org.tweedie.sde.Prediction.NOISE, 1, device);
            HybridScoreMatching matching = new HybridScoreMatching(of("cld", DIM), Weighting.EDM, 0);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> matching.of(network))
                    .getMessage()
                    .contains("position and velocity"));
            network.parameters().values().close();
        }
    }
}
