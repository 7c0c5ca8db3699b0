package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.sde.MethodContractTest.assertSays;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;

/** The rules of NCSN and NCSNv2 against their papers' numbers and their own closed forms. */
class NoiseLadderTest {
    /** CIFAR-10 in NCSNv2's table: 232 levels from 50 to 0.01, five steps a level, epsilon 6.2e-6. */
    @Test
    void theStepOfThePaper() {
        double step = NoiseLadder.geometric(50, 0.01, 232).step(5);
        assertEquals(6.2e-6, step * 0.01 * 0.01, 0.05e-6);
    }

    @Test
    void aLadderAsItIsUsed() {
        Sde sde = new VeSde(0.01, 50, true, 1e-4, Space.euclidean(64));
        // snippet: ladder
        NoiseLadder ladder = NoiseLadder.improved(20, 0.05, sde.space().width());
        Plan plan = new AnnealedLangevin(5, ladder.step(5)).plan(sde, ladder.grid(sde));
        // end
        assertEquals(5 * ladder.levels().length, plan.evaluations());
    }

    @Test
    void ladders() {
        double[] ncsn = NoiseLadder.ncsn().levels();
        assertEquals(10, ncsn.length);
        assertEquals(0.01, ncsn[9]);
        for (int i = 1; i < 10; i++) {
            assertEquals(Math.pow(10, -2 / 9.0), ncsn[i] / ncsn[i - 1], 1e-12);
        }
        double[] improved = NoiseLadder.improved(50, 0.01, 3072).levels();
        assertTrue(improved[0] / improved[1] <= NoiseLadder.ratio(3072));
        assertEquals(232, improved.length, 15, "the paper rounds its ratio");
        assertEquals(5, NoiseLadder.largestDistance(new double[][] {{0, 0}, {3, 4}, {1, 1}}), 1e-15);
    }

    /** The overlap that the ratio is chosen for, by the trapezoid rule on the normal density. */
    @Test
    void neighboursShareHalf() {
        for (int d : new int[] {5, 64, 3072}) {
            double g = NoiseLadder.ratio(d);
            double middle = Math.sqrt(2.0 * d) * (g - 1);
            int parts = 200_000;
            double from = Math.max(-12, middle - 3 * g);
            double width = (Math.min(12, middle + 3 * g) - from) / parts;
            double share = 0;
            for (int i = 0; i <= parts; i++) {
                double x = from + i * width;
                share += (i == 0 || i == parts ? 0.5 : 1) * width * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
            }
            assertEquals(0.5, share, 1e-8, "dimension " + d);
        }
    }

    /** One level of annealed dynamics on a point's exact score, from the variance of the level above. */
    @Test
    void theVarianceAfterALevelIsItsClosedForm() {
        VeSde sde = new VeSde(0.01, 50, true, 1e-4, Space.euclidean(1));
        NoiseLadder ladder = NoiseLadder.geometric(20, 0.05, 60);
        double u = ladder.step(7);
        double[] times = ladder.grid(sde).times();
        double t = times[59];
        double above = Math.pow(sde.sigma(times[58]), 2);
        Plan plan = new AnnealedLangevin(7, u).plan(sde, new TimeGrid(new double[] {t}));
        GaussianMixture point = GaussianMixture.gaussian(new double[] {0}, new double[][] {{0}});
        Moments end = MomentOracle.after(
                plan,
                Map.of(Sde.SCORE, point.affineScore(sde)),
                Map.of(
                        "start",
                        new Moments(
                                List.of(new Register("start", sde.space(), true)),
                                new double[] {0},
                                new double[][] {{above}})));
        double ratio = ladder.levels()[58] / ladder.levels()[59];
        assertEquals(NoiseLadder.excess(ratio, 7, u), end.covariance(0)[0][0] / Math.pow(sde.sigma(t), 2), 1e-9);
        for (double other : new double[] {0.8 * u, 1.25 * u}) {
            assertTrue(NoiseLadder.excess(ratio, 7, u) < NoiseLadder.excess(ratio, 7, other));
        }
    }

    @Test
    void gridsHaveTheLevels() {
        VpSde sde = new VpSde();
        NoiseLadder ladder = NoiseLadder.geometric(10, 0.1, 9);
        double[] times = ladder.grid(sde).times();
        double[] levels = new double[9];
        for (int i = 0; i < 9; i++) {
            levels[i] = sde.noiseToSignal(times[i]);
        }
        assertArrayEquals(ladder.levels(), levels, 1e-9);
        VeSde ve = new VeSde();
        assertEquals(ve.horizon(), NoiseLadder.geometric(50, 1, 4).grid(ve).times()[0]);
        assertSays(
                "the most that ve:0.01,50 has; take a process with more",
                () -> NoiseLadder.geometric(60, 1, 3).grid(ve));
        assertSays("noise levels must fall", () -> new NoiseLadder(new double[] {1, 1}));
        assertSays("at least 2 levels, got 1", () -> NoiseLadder.geometric(2, 1, 1));
        assertSays("has a rule from 5 dimensions on, got 2", () -> NoiseLadder.improved(2, 1, 2));
    }
}
