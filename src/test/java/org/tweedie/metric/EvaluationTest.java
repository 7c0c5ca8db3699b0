package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;

class EvaluationTest {
    private static final Device host = Device.open("cpu");

    @AfterAll
    static void close() {
        host.close();
    }

    @Test
    void everyMetricTellsAShiftFromChance() {
        Points samples = Gaussians.of(1, 600, 2, 0.5, 1);
        Points heldOut = Gaussians.of(2, 500, 2, 0, 1);
        Points oneHalf = Gaussians.of(3, 900, 2, 0, 1);
        Points otherHalf = Gaussians.of(4, 900, 2, 0, 1);
        Evaluation all = Evaluation.of(
                samples, heldOut, oneHalf, otherHalf, List.of("a", "b"), EnumSet.allOf(Metric.class), 7, 2048, host);
        assertEquals(List.of(), all.notes());
        assertEquals(
                List.of(
                        "mmd",
                        "marginals",
                        "marginals",
                        "marginals",
                        "marginals",
                        "sinkhorn",
                        "kde",
                        "coverage",
                        "coverage",
                        "coverage",
                        "coverage"),
                all.figures().stream().map(Evaluation.Figure::metric).toList());
        for (Evaluation.Figure figure : all.figures()) {
            double gap = figure.samples().value() - figure.halves().value();
            boolean farther = List.of("kde", "coverage").contains(figure.metric()) ? gap < 0 : gap > 0;
            assertTrue(farther, figure.toString());
        }
        Evaluation.Figure mmd = all.figures().get(0);
        assertTrue(
                mmd.samples().low() > 0
                        && mmd.halves().low() <= 0
                        && mmd.halves().high() >= 0,
                mmd.toString());
    }

    /** Rows that are equal have no bandwidth, and every metric that needs none. */
    @Test
    void equalRowsHaveWhatNeedsNoBandwidth() {
        Points one = new Points(new float[20], 1);
        float[] ones = new float[20];
        java.util.Arrays.fill(ones, 1);
        Evaluation all = Evaluation.of(
                new Points(ones, 1), one, one, one, List.of("a"), EnumSet.allOf(Metric.class), 7, 2048, host);
        assertEquals(1, all.figures().get(0).samples().value(), "W1");
        assertEquals(0, all.figures().get(0).halves().value());
        assertEquals(
                List.of("marginals", "marginals", "coverage", "coverage", "coverage", "coverage"),
                all.figures().stream().map(Evaluation.Figure::metric).toList());
        assertEquals(3, all.notes().size(), all.notes().toString());
    }

    @Test
    void whatCannotBeHadIsSaid() {
        Points three = Gaussians.of(1, 3, 1, 0, 1);
        Evaluation few = Evaluation.of(
                three, three, three, three, List.of("a"), EnumSet.of(Metric.COVERAGE, Metric.MMD), 7, 2048, host);
        assertEquals(1, few.figures().size());
        assertTrue(
                few.notes().get(0).startsWith("coverage: the k of k-nearest"),
                few.notes().toString());
        Points equal = new Points(new float[20], 1);
        assertEquals(
                3,
                Evaluation.of(equal, equal, equal, equal, List.of("a"), EnumSet.allOf(Metric.class), 7, 2048, host)
                        .notes()
                        .size());
    }

    @Test
    void theExampleOfThePage() {
        float[] mine = Gaussians.of(1, 1000, 2, 0.1, 1).values();
        float[] theirs = Gaussians.of(2, 1000, 2, 0, 1).values();
        // snippet: metrics
        Points samples = new Points(mine, 2);
        Points real = new Points(theirs, 2);
        Estimate energy = EnergyDistance.estimate(samples, real);
        Estimate mmd = new MeanDiscrepancy(PairKernel.medianRbf(samples, real)).estimate(samples, real);
        Estimate transport = SinkhornDivergence.standard(samples, real).estimate(samples, real);
        Coverage coverage = Coverage.of(samples, real, Coverage.NEIGHBOURS);
        double nats = KernelDensity.of(samples).logLikelihood(real).value();
        // end
        assertTrue(energy.value() < 0.1 && mmd.value() < 0.05 && transport.value() < 0.2);
        Device device = host;
        // snippet: coupling
        EntropicTransport plan = EntropicTransport.solve(samples, real, 0.1, device); // potentials in the log domain
        double cost = plan.cost(); // sum P |x - y|^2 + epsilon KL(P | X x Y)
        double mass = plan.mass(0, 3); // P from row 0 of samples to row 3 of real
        double wrong = plan.misplaced(); // mass in wrong rows, at most 1e-3
        // end
        assertTrue(cost > transport.value() && mass < 1e-3 && wrong <= 1e-3);
        assertTrue(coverage.recall().value() > 0.9 && nats > -3.1);
    }
}
