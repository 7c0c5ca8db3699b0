package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.tweedie.plan.Space;

/** A decision of the adaptive SDE solver by hand (Jolicoeur-Martineau et al., arXiv 2105.14080, algorithm 1): what is taken, when, and the length after it. */
class GottaGoFastFormulasTest {
    private static final VpSde SDE = new VpSde(0.1, 20, 1e-3, Space.euclidean(2));

    @Test
    void anAttemptIsTakenByItsScaledErrorAndIsTheMeanOfBoth() {
        GottaGoFast method = new GottaGoFast(0.05, 0.02);
        double t = 0.6;
        double h = 0.01;
        double[] x = {1.2, -0.4};
        double[] before = {1.5, 0.1};
        double[] increment = {0.06, -0.11};
        int takes = 0;
        for (double off : new double[] {0.004, 0.03, 0.3}) { // the last is too far from the second attempt
            double[] euler = {1.37 + off, -0.76 + off};
            double[] score = {-0.9, 0.3};
            double s = t - h;
            double g = SDE.diffusion(s);
            double[] mean = new double[2];
            double square = 0;
            for (int d = 0; d < 2; d++) {
                double second = x[d] + h * (-SDE.drift(s) * euler[d] + g * g * score[d]) + g * increment[d];
                mean[d] = (euler[d] + second) / 2;
                double scale = Math.max(0.02, 0.05 * Math.max(Math.abs(euler[d]), Math.abs(before[d])));
                square += Math.pow((euler[d] - mean[d]) / scale, 2) / 2;
            }
            double error = Math.sqrt(square);
            double[] lengths = new double[BrownianMemory.DEPTH];
            lengths[0] = h;
            double[] increments = new double[2 * BrownianMemory.DEPTH];
            System.arraycopy(increment, 0, increments, 0, 2);
            double[][] from = {x, before, {t}, {h, 4}, lengths, increments, euler, {s}, score};
            double[][] into = {
                new double[2],
                new double[2],
                new double[1],
                new double[2],
                new double[BrownianMemory.DEPTH],
                new double[2 * BrownianMemory.DEPTH],
                new double[1]
            };
            new GottaGoFastFormulas(method, SDE, 1, 1e-3).decision().apply(from, into);
            boolean taken = error < 1;
            takes += taken ? 1 : 0;
            String what = "error " + error;
            for (int d = 0; d < 2; d++) {
                assertEquals(taken ? mean[d] : x[d], into[0][d], 1e-5, what);
                assertEquals(taken ? euler[d] : before[d], into[1][d], 1e-12, what);
            }
            assertEquals(taken ? s : t, into[2][0], 1e-12, what);
            double factor = 0.9 * Math.pow(error, -0.9);
            double most = taken ? 5 : 0.5;
            assertEquals(h * Math.min(most, Math.max(0.2, factor)), into[3][0], 1e-4 * h, what);
            assertEquals(6, into[3][1], what);
        }
        assertEquals(2, takes);
    }
}
