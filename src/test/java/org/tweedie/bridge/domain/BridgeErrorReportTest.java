package org.tweedie.bridge.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.Instant;
import org.tweedie.score.Signature;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VeSde;
import org.tweedie.train.Dataset;

/** The three terms where they are known: one row as the data, and the pull to a point as what was learned. */
class BridgeErrorReportTest {
    private static final int PATHS = 20_000;
    private static final float X = 0.8f;

    /** A pull as what was learned: it has no use for the end. */
    private record Pull(DomainField field) implements Field {
        @Override
        public Signature signature() {
            return Signature.over(1, new Signature.Port(DomainWalk.END, Space.euclidean(1)));
        }

        @Override
        public Evaluator open(Device device, int rows) {
            Evaluator inner = field.open(device, rows);
            return new Evaluator() {
                @Override
                public void evaluate(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
                    inner.evaluate(stream, set, from.subList(0, 1), t, into);
                }

                @Override
                public void close() {
                    inner.close();
                }
            };
        }
    }

    private static BridgeErrorReport report(BridgeBase base, BridgeDomain learned, int steps) {
        DomainBridge bridge = new DomainBridge(base, BridgeDomain.free(1));
        TimeGrid grid = TimeGrid.uniform(bridge, steps).reversed();
        try (Device device = Device.open("cpu")) {
            return BridgeErrorReport.of(
                    bridge,
                    grid,
                    new Pull(new DomainField(base, learned)),
                    Dataset.of(new float[] {X}, "x"),
                    PATHS,
                    5,
                    device);
        }
    }

    /**
     * Brownian motion with clock v = 1 - t to the only row x: the best f is the pull G, and E G^2 = x^2 + 1/v - 1. Learned is g = G, that is f = G/sqrt(v). The pull is a
     * martingale, so E G_t G_s = E G_t^2 for t before s.
     */
    @Test
    void bothTermsOfThePullToTheOnlyRow() {
        for (int steps : new int[] {5, 10}) {
            BridgeErrorReport report = report(LinearBase.brownian(Clock.constant(1)), BridgeDomain.finite(X), steps);
            double training = 0;
            double discretisation = 0;
            for (int k = 0; k < steps; k++) {
                double v = 1 - (double) k / steps;
                double left = v - 1.0 / steps;
                double square = X * X + 1 / v - 1;
                training += 0.5 / steps * Math.pow(1 / Math.sqrt(v) - 1, 2) * square;
                if (k + 1 < steps) {
                    double next = X * X + 1 / left - 1;
                    discretisation += 0.25 / steps * (next / left + square / v - 2 * square / Math.sqrt(v * left));
                }
            }
            double off = 5 * Math.sqrt(3.0 / PATHS); // squares of normals have deviations of sqrt(2) of their means
            assertEquals(training, report.training(), off * training);
            assertEquals(discretisation, report.discretisation(), off * discretisation);
            assertEquals(0, report.initial(), 0);
            assertEquals(report.training() + report.discretisation(), report.bound(), 0);
        }
    }

    /** Where nothing was learned: 1/2 sum_k h (x^2 + 1/v_k - 1), and f never changes. */
    @Test
    void learningNothingCostsTheWholeDrift() {
        int steps = 8;
        BridgeErrorReport report = report(LinearBase.brownian(Clock.constant(1)), BridgeDomain.free(1), steps);
        double sum = 0;
        double spread = 0;
        for (int k = 0; k < steps; k++) {
            double variance = (double) steps / (steps - k) - 1;
            sum += 0.5 / steps * (X * X + variance);
            spread += 0.5 / steps * Math.sqrt(2 * variance * variance + 4 * X * X * variance);
        }
        assertEquals(sum, report.training(), 5 * spread / Math.sqrt(PATHS));
        assertEquals(0, report.discretisation(), 0);
    }

    /** SMLD starts at N(0, sigma_T^2) where its bridges start at N(x, sigma_T^2): x^2/(2 sigma_T^2). */
    @Test
    void theInitialTermIsThatOfTheStarts() {
        BridgeBase base = new ReversedBase(new VeSde(0.01, 3, true));
        double sigma = new VeSde(0.01, 3, true).sigma(1);
        assertEquals(
                (double) X * X / (2 * sigma * sigma),
                report(base, BridgeDomain.free(1), 3).initial(),
                1e-12);
        assertThrows(
                IllegalArgumentException.class,
                () -> BridgeErrorReport.of(
                        new DomainBridge(base, BridgeDomain.free(1)),
                        new DomainBridge(base, BridgeDomain.free(1)).grid(3),
                        new Pull(new DomainField(base, BridgeDomain.free(1))),
                        Dataset.of(new float[] {X}, "x"),
                        0,
                        5,
                        Device.open("cpu")));
    }
}
