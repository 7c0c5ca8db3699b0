package org.tweedie.bridge.domain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class BridgeDomainTest {
    private static double pull(BridgeDomain domain, double y, double v) {
        double[] into = new double[1];
        domain.pull(new double[] {y}, v, into);
        return into[0];
    }

    /** (E[end] - y)/v by Simpson's rule on the part of the interval that counts, densities relative to the greatest. */
    private static double byQuadrature(double y, double v, double from, double to) {
        double root = Math.sqrt(v);
        double near = Math.min(Math.max(y, from), to);
        double slope = Math.abs(near - y) / v;
        double reach = Math.min(12 * root, slope > 0 ? 45 / slope : Double.POSITIVE_INFINITY);
        double low = Math.max(from, near - reach);
        double high = Math.min(to, near + reach);
        double most = (near - y) * (near - y) / (2 * v);
        DoubleUnaryOperator density = x -> Math.exp(most - (x - y) * (x - y) / (2 * v));
        int n = 20_000;
        double sum = 0;
        double first = 0;
        for (int i = 0; i <= n; i++) {
            double x = low + (high - low) * i / n;
            double weight = (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * density.applyAsDouble(x);
            sum += weight;
            first += weight * (x - y);
        }
        return first / sum / v;
    }

    /** Inside, at the bounds, and so far outside that Phi underflows; intervals from a hundredth of sqrt(v) to many; half lines. */
    @Test
    void anIntervalPullsToItsMean() {
        for (double wide : new double[] {0.01, 0.3, 0.99, 1.01, 3, 50, Double.POSITIVE_INFINITY}) {
            for (double v : new double[] {1e-4, 0.5, 9}) {
                double root = Math.sqrt(v);
                double to = 0.7 + wide * root;
                BridgeDomain domain = BridgeDomain.interval(0.7, to);
                for (double u : new double[] {-60, -39, -8, -2.5, -0.6, -0.01, 0, 0.3, 1, 2, 5, 40, 70}) {
                    double y = 0.7 + u * root;
                    double wanted = byQuadrature(y, v, 0.7, to);
                    assertEquals(
                            wanted,
                            pull(domain, y, v),
                            1e-8 * (Math.abs(wanted) + 1e-3 / root),
                            "width " + wide + ", v " + v + ", at " + u);
                    assertEquals(
                            -pull(domain, y, v),
                            pull(BridgeDomain.interval(-to, -0.7), -y, v),
                            1e-12 * (Math.abs(wanted) + 1 / root),
                            "mirrored");
                }
            }
        }
    }

    /** Finite sets: the slope of ln sum_e weight_e exp(-|y - e|^2/2v), by differences. One-hot factors are the finite set of their corners. */
    @Test
    void aFiniteSetPullsAsTheSlopeOfItsLogarithm() {
        double[][] points = {{0, 0}, {1, 0.5}, {-1, 2}};
        double[] logs = {0, 0.3, -0.8};
        BridgeDomain domain = new BridgeDomain(java.util.List.of(new DomainPart.Points(points, logs)));
        DoubleUnaryOperator[] log = new DoubleUnaryOperator[2];
        double[] y = {0.4, 0.9};
        double v = 0.35;
        for (int d = 0; d < 2; d++) {
            int moved = d;
            log[d] = e -> {
                double sum = 0;
                for (int k = 0; k < 3; k++) {
                    double a = y[0] + (moved == 0 ? e : 0) - points[k][0];
                    double b = y[1] + (moved == 1 ? e : 0) - points[k][1];
                    sum += Math.exp(logs[k] - (a * a + b * b) / (2 * v));
                }
                return Math.log(sum);
            };
        }
        double[] got = new double[2];
        domain.pull(y, v, got);
        for (int d = 0; d < 2; d++) {
            double slope = (log[d].applyAsDouble(1e-5) - log[d].applyAsDouble(-1e-5)) / 2e-5;
            assertEquals(slope, got[d], 1e-8);
        }
        double[] far = new double[2];
        domain.pull(new double[] {1e6, 0}, 1e-8, far); // nothing overflows: the nearest point is all there is
        assertEquals((1 - 1e6) / 1e-8, far[0], 1e-9 * 1e14);
        double[] at = {0.2, 0.9, -0.4};
        double[] corners = new double[3];
        double[] hot = new double[3];
        BridgeDomain.points(new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}).pull(at, 0.3, corners);
        BridgeDomain.oneHot(3).pull(at, 0.3, hot);
        assertArrayEquals(corners, hot, 1e-12);
    }

    /** A product is factor by factor: pulls, nearest points, and the same set in other units. */
    @Test
    void aProductIsItsFactors() {
        BridgeDomain domain = BridgeDomain.product(
                BridgeDomain.free(1),
                BridgeDomain.finite(-1, 0, 2),
                BridgeDomain.oneHot(3),
                BridgeDomain.interval(0, 1),
                BridgeDomain.halfLine(-0.5).times(2));
        assertEquals(8, domain.width());
        double[] y = {5, 0.9, 0.2, 0.1, 0.4, 1.5, -3, 0};
        double[] got = new double[8];
        domain.pull(y, 0.7, got);
        double[] hot = new double[3];
        BridgeDomain.oneHot(3).pull(new double[] {0.2, 0.1, 0.4}, 0.7, hot);
        assertArrayEquals(
                new double[] {
                    0,
                    pull(BridgeDomain.finite(-1, 0, 2), 0.9, 0.7),
                    hot[0],
                    hot[1],
                    hot[2],
                    pull(BridgeDomain.interval(0, 1), 1.5, 0.7),
                    pull(BridgeDomain.halfLine(-0.5), -3, 0.7),
                    pull(BridgeDomain.halfLine(-0.5), 0, 0.7)
                },
                got,
                0);
        assertArrayEquals(new double[] {5, 0, 0, 0, 1, 1, -0.5, 0}, domain.nearest(y), 0);
        assertTrue(Double.isNaN(domain.nearest(new double[] {0, Double.NaN, 0, 0, 0, 0, 0, 0})[1]));
        double[] means = {1, -2, 0.5, 0.5, 0.5, 0.25, 3, 0};
        double[] scales = {2, 2, 2, 2, 2, 2, 2, 2};
        double[] inside = new double[8];
        for (int d = 0; d < 8; d++) {
            inside[d] = (y[d] - means[d]) / scales[d];
        }
        double[] mapped = new double[8];
        domain.mapped(means, scales).pull(inside, 0.7 / 4, mapped);
        for (int d = 0; d < 8; d++) {
            assertEquals(got[d] * 2, mapped[d], 1e-12, "coordinate " + d);
        }
        assertEquals("free:1 x levels:-1,0,2 x onehot:3 x interval:0,1 x above:-0.5^2", domain.spec());
    }

    /** Weights from rows are those of {@link BridgeDomain#drawing} with their shares, factor by factor; a point of no row is there for half a row. */
    @Test
    void sharesOfRowsAreWeights() {
        BridgeBase base = LinearBase.ornsteinUhlenbeck(0.5, Clock.constant(2));
        BridgeDomain domain = BridgeDomain.product(
                BridgeDomain.finite(-1, 0, 2), BridgeDomain.interval(0, 1), BridgeDomain.oneHot(2));
        float[] rows = {2, 0.5f, 1, 0, 2, 0.25f, 0, 1, -1, 1, 0, 1};
        double[] y = {0.4, 0.2, 0.3, 0.6};
        double[] got = new double[4];
        domain.sharing(base, rows).pull(y, 0.5, got);
        double[] levels = new double[1];
        BridgeDomain.finite(-1, 0, 2).drawing(base, 1, 0.5, 2).pull(y, 0.5, levels);
        double[] hot = new double[2];
        BridgeDomain.oneHot(2).drawing(base, 1, 2).pull(new double[] {0.3, 0.6}, 0.5, hot);
        assertArrayEquals(
                new double[] {levels[0], pull(BridgeDomain.interval(0, 1), 0.2, 0.5), hot[0], hot[1]}, got, 1e-12);
    }

    @Test
    void refusesWhatIsNoDomain() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> BridgeDomain.interval(1, 1))
                .getMessage()
                .contains("got 1.0 to 1.0"));
        assertThrows(IllegalArgumentException.class, () -> BridgeDomain.finite());
        assertThrows(IllegalArgumentException.class, () -> BridgeDomain.finite(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> BridgeDomain.finite(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> BridgeDomain.oneHot(1));
        assertThrows(IllegalArgumentException.class, () -> BridgeDomain.free(0));
        assertThrows(IllegalArgumentException.class, () -> BridgeDomain.free(1).times(0));
        BridgeBase base = LinearBase.brownian(Clock.constant(1));
        assertThrows(
                IllegalArgumentException.class, () -> BridgeDomain.finite(0, 1).drawing(base, 1, 2, 3));
        assertThrows(
                IllegalArgumentException.class,
                () -> BridgeDomain.interval(0, 1).drawing(base, 1));
        assertThrows(
                IllegalArgumentException.class, () -> BridgeDomain.finite(0, 1).drawing(base, 1, 0));
    }
}
