package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.sde.GaussianMixture;

/** Bridges on a line against the closed form of normal laws, matrix scaling, and both limits of the regularisation. */
class GridBridgeTest {
    /** Two modes, of unlike weight and width. */
    static final GaussianMixture TWO = new GaussianMixture(
            new double[] {0.4, 0.6}, new double[][] {{-1.5}, {1}}, new double[][][] {{{0.16}}, {{0.09}}});

    static final GaussianMixture ONE = GaussianMixture.gaussian(new double[] {0.5}, new double[][] {{0.49}});

    private static GridLaw normal(double mean, double variance, int count) {
        return GridLaw.of(GaussianMixture.gaussian(new double[] {mean}, new double[][] {{variance}}), count);
    }

    /** All that a bridge says, of normal laws: C = ((4 v0 v1 + s^2)^(1/2) - s)/2, information -ln(1 - C^2/(v0 v1))/2, regressions on X. */
    @ParameterizedTest
    @CsvSource({"0.25, 1, 0.05", "0.25, 1, 0.4", "2, 0.3, 3", "1, 1, 30"})
    void ofNormalLawsItIsTheClosedForm(double v0, double v1, double s) {
        double m0 = -0.7;
        double m1 = 0.4;
        GridBridge bridge = GridBridge.brownian(normal(m0, v0, 300), normal(m1, v1, 280), s);
        GaussianBridge closed = GaussianBridge.brownian(Gaussian.of(v0, m0), Gaussian.of(v1, m1), s);
        double c = closed.coupling()[0][0];
        assertEquals(c, bridge.covariance(), 1e-10);
        double square = (m0 - m1) * (m0 - m1) + v0 + v1 - 2 * c;
        double information = -0.5 * StrictMath.log1p(-c * c / (v0 * v1));
        assertEquals(square, bridge.meanSquare(), 1e-10);
        assertEquals(information, bridge.information(), 1e-10);
        assertEquals(square + 2 * s * information, bridge.cost(), 1e-10);
        for (double share : new double[] {0.2, 0.5, 0.9}) {
            Gaussian way = closed.at(share);
            double mean = way.mean()[0];
            double variance = way.covariance()[0][0];
            assertEquals(mean, bridge.mean(share), 1e-12);
            assertEquals(variance, bridge.variance(share), 1e-10);
            double toEnd = (1 - share) * c + share * v1; // Cov(X_u, X1)
            double toStart = (1 - share) * v0 + share * c;
            for (double x : new double[] {-1, 0.3, 1.2}) {
                double score = -(x - mean) / variance;
                assertEquals(
                        -0.5 * StrictMath.log(2 * Math.PI * variance) + 0.5 * score * (x - mean),
                        bridge.logDensity(share, x),
                        1e-9);
                assertEquals((m1 - toEnd * score - x) / (1 - share), bridge.drift(Direction.FORWARD, share, x), 1e-8);
                assertEquals((m0 - toStart * score - x) / share, bridge.drift(Direction.BACKWARD, 1 - share, x), 1e-8);
            }
        }
    }

