package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Costs, distances and maps of normal laws: formulas of a line turned about, optimality, and rows with known moments. */
class GaussianTransportTest {
    /** Q diag(values) Q' with Q a turn of the plane. */
    private static double[][] turned(double first, double second) {
        double c = 0.8;
        double s = 0.6;
        return new double[][] {
            {c * c * first + s * s * second, c * s * (first - second)},
            {c * s * (first - second), s * s * first + c * c * second}
        };
    }

    /** Covariances with the same axes: all is a sum over these, (s0 - s1)^2 for W2^2, c = ((4 v0 v1 + s^2)^(1/2) - s)/2. */
    @ParameterizedTest
    @CsvSource({"0.05", "0.7", "20"})
    void alongSharedAxesItIsTheLine(double s) {
        double[] v = {0.3, 2};
        double[] w = {1.1, 0.4};
        Gaussian from = new Gaussian(new double[] {1, -1}, turned(v[0], v[1]));
        Gaussian to = new Gaussian(new double[] {0.5, 1}, turned(w[0], w[1]));
        double means = 0.25 + 4;
        double distance = means;
        double square = means;
        double information = 0;
        for (int i = 0; i < 2; i++) {
            double c = (Math.sqrt(4 * v[i] * w[i] + s * s) - s) / 2;
            distance += Math.pow(Math.sqrt(v[i]) - Math.sqrt(w[i]), 2);
            square += v[i] + w[i] - 2 * c;
            information -= 0.5 * Math.log(1 - c * c / (v[i] * w[i]));
        }
        GaussianBridge bridge = GaussianBridge.brownian(from, to, s);
        assertEquals(Math.sqrt(distance), from.wasserstein(to), 1e-12);
        assertEquals(square, bridge.meanSquare(), 1e-12);
        assertEquals(information, bridge.information(), 1e-12);
        assertEquals(square + 2 * s * information, bridge.cost(), 1e-12);
    }

    /** Any other covariance of the ends costs more, to second order in the change; of laws that share no axis. */
    @ParameterizedTest
    @CsvSource({"3, 0.2", "5, 2"})
    void noOtherCouplingCostsLess(int n, double s) {
        Gaussian from = GaussianBridgeTest.law(n, 1, 0);
        Gaussian to = GaussianBridgeTest.law(n, 2, 1);
        GaussianBridge bridge = GaussianBridge.brownian(from, to, s);
        double least = cost(from, to, s, bridge.coupling());
        assertEquals(least, bridge.cost(), 1e-10);
        double change = 1e-3;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double[] off = new double[2];
                for (int side = 0; side < 2; side++) {
                    double[][] other = new Dense(bridge.coupling()).times(1).numbers();
                    other[i][j] += side == 0 ? change : -change;
                    off[side] = cost(from, to, s, other) - least;
                    assertTrue(off[side] > 0, i + ", " + j + ": " + off[side]);
                }
                assertEquals(1, off[0] / off[1], 0.05, i + ", " + j);
            }
        }
    }

    /** |m0 - m1|^2 + tr(S0 + S1 - 2 C) + s ln(det S1/det(S1 - C' S0^-1 C)). */
    private static double cost(Gaussian from, Gaussian to, double s, double[][] numbers) {
        Dense c = new Dense(numbers);
        double cost = from.spread().plus(to.spread()).trace() - 2 * c.trace();
        for (int i = 0; i < c.size(); i++) {
            cost += Math.pow(from.mean()[i] - to.mean()[i], 2);
        }
        Dense left = to.spread()
                .minus(c.transposed().times(from.spread().inverse()).times(c))
                .symmetric();
        return cost + s * (to.spread().logDeterminant() - left.logDeterminant());
    }

    /** As the noise falls the mean square nears W2^2, from above by s in each dimension, where the laws share no axis. */
    @Test
    void theDistanceIsTheLimitOfTheBridge() {
        Gaussian from = GaussianBridgeTest.law(4, 3, 0);
        Gaussian to = GaussianBridgeTest.law(4, 4, 1);
        double distance = from.wasserstein(to);
        assertEquals(distance, to.wasserstein(from), 1e-12);
        assertEquals(0, from.wasserstein(from), 1e-7);
        for (double s : new double[] {1e-3, 1e-4}) {
            double excess = GaussianBridge.brownian(from, to, s).meanSquare() - distance * distance;
            assertEquals(4 * s, excess, 0.01 * s, "s = " + s);
        }
    }

    /** The regression of the second end on the first, and what it leaves: they make S1 and C again, with the two ends not exchanged. */
    @Test
    void meansAndResidualsAreThoseOfTheCoupling() {
        Gaussian from = GaussianBridgeTest.law(3, 5, 0);
        Gaussian to = GaussianBridgeTest.law(3, 6, 1);
        GaussianBridge bridge = GaussianBridge.brownian(from, to, 0.6);
        assertArrayEquals(to.mean(), bridge.mean(from.mean()), 1e-12);
        double[][] slope = new double[3][3]; // [coordinate of X1][coordinate of X0]
        for (int j = 0; j < 3; j++) {
            double[] x = from.mean().clone();
            x[j] += 1;
            double[] y = bridge.mean(x);
            for (int i = 0; i < 3; i++) {
                slope[i][j] = y[i] - to.mean()[i];
            }
        }
        Dense gain = new Dense(slope);
        double[][] crossed = from.spread().times(gain.transposed()).numbers();
        double[][] whole = gain.times(from.spread())
                .times(gain.transposed())
                .plus(new Dense(bridge.residual()))
                .numbers();
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(bridge.coupling()[i], crossed[i], 1e-12);
            assertArrayEquals(to.covariance()[i], whole[i], 1e-12);
        }
    }

    /** Moments of rows, also of rows far from 0: those of the deviations, which f32 holds exactly here. */
    @ParameterizedTest
    @CsvSource({"0", "1048576"})
    void rowsHaveTheirMoments(float far) {
        float[] rows = {1, 2, 3, 8, 5, 2, -1, 0, 4, 0.5f};
        for (int i = 0; i < rows.length; i += 2) {
            rows[i] += far;
        }
        Gaussian law = Gaussian.ofRows(rows, 2);
        assertArrayEquals(new double[] {2.4 + far, 2.5}, law.mean(), 1e-9);
        assertEquals(23.2 / 5, law.covariance()[0][0], 1e-12); // 1.96 + 0.36 + 6.76 + 11.56 + 2.56
        assertEquals(41 / 5.0, law.covariance()[1][1], 1e-12); // 0.25 + 30.25 + 0.25 + 6.25 + 4
        assertEquals(8 / 5.0, law.covariance()[0][1], 1e-12); // 0.7 + 3.3 - 1.3 + 8.5 - 3.2
        assertEquals(8 / 5.0, law.covariance()[1][0], 1e-12);
    }

    @Test
    void refusesRowsThatHaveNoNormalLaw() {
        refused("got 3 numbers", new float[3], 2);
        refused("coordinate 2 of the rows has one value", new float[] {1, 0.1f, 2, 0.1f, 4, 0.1f}, 2);
        refused("leave one out, or give more rows", new float[] {1, 2, 3, 6.0001f}, 2);
        refused("the least eigenvalue", new float[] {1, 0.1f, 2, 0.2f, 4, 0.4f, -7, -0.7f}, 2);
    }

    private static void refused(String why, float[] rows, int width) {
        String message = assertThrows(IllegalArgumentException.class, () -> Gaussian.ofRows(rows, width))
                .getMessage();
        assertTrue(message.contains(why), message);
    }
}
