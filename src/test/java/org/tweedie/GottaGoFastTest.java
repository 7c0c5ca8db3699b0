package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.GottaGoFast;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;

/** The reverse SDE by steps that each row chooses: its law, and the same bits everywhere. */
class GottaGoFastTest {
    private static final Sde SDE = new VpSde().on(Space.euclidean(2));
    private static final GaussianMixture MIXTURE =
            GaussianMixture.round(0.04, new double[] {1, 0.5}, new double[] {-1, 0.2});

    /**
     * Means and variances at the cutoff are those of the exact law; 1,500 rows: standard errors are sd/sqrt(n) and v sqrt(2/n), and 4.5 of them are
     * missed once in 150,000 seeds; the seed is fixed.
     */
    @Test
    void theLawIsThatOfTheProcess() {
        int rows = 1_500;
        for (Sde sde : new Sde[] {SDE, new VeSde(0.01, 20).on(Space.euclidean(2))}) {
            GaussianMixture data =
                    GaussianMixture.gaussian(new double[] {0.5, -0.5}, new double[][] {{1, 0}, {0, 0.01}});
            GaussianMixture exact = data.at(sde, sde.cutoff());
            try (Device host = Device.open("cpu")) {
                Samples samples = Sampler.of(host, sde, new GaussianMixtureScore(data, sde), new GottaGoFast(0.02))
                        .steps(1000)
                        .sample(rows, 12);
                assertEquals(0, samples.unfinished());
                for (int d = 0; d < 2; d++) {
                    double mean = 0;
                    double square = 0;
                    double variance = exact.covariance()[d][d];
                    for (int i = 0; i < rows; i++) {
                        double off = samples.rows()[2 * i + d] - exact.mean()[d];
                        mean += off / rows;
                        square += off * off / rows;
                    }
                    assertEquals(0, mean, 4.5 * Math.sqrt(variance / rows), sde.spec());
                    assertEquals(variance, square, 4.5 * variance * Math.sqrt(2.0 / rows), sde.spec());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceAndPieceGivesTheSameBits(Device device) {
        GaussianMixtureScore score = new GaussianMixtureScore(MIXTURE, SDE);
        GottaGoFast method = new GottaGoFast(0.02);
        try (Device host = Device.open("cpu")) {
            Samples here = Sampler.of(host, SDE, score, method)
                    .steps(500)
                    .execution("stepwise")
                    .sample(1100, 5);
            assertEquals(0, here.unfinished());
            Sampler there = Sampler.of(device, SDE, score, method).steps(500);
            Samples graph = there.execution("graph").sample(1100, 5);
            assertArrayEquals(here.rows(), graph.rows());
            assertArrayEquals(here.output("nfe"), graph.output("nfe"));
            assertArrayEquals(
                    Arrays.copyOfRange(here.rows(), 1400, 2000),
                    there.execution("stepwise").sample(700, 300, 5).rows());
        }
        try (Device host = Device.open("cpu");
                ScoreModel here = ScoreModel.create(new VpSde(), Mlp.of(16, 2), 2, 7, host);
                ScoreModel there = ScoreModel.create(new VpSde(), Mlp.of(16, 2), 2, 7, device)) {
            MethodSpec spec = MethodSpec.parse("ggf:0.05@300");
            assertArrayEquals(
                    here.sampler(spec).sample(40, 4).rows(),
                    there.sampler(spec).sample(40, 4).rows());
        }
    }

    /** One attempt more at a time: a refused one leaves the row where it was; there are such, and rows get there. */
    @Test
    void attemptsAreRefused() {
        int refused = 0;
        double[] before = {Double.NaN, Double.NaN, 2};
        for (int most = 1; most < 400 && before[2] > 0; most++) {
            Plan plan = new GottaGoFast(0.02).plan(SDE, TimeGrid.uniform(SDE, most));
            double[][] out = Interpreter.of(plan, Map.of(Sde.SCORE, MIXTURE.score(SDE)))
                    .row(8, 1)
                    .outputs();
            double[] now = {out[0][0], out[0][1], out[2][0]};
            assertEquals(2 * most, out[1][0]);
            if (now[2] == before[2]) {
                assertArrayEquals(before, now);
                refused++;
            }
            assertTrue(now[2] <= before[2]);
            before = now;
        }
        assertTrue(refused > 0);
        assertEquals(0, before[2]);
    }

    @Test
    void whatCannotBeIsSaid() {
        assertSays("relative tolerance must lie between 0 and 1, got 0.0", () -> new GottaGoFast(0));
        assertSays("absolute tolerance must be positive, got 0.0", () -> new GottaGoFast(0.1, 0));
        assertSays(
                "its grid must fall",
                () -> new GottaGoFast(0.1).plan(SDE, TimeGrid.uniform(SDE, 9).reversed()));
    }

    private static void assertSays(String what, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
