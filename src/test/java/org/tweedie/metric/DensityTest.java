package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DensityTest {
    @Test
    void theEstimateIsItsDefinition() {
        Points sample = Gaussians.of(1, 700, 3, 0, 1);
        Points rows = Gaussians.of(2, 20, 3, 0, 3);
        double h = 0.4;
        double[] density = new KernelDensity(sample, h).logDensity(rows);
        for (int i = 0; i < 20; i++) {
            double sum = 0;
            for (int j = 0; j < 700; j++) {
                sum += Math.exp(-Gaussians.square(rows, i, sample, j) / (2 * h * h)) / 700;
            }
            assertEquals(Math.log(sum) - 1.5 * Math.log(2 * Math.PI * h * h), density[i], 4e-7 * Math.abs(density[i]));
        }
        double far =
                new KernelDensity(new Points(new float[] {0}, 1), 1).logDensity(new Points(new float[] {100}, 1))[0];
        assertEquals(-5000 - 0.5 * Math.log(2 * Math.PI), far, 5000 * 4e-7);
    }

    /** Over samples of N(0, s^2) the mean of the estimate at y is N(y; 0, s^2 + h^2); its variance too is a closed form. */
    @Test
    void overGaussianSamplesItsMeanIsTheClosedForm() {
        double h = 0.5;
        int n = 20_000;
        KernelDensity density = new KernelDensity(Gaussians.of(3, n, 1, 0, 2), h);
        for (float y : new float[] {0, 1, 3}) {
            double mean = normal(y, 4 + h * h);
            double square = normal(0, 2 * h * h) * normal(y, 4 + h * h / 2);
            double error = Math.sqrt((square - mean * mean) / n);
            double value = Math.exp(density.logDensity(new Points(new float[] {y}, 1))[0]);
            assertEquals(mean, value, 4 * error);
            assertTrue(error < 0.03 * mean);
        }
    }

    private static double normal(double x, double variance) {
        return Math.exp(-x * x / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
    }

    /** The entropy of N(0, 1) is 1.4189 nats: no density does better than -1.4189 on average, and the best bandwidth comes near. */
    @Test
    void theBandwidthChosenIsAGoodOne() {
        KernelDensity density = KernelDensity.of(Gaussians.of(4, 1000, 1, 0, 1));
        double scott = Math.pow(1000, -0.2);
        assertTrue(density.bandwidth() > scott / 2 && density.bandwidth() < 2 * scott, "" + density.bandwidth());
        Estimate likelihood = density.logLikelihood(Gaussians.of(5, 4000, 1, 0, 1));
        double entropy = 0.5 * Math.log(2 * Math.PI * Math.E);
        double error = Math.sqrt(0.5 / 4000); // the deviation of -x^2/2
        assertEquals(-entropy, likelihood.value(), 4 * error + 0.02);
        assertEquals(error, (likelihood.high() - likelihood.low()) / 2 / 1.96, 0.2 * error);
        assertThrows(IllegalArgumentException.class, () -> KernelDensity.of(new Points(new float[6], 2)));
        assertThrows(IllegalArgumentException.class, () -> new KernelDensity(new Points(new float[6], 2), -1));
    }

    @Test
    void coverageOfHandMadeSets() {
        Points real = new Points(new float[] {0, 1, 3, 10}, 1); // radii for k = 1: 1, 1, 2, 7
        Points samples = new Points(new float[] {0.5f, 0.6f, 5.5f, 30}, 1); // radii 0.1, 0.1, 4.9, 24.5
        Coverage coverage = Coverage.of(samples, real, 1);
        assertEquals(0.75, coverage.precision().value()); // 0.5, 0.6; 5.5 in the ball of 10; 30 in none
        assertEquals(0.75, coverage.recall().value()); // 1 and 3 by 5.5 (0.6 .. 10.4), 10 by it and by 30; 0 by none
        assertEquals((2 + 2 + 1) / 4.0, coverage.density().value());
        assertEquals(0.75, coverage.coverage().value()); // 3 has 1 to 5 empty
        assertThrows(IllegalArgumentException.class, () -> Coverage.of(samples, real, 4));
    }

    /** Of equal laws mean density and mean coverage are known, whatever the law. */
    @Test
    void coverageOfEqualLawsIsTheClosedForm() {
        int n = 120;
        int m = 90;
        int k = 5;
        int repeats = 80;
        double[] density = new double[repeats];
        double[] covered = new double[repeats];
        for (int r = 0; r < repeats; r++) {
            Coverage coverage = Coverage.of(Gaussians.of(2 * r, m, 3, 0, 1), Gaussians.of(2 * r + 1, n, 3, 0, 1), k);
            density[r] = coverage.density().value();
            covered[r] = coverage.coverage().value();
        }
        within(1, Estimate.ofMean(density));
        within(Coverage.coverageOfEqualLaws(m, n, k), Estimate.ofMean(covered));
    }

    private static void within(double exact, Estimate estimate) {
        double error = (estimate.high() - estimate.low()) / 2 / 1.96;
        assertTrue(error < 0.02 * exact, estimate.toString());
        assertEquals(exact, estimate.value(), 4 * error);
    }

    @Test
    void intervalsOfSharesAndMeans() {
        Estimate share = Estimate.ofShare(8, 10); // Wilson 1927, as in any table
        assertEquals(0.4902, share.low(), 5e-5);
        assertEquals(0.9433, share.high(), 5e-5);
        assertEquals(0, Estimate.ofShare(0, 10).low());
        assertEquals(1, Estimate.ofShare(10, 10).high());
        assertThrows(IllegalArgumentException.class, () -> Estimate.ofShare(2, 1));
        Estimate mean = Estimate.ofMean(new double[] {1, 2, 3, 4});
        assertEquals(2.5 + 1.959963984540054 * Math.sqrt(5.0 / 12), mean.high(), 1e-12);
    }
}
