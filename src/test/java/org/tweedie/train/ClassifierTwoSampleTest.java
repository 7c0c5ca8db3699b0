package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.metric.Binomial;
import org.tweedie.metric.Points;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

class ClassifierTwoSampleTest {
    private static Points gaussian(long seed, int rows, double mean, double deviation) {
        float[] values = new float[2 * rows];
        for (int i = 0; i < rows; i++) {
            Words words = Philox.words(seed, i, Purpose.DATA, 0);
            values[2 * i] = (float) (mean + deviation * words.normal(0));
            values[2 * i + 1] = (float) (deviation * words.normal(1));
        }
        return new Points(values, 2);
    }

    /** N(0, I) against N((1, 0), I): the best rule is right Phi(1/2) = 0.69146 of the time, and no rule does better. */
    @Test
    void shiftedGaussiansAreToldApartAsWellAsTheyCanBe() {
        try (Device device = Device.open("cpu")) {
            ClassifierTwoSample test =
                    ClassifierTwoSample.of(gaussian(1, 3000, 0, 1), gaussian(2, 3000, 1, 1), device, 3);
            double error = Math.sqrt(0.69146 * 0.30854 / 3000);
            assertEquals(0.69146, test.accuracy().value(), 4 * error + 0.01); // and a hundredth that it may miss
            assertTrue(test.accuracy().value() < 0.69146 + 4 * error);
            assertTrue(test.pValue() < 1e-50, test.toString());
            assertEquals(3000, test.tried());
        }
    }

    /** A difference that no straight line sees: the best rule, by the radius, is right with probability 1/2 + (e^-a - e^-4a)/2, a = ln 4 / 3. */
    @Test
    void deviationsAreToldApartToo() {
        try (Device device = Device.open("cpu")) {
            ClassifierTwoSample test =
                    ClassifierTwoSample.of(gaussian(4, 2000, 0, 1), gaussian(5, 2000, 0, 2), device, 6);
            double a = Math.log(4) / 3; // densities cross where exp(-r^2/2) = exp(-r^2/8)/4: r^2/8 = a
            double best = 0.5 + (Math.exp(-a) - Math.exp(-4 * a)) / 2;
            assertEquals(best, test.accuracy().value(), 4 * Math.sqrt(0.25 / 2000) + 0.015);
        }
    }

    /** Of equal laws the p-value is uniform: the least of 8 is below 1e-4 with a probability of 8e-4. */
    @Test
    void equalLawsAreNotToldApart() {
        try (Device device = Device.open("cpu")) {
            double least = 1;
            double most = 0;
            for (int r = 0; r < 8; r++) {
                double p = ClassifierTwoSample.of(
                                gaussian(2 * r, 300, 0, 1), gaussian(2 * r + 1, 300, 0, 1), device, r, 50)
                        .pValue();
                least = Math.min(least, p);
                most = Math.max(most, p);
            }
            assertTrue(least > 1e-4 && most > 0.3, least + " to " + most);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceGivesTheSameAnswer(Device device) {
        Points x = gaussian(7, 150, 0, 1);
        Points y = gaussian(8, 150, 1, 1);
        try (Device host = Device.open("cpu")) {
            assertEquals(ClassifierTwoSample.of(x, y, host, 9, 3), ClassifierTwoSample.of(x, y, device, 9, 3));
        }
    }

    @Test
    void tailsOfTheBinomialLaw() {
        assertEquals(1, Binomial.atLeast(0, 10), 1e-12);
        assertEquals(56.0 / 1024, Binomial.atLeast(8, 10), 1e-15); // 45 + 10 + 1
        assertEquals(Math.pow(2, -100), Binomial.atLeast(100, 100), 1e-42);
        assertThrows(IllegalArgumentException.class, () -> Binomial.atLeast(3, 2));
    }

    @Test
    void smallOrOddSamplesAreRefused() {
        try (Device device = Device.open("cpu")) {
            Points x = gaussian(1, 10, 0, 1);
            assertTrue(
                    assertThrows(IllegalArgumentException.class, () -> ClassifierTwoSample.of(x, x.first(3), device, 1))
                            .getMessage()
                            .contains("at least 4 rows"));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ClassifierTwoSample.of(x, new Points(new float[30], 3), device, 1));
        }
    }
}