    /** The masses of the coupling add up to both laws, and are those of matrix scaling in the plain domain, for points and masses of any kind. */
    @ParameterizedTest
    @ValueSource(doubles = {0.3, 1, 50})
    void massesAreThoseOfMatrixScaling(double s) {
        GridLaw from = new GridLaw(new double[] {-2, -1.9, 0, 0.4, 3}, new double[] {1, 4, 0, 2, 3});
        GridLaw to = new GridLaw(new double[] {-1, 0.5, 0.6, 2}, new double[] {3, 1, 1, 1e-9});
        GridBridge bridge = GridBridge.brownian(from, to, s);
        double[][] p = new double[5][4];
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 4; j++) {
                double apart = from.points()[i] - to.points()[j];
                p[i][j] = from.masses()[i] * to.masses()[j] * Math.exp(-apart * apart / (2 * s));
            }
        }
        for (int pass = 0; pass < 5000; pass++) {
            for (int i = 0; i < 5; i++) {
                double sum = p[i][0] + p[i][1] + p[i][2] + p[i][3];
                for (int j = 0; j < 4 && sum > 0; j++) {
                    p[i][j] *= from.masses()[i] / sum;
                }
            }
            for (int j = 0; j < 4; j++) {
                double sum = p[0][j] + p[1][j] + p[2][j] + p[3][j] + p[4][j];
                for (int i = 0; i < 5; i++) {
                    p[i][j] *= to.masses()[j] / sum;
                }
            }
        }
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 4; j++) {
                assertEquals(p[i][j], bridge.mass(i, j), 1e-11, i + ", " + j);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.5, 5})
    void bothEndsOfMixturesAreMet(double s) {
        GridLaw from = GridLaw.of(TWO, 200);
        GridLaw to = GridLaw.of(ONE, 150);
        GridBridge bridge = GridBridge.brownian(from, to, s);
        double[] right = new double[150];
        double off = 0;
        for (int i = 0; i < 200; i++) {
            double left = 0;
            for (int j = 0; j < 150; j++) {
                left += bridge.mass(i, j);
                right[j] += bridge.mass(i, j);
            }
            off += Math.abs(left - from.masses()[i]);
        }
        for (int j = 0; j < 150; j++) {
            off += Math.abs(right[j] - to.masses()[j]);
        }
        assertEquals(0, off, 2e-11);
    }

    /** Steps of half of the least deviation are as good as of a quarter; of the whole they are off by less than 1e-5, of three times it by more than 1e-4. */
    @Test
    void theErrorIsThatOfTheGrid() {
        double fine = covariance(0.075);
        assertEquals(fine, covariance(0.15), 1e-11);
        assertEquals(fine, covariance(0.3), 1e-5);
        double wide = Math.abs(covariance(0.9) - fine);
        assertTrue(wide > 1e-4, "steps of three: " + wide);
    }

    private static double covariance(double step) {
        int count = (int) Math.round(12 / step) + 1;
        return GridBridge.brownian(GridLaw.of(TWO, -6, 6, count), GridLaw.of(ONE, -6.05, 5.95, count), 0.5)
                .covariance();
    }

    /** The density on the way has the moments that the coupling gives it, and the two drifts add up to s times its score (Nelson 1967). */
    @ParameterizedTest
    @CsvSource({"0.4, 0.3", "0.4, 0.8", "3, 0.5"})
    void theWayIsThatOfAMixture(double s, double share) {
        GridBridge bridge = GridBridge.brownian(GridLaw.of(TWO, 250), GridLaw.of(ONE, 200), s);
        double step = 0.02;
        double mass = 0;
        double first = 0;
        double second = 0;
        for (double x = -12; x <= 12; x += step) {
            double density = Math.exp(bridge.logDensity(share, x)) * step;
            mass += density;
            first += density * x;
            second += density * x * x;
        }
        assertEquals(1, mass, 1e-10);
        assertEquals(bridge.mean(share), first, 1e-10);
        assertEquals(bridge.variance(share), second - first * first, 1e-9);
        for (double x : new double[] {-2, -0.5, 0.2, 1.5}) {
            double score = (bridge.logDensity(share, x + 1e-4) - bridge.logDensity(share, x - 1e-4)) / 2e-4;
            assertEquals(
                    s * score,
                    bridge.drift(Direction.FORWARD, share, x) + bridge.drift(Direction.BACKWARD, 1 - share, x),
                    1e-5);
        }
    }

    /** The example of docs/bridges.md. */
    @Test
    void theExampleIsTheBridgeOfTwoModesAndOne() {
        GaussianMixture two = TWO;
        GaussianMixture one = ONE;
        // snippet: line
        GridLaw from = GridLaw.of(two, 250); // masses at 250 points, nine deviations beyond its components
        GridLaw to = GridLaw.of(one, 200);
        GridBridge bridge = GridBridge.brownian(from, to, 0.4); // a motion of variance 0.4 from end to end
        double covariance = bridge.covariance(); // of the ends
        double drift = bridge.drift(Direction.FORWARD, 0.5, 0.1); // half way, at 0.1
        double density = Math.exp(bridge.logDensity(0.5, 0.1));
        // end
        double means = from.mean() - to.mean();
        assertEquals(means * means + from.variance() + to.variance() - 2 * covariance, bridge.meanSquare(), 1e-10);
        assertTrue(density > 0.1 && density < 1, "density " + density);
        assertTrue(drift > 0 && drift < 2, "drift " + drift);
    }

    /** As the variance falls the cost of the plan nears W2^2 by quantiles, from above by s to first order, and rows go where quantiles go. */
    @Test
    void withoutNoiseItIsTheMonotoneRearrangement() {
        double square = 0;
        int levels = 20_000;
        for (int k = 0; k < levels; k++) {
            double level = (k + 0.5) / levels;
            double apart = quantile(TWO, level) - quantile(ONE, level);
            square += apart * apart / levels;
        }
        double before = Double.POSITIVE_INFINITY;
        for (double s : new double[] {0.08, 0.04, 0.02}) {
            GridBridge bridge = GridBridge.brownian(GridLaw.of(TWO, -5.1, 3.7, 180), GridLaw.of(ONE, -4, 5, 180), s);
            double excess = bridge.meanSquare() - square;
            assertEquals(1, excess / s, 0.25, "s = " + s);
            double off = 0;
            for (double level : new double[] {0.1, 0.3, 0.7, 0.9}) {
                double x = quantile(TWO, level);
                off = Math.max(off, Math.abs(x + bridge.drift(Direction.FORWARD, 0, x) - quantile(ONE, level)));
            }
            assertTrue(off < 0.7 * before, "s = " + s + ": " + off + " after " + before);
            before = off;
        }
        assertTrue(before < 0.04, "off by " + before);
    }

    /** With much noise the ends are independent, with Cov(X0, X1) = v0 v1/s to first order. */
    @Test
    void withMuchNoiseTheEndsAreIndependent() {
        double v0 = TWO.covariance()[0][0];
        double v1 = ONE.covariance()[0][0];
        double apart = TWO.mean()[0] - ONE.mean()[0];
        GridBridge bridge = GridBridge.brownian(GridLaw.of(TWO, 200), GridLaw.of(ONE, 150), 1000);
        assertEquals(1, bridge.covariance() * 1000 / (v0 * v1), 1e-3);
        assertEquals(v0 + v1 + apart * apart, bridge.meanSquare(), 3e-3);
        assertEquals(v0 * v1 / 2e6, bridge.information(), 1e-8);
    }

    private static double quantile(GaussianMixture law, double level) {
        DoubleUnaryOperator below = x -> {
            double sum = 0;
            for (int k = 0; k < law.components(); k++) {
                double z = (x - law.mean(k)[0]) / Math.sqrt(law.covariance(k)[0][0]);
                double term = z;
                double series = z;
                for (int n = 3; Math.abs(term) > 1e-18; n += 2) {
                    term *= z * z / n;
                    series += term;
                }
                sum += law.weight(k) * (0.5 + Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * series);
            }
            return sum;
        };
        double low = -4;
        double high = 4;
        for (int i = 0; i < 40; i++) {
            double middle = (low + high) / 2;
            if (below.applyAsDouble(middle) < level) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Test
    void refusesWhatIsNoLaw() {
        refused(
                "1 to 4096 points, a mass for each, got 2 points and 1",
                () -> new GridLaw(new double[2], new double[1]));
        refused("got 1.0 at 1", () -> new GridLaw(new double[] {1, 1}, new double[] {1, 1}));
        refused("got NaN at 0", () -> new GridLaw(new double[] {Double.NaN}, new double[] {1}));
        refused("got -1.0 at 3.0", () -> new GridLaw(new double[] {3}, new double[] {-1}));
        refused("positive number, got 0.0", () -> new GridLaw(new double[] {3}, new double[] {0}));
        refused("got 2.0 to 1.0 by 5", () -> GridLaw.of(x -> 0, 2, 1, 5));
        refused("got 1.0 to 2.0 by 1", () -> GridLaw.of(x -> 0, 1, 2, 1));
        refused("masses are at least 0, got NaN", () -> GridLaw.of(x -> Double.NEGATIVE_INFINITY, 1, 2, 5));
        refused("a law of 2 dimensions", () -> GridLaw.of(GaussianMixture.round(1, new double[2]), 5));
        GridLaw line = GridLaw.of(x -> -x * x / 2, -9, 9, 60);
        refused("must be positive, got 0.0", () -> GridBridge.brownian(line, line, 0));
        refused(
                "does not resolve a variance of 1.0E-9 beside points that lie 18.0",
                () -> GridBridge.brownian(line, line, 1e-9));
        GridBridge bridge = GridBridge.brownian(line, line, 1);
        refused("in [0, 1), got 1.0", () -> bridge.drift(Direction.FORWARD, 1, 0));
        refused("in [0, 1], got 2.0", () -> bridge.mean(2));
        refused("in (0, 1), got 0.0", () -> bridge.logDensity(0, 0));
    }

    private static void refused(String why, org.junit.jupiter.api.function.Executable what) {
        String message = assertThrows(IllegalArgumentException.class, what).getMessage();
        assertTrue(message.contains(why), message);
    }
}
