package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MeanDiscrepancyTest {
    /** For N(0, s^2 I) and N(m, t^2 I) the mean of the Gaussian kernel is a Gaussian of variance h^2 + s^2 + t^2 (times (2 pi h^2)^(d/2)). */
    @Test
    void rbfOfGaussiansIsTheClosedFormAndTheIntervalHoldsIt() {
        int width = 2;
        double h = 1.3;
        double s = 1;
        double t = 1.5;
        double m = 0.7;
        double exact = kernelMean(h, 2 * s * s, 0, width)
                + kernelMean(h, 2 * t * t, 0, width)
                - 2 * kernelMean(h, s * s + t * t, m * m * width, width);
        MeanDiscrepancy rbf = new MeanDiscrepancy(new PairKernel.Rbf(h));
        int repeats = 60;
        double sum = 0;
        double squares = 0;
        double claimed = 0;
        int held = 0;
        for (int r = 0; r < repeats; r++) {
            Estimate e = rbf.estimate(Gaussians.of(2 * r, 300, width, 0, s), Gaussians.of(2 * r + 1, 200, width, m, t));
            sum += e.value();
            squares += e.value() * e.value();
            claimed += (e.high() - e.low()) / 2 / 1.96 / repeats;
            held += e.low() <= exact && exact <= e.high() ? 1 : 0;
        }
        double mean = sum / repeats;
        double deviation = Math.sqrt((squares / repeats - mean * mean) * repeats / (repeats - 1));
        assertEquals(exact, mean, 4 * deviation / Math.sqrt(repeats)); // without bias; false alarm 1e-4
        assertTrue(deviation / Math.sqrt(repeats) < 0.03 * exact, "would see 15 %: " + deviation);
        assertEquals(1, claimed / deviation, 4 * 0.1); // a deviation of 60 has a standard error of 9 %
        assertTrue(held >= 50, held + " of 60 intervals hold the truth"); // P(Bin(60, 0.95) < 50) = 3e-4
    }

    private static double kernelMean(double h, double variance, double squaredShift, int width) {
        double wide = h * h + variance;
        return Math.pow(h * h / wide, width / 2.0) * Math.exp(-squaredShift / (2 * wide));
    }

    /** Value and jackknife, each from its definition: every pair, every row left out. */
    @Test
    void smallSamplesAreTheDefinition() {
        Points x = Gaussians.of(1, 6, 3, 0, 1);
        Points y = Gaussians.of(2, 4, 3, 1, 1);
        check(x, y, new PairKernel.Rbf(0.8), square -> Math.exp(-square / 1.28), 4e-7);
        check(x, y, new PairKernel.Riesz(1), square -> -Math.sqrt(square), 4e-7 * 3);
        check(x, y, new PairKernel.Riesz(1.5), square -> -Math.pow(square, 0.75), 1e-6 * 5);
    }

    private static void check(Points x, Points y, PairKernel kernel, DoubleUnaryOperator k, double bound) {
        double variance = 0;
        for (int side = 0; side < 2; side++) {
            Points sample = side == 0 ? x : y;
            double[] without = new double[sample.rows()];
            for (int i = 0; i < without.length; i++) {
                without[i] = direct(side == 0 ? drop(x, i) : x, side == 0 ? y : drop(y, i), k);
            }
            double mean = IntStream.range(0, without.length)
                    .mapToDouble(i -> without[i])
                    .average()
                    .orElseThrow();
            for (double value : without) {
                variance += (value - mean) * (value - mean) * (without.length - 1) / without.length;
            }
        }
        Estimate estimate = new MeanDiscrepancy(kernel).estimate(x, y);
        assertEquals(direct(x, y, k), estimate.value(), bound);
        assertEquals(1.959963984540054 * Math.sqrt(variance), estimate.high() - estimate.value(), 2 * bound);
    }

    private static Points drop(Points points, int row) {
        return Points.pooled(points.slice(0, row), points.slice(row + 1, points.rows()));
    }

    private static double direct(Points x, Points y, DoubleUnaryOperator k) {
        return mean(x, x, true, k) + mean(y, y, true, k) - 2 * mean(x, y, false, k);
    }

    private static double mean(Points x, Points y, boolean distinct, DoubleUnaryOperator k) {
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < x.rows(); i++) {
            for (int j = 0; j < y.rows(); j++) {
                if (!distinct || i != j) {
                    sum += k.applyAsDouble(Gaussians.square(x, i, y, j));
                    pairs++;
                }
            }
        }
        return sum / pairs;
    }

    @Test
    void theMedianOfDistances() {
        Points points = new Points(new float[] {0, 1, 3}, 1); // distances 1, 2, 3
        assertEquals(4, PairKernel.medianSquare(points));
        assertEquals(
                3,
                PairKernel.medianRbf(points, new Points(new float[] {0, 6}, 1)).bandwidth());
    }

    @Test
    void badNumbersAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> new PairKernel.Riesz(2));
        assertThrows(IllegalArgumentException.class, () -> new PairKernel.Rbf(0));
        Points equal = new Points(new float[8], 2);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> PairKernel.medianRbf(equal, equal))
                .getMessage()
                .contains("most rows are equal"));
        Estimate two = EnergyDistance.estimate(equal.first(2), equal);
        assertEquals(Double.POSITIVE_INFINITY, two.high());
    }
}
