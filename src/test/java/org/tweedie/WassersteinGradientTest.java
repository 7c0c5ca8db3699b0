package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.Gaussian;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Device;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.Functional;
import org.tweedie.train.KernelDiscrepancy;
import org.tweedie.train.KullbackLeibler;
import org.tweedie.train.TrainSpec;

/**
 * Learned steps of gradient flows between normal laws. Down a KL the best map is affine, y = A (x - mu) + mu', with
 *
 * <pre>   S^-1 A V - A^-T + (A - I) V / h = 0,   (S^-1 + I / h) mu' = S^-1 m + mu / h</pre>
 *
 * <p>and down a discrepancy it is, for small h, minus h times twice the slope of the witness.
 */
class WassersteinGradientTest {
    private static final TrainSpec SPEC = TrainSpec.steps(1000)
            .withBatch(256)
            .withRate(5e-3)
            .withAverage(0.99)
            .withSeed(3);

    /** The middles of {@code count} parts of a normal law, each as likely. */
    private static Dataset quantiles(int count, double mean, double variance) {
        NormalDistribution law = NormalDistribution.of(mean, Math.sqrt(variance));
        float[] rows = new float[count];
        for (int i = 0; i < count; i++) {
            rows[i] = (float) law.inverseCumulativeProbability((i + 0.5) / count);
        }
        return Dataset.of(rows, "x");
    }

    private static Dataset plane(int count, double[] mean, double[][] factor) {
        float[] rows = new float[2 * count];
        for (int r = 0; r < count; r++) {
            double[] z = {
                Philox.words(5, r, Purpose.DATA, 0).normal(0),
                Philox.words(5, r, Purpose.DATA, 0).normal(1)
            };
            for (int i = 0; i < 2; i++) {
                rows[2 * r + i] = (float) (mean[i] + factor[i][0] * z[0] + factor[i][1] * z[1]);
            }
        }
        return Dataset.of(rows, "x", "y");
    }

    /** The factor of the best step from variance v down KL(. | N(m, s2)): the root above 0 of a^2 v (1/s2 + 1/h) - a v / h - 1. */
    private static double factor(double v, double s2, double h) {
        double p = v * (1 / s2 + 1 / h);
        return (v / h + Math.sqrt(v / h * (v / h) + 4 * p)) / (2 * p);
    }

    @Test
    void theStepOfOneColumnIsTheClosedForm() {
        double h = 0.5;
        Dataset samples = quantiles(4096, 1.5, 0.25);
        Gaussian law = Gaussian.ofRows(samples.values(), 1);
        double v = law.covariance()[0][0];
        double a = factor(v, 0.81, h);
        double mean = (law.mean()[0] / h + 0.2 / 0.81) / (1 / h + 1 / 0.81);
        try (Device device = Device.open("cpu:1");
                WassersteinGradient gradient = WassersteinGradient.estimate(
                        KullbackLeibler.to(new double[] {0.2}, new double[][] {{0.81}}),
                        samples,
                        Mlp.of(16, 2),
                        h,
                        SPEC,
                        device)) {
            float[] at = new float[5];
            for (int i = 0; i < at.length; i++) {
                at[i] = (float) (law.mean()[0] + (i - 2) * Math.sqrt(v));
            }
            float[] moved = gradient.moved(at);
            float[] direction = gradient.direction(at);
            for (int i = 0; i < at.length; i++) {
                double expected = mean + a * (at[i] - law.mean()[0]);
                assertEquals(expected, moved[i], 0.02, "at " + at[i]);
                assertEquals((moved[i] - at[i]) / h, direction[i], 1e-6);
            }
            double loss = (a * a * v + (mean - 0.2) * (mean - 0.2)) / (2 * 0.81)
                    + Math.log(2 * Math.PI * 0.81) / 2
                    - Math.log(a)
                    + ((a - 1) * (a - 1) * v + Math.pow(mean - law.mean()[0], 2)) / (2 * h);
            assertEquals(loss, gradient.result().smoothLoss(), 0.003);
        }
    }

    /** Solves for A by Newton's method: the derivative along E is S^-1 E V + A^-T E' A^-T + E V / h. */
    private static double[][] best(double[][] precision, double[][] v, double h) {
        double[][] a = {{1, 0}, {0, 1}};
        for (int round = 0; round < 50; round++) {
            double[][] inverse = turned(inverse(a));
            double[][] rest = sum(product(precision, product(a, v)), -1, inverse);
            rest = sum(rest, 1 / h, product(sum(a, -1, new double[][] {{1, 0}, {0, 1}}), v));
            double[][] system = new double[4][5];
            for (int k = 0; k < 4; k++) {
                double[][] unit = new double[2][2];
                unit[k / 2][k % 2] = 1;
                double[][] slope = sum(product(precision, product(unit, v)), 1 / h, product(unit, v));
                slope = sum(slope, 1, product(inverse, product(turned(unit), inverse)));
                for (int i = 0; i < 4; i++) {
                    system[i][k] = slope[i / 2][i % 2];
                }
                system[k][4] = -rest[k / 2][k % 2];
            }
            double[] step = solved(system);
            for (int k = 0; k < 4; k++) {
                a[k / 2][k % 2] += step[k];
            }
        }
        return a;
    }

    private static double[][] product(double[][] x, double[][] y) {
        double[][] product = new double[2][2];
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < 2; k++) {
                product[i][k] = x[i][0] * y[0][k] + x[i][1] * y[1][k];
            }
        }
        return product;
    }

    private static double[][] sum(double[][] x, double b, double[][] y) {
        return new double[][] {
            {x[0][0] + b * y[0][0], x[0][1] + b * y[0][1]}, {x[1][0] + b * y[1][0], x[1][1] + b * y[1][1]}
        };
    }

    private static double[][] turned(double[][] x) {
        return new double[][] {{x[0][0], x[1][0]}, {x[0][1], x[1][1]}};
    }

    private static double[][] inverse(double[][] x) {
        double determinant = x[0][0] * x[1][1] - x[0][1] * x[1][0];
        return new double[][] {
            {x[1][1] / determinant, -x[0][1] / determinant}, {-x[1][0] / determinant, x[0][0] / determinant}
        };
    }

    /** Of [M | b], by elimination with the greatest pivot first. */
    private static double[] solved(double[][] system) {
        int n = system.length;
        for (int k = 0; k < n; k++) {
            for (int i = k + 1; i < n; i++) {
                if (Math.abs(system[i][k]) > Math.abs(system[k][k])) {
                    double[] row = system[i];
                    system[i] = system[k];
                    system[k] = row;
                }
            }
            for (int i = 0; i < n; i++) {
                double factor = i == k ? 0 : system[i][k] / system[k][k];
                for (int j = k; factor != 0 && j <= n; j++) {
                    system[i][j] -= factor * system[k][j];
                }
            }
        }
        double[] solution = new double[n];
        for (int k = 0; k < n; k++) {
            solution[k] = system[k][n] / system[k][k];
        }
        return solution;
    }

    /** Covariances that do not commute: the map turns no row, but both its axes are others than theirs. */
    @Test
    void theStepOfTwoColumnsIsTheClosedForm() {
        double h = 0.5;
        double[][] root = {{0.8, 0}, {0.5, 0.4}};
        Dataset samples = plane(20_000, new double[] {1, -0.5}, root);
        Gaussian law = Gaussian.ofRows(samples.values(), 2);
        double[] target = {0, 0.3};
        double[][] covariance = {{1, -0.4}, {-0.4, 0.6}};
        double[][] precision = inverse(covariance);
        double[][] a = best(precision, law.covariance(), h);
        assertEquals(a[0][1], a[1][0], 1e-9, "a gradient of a convex function, as optimal maps are");
        double[][] pull = sum(precision, 1 / h, new double[][] {{1, 0}, {0, 1}});
        double[] right = new double[2];
        for (int i = 0; i < 2; i++) {
            right[i] = precision[i][0] * target[0] + precision[i][1] * target[1] + law.mean()[i] / h;
        }
        double[] mean = solved(new double[][] {{pull[0][0], pull[0][1], right[0]}, {pull[1][0], pull[1][1], right[1]}});
        try (Device device = Device.open("cpu:1");
                WassersteinGradient gradient = WassersteinGradient.estimate(
                        KullbackLeibler.to(target, covariance), samples, Mlp.of(24, 2), h, SPEC, device)) {
            double worst = 0;
            float[] at = new float[2 * 9];
            for (int k = 0; k < 9; k++) {
                double[] z = {k == 8 ? 0 : 1.5 * Math.cos(k * Math.PI / 4), k == 8 ? 0 : 1.5 * Math.sin(k * Math.PI / 4)
                };
                for (int i = 0; i < 2; i++) {
                    at[2 * k + i] = (float) (law.mean()[i] + root[i][0] * z[0] + root[i][1] * z[1]);
                }
            }
            float[] moved = gradient.moved(at);
            for (int k = 0; k < 9; k++) {
                for (int i = 0; i < 2; i++) {
                    double expected =
                            mean[i] + a[i][0] * (at[2 * k] - law.mean()[0]) + a[i][1] * (at[2 * k + 1] - law.mean()[1]);
                    worst = Math.max(worst, Math.abs(expected - moved[2 * k + i]));
                }
            }
            assertTrue(worst < 0.03, "off by " + worst);
        }
    }

    /** For normal mu and target, E k(x, .) of N(m, v) is l / sqrt(l^2 + v) exp(-(x - m)^2 / (2 (l^2 + v))). */
    @Test
    void theStepOfADiscrepancyFollowsTheWitness() {
        double l = 0.8;
        double h = 0.01;
        try (Device device = Device.open("cpu:1");
                WassersteinGradient gradient = WassersteinGradient.estimate(
                        new KernelDiscrepancy(quantiles(200, 0, 1), l),
                        quantiles(4096, 1, 0.25),
                        Mlp.of(16, 2),
                        h,
                        SPEC.withSteps(1500),
                        device)) {
            float[] at = {0, 0.5f, 1, 1.5f, 2};
            float[] direction = gradient.direction(at);
            for (int i = 0; i < at.length; i++) {
                double expected = -2 * (slope(at[i], 1, 0.25, l) - slope(at[i], 0, 1, l));
                assertEquals(expected, direction[i], 0.03, "at " + at[i]);
            }
        }
    }

    private static double slope(double x, double m, double v, double l) {
        double s = l * l + v;
        return -(x - m) / s * l / Math.sqrt(s) * Math.exp(-(x - m) * (x - m) / (2 * s));
    }

    /** m and v of the flow of KL(. | N(0, 1)) from N(3, 1/4) at time 1, by {@code steps} best steps. */
    private static double[] flowed(int steps) {
        double m = 3;
        double v = 0.25;
        double h = 1.0 / steps;
        for (int k = 0; k < steps; k++) {
            m /= 1 + h;
            double a = factor(v, 1, h);
            v *= a * a;
        }
        return new double[] {m, v};
    }

    /** The flow is that of Ornstein and Uhlenbeck: m e^-t, 1 + (v - 1) e^-2t; best steps follow it to first order, and learned ones the best. */
    @Test
    void stepsFollowTheFlow() {
        double[] exact = {3 * Math.exp(-1), 1 - 0.75 * Math.exp(-2)};
        double[] coarse = flowed(64);
        double[] fine = flowed(128);
        for (int i = 0; i < 2; i++) {
            double order = Math.log((coarse[i] - exact[i]) / (fine[i] - exact[i])) / Math.log(2);
            assertEquals(1, order, 0.03, i == 0 ? "mean" : "variance");
        }
        try (Device device = Device.open("cpu:1")) {
            Dataset samples = quantiles(4096, 3, 0.25);
            // snippet: flow
            Functional kl = KullbackLeibler.to(new double[] {0}, new double[][] {{1}});
            Dataset law = samples; // N(3, 1/4)
            for (int k = 0; k < 4; k++) {
                try (WassersteinGradient gradient =
                        WassersteinGradient.estimate(kl, law, Mlp.of(16, 2), 0.25, TrainSpec.steps(400), device)) {
                    law = Dataset.of(gradient.moved(law.values()), "x");
                }
            }
            // end
            Gaussian now = Gaussian.ofRows(law.values(), 1);
            assertEquals(flowed(4)[0], now.mean()[0], 0.01);
            assertEquals(flowed(4)[1], now.covariance()[0][0], 0.01);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void learnsTheSameOnEveryDevice(Device device) {
        TrainSpec spec = SPEC.withSteps(10).withBatch(32);
        Dataset samples = plane(300, new double[] {1, 0}, new double[][] {{1, 0}, {0.5, 1}});
        float[] at = samples.values();
        for (Functional functional : List.of(
                KullbackLeibler.to(new double[2], new double[][] {{1, 0.3}, {0.3, 2}}),
                new KernelDiscrepancy(plane(100, new double[] {0, 1}, new double[][] {{0.5, 0}, {0, 0.5}}), 1))) {
            try (Device host = Device.open("cpu:1");
                    WassersteinGradient gradient =
                            WassersteinGradient.estimate(functional, samples, Mlp.of(16, 1), 0.2, spec, device);
                    WassersteinGradient expected =
                            WassersteinGradient.estimate(functional, samples, Mlp.of(16, 1), 0.2, spec, host)) {
                float[] moved = gradient.moved(at);
                assertArrayEquals(expected.moved(at), moved);
                double most = 0;
                for (int i = 0; i < at.length; i++) {
                    most = Math.max(most, Math.abs(at[i] - moved[i]));
                }
                assertTrue(most > 1e-3, "it moves: " + most);
                assertEquals(0, gradient.moved(new float[0]).length);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        Dataset line = quantiles(64, 0, 1);
        Functional kl = KullbackLeibler.to(new double[] {0}, new double[][] {{1}});
        TrainSpec spec = SPEC.withSteps(2).withBatch(8);
        try (Device device = Device.open("cpu:1")) {
            long before = device.allocatedBytes();
            String wide = assertThrows(
                            IllegalArgumentException.class,
                            () -> WassersteinGradient.estimate(
                                    KullbackLeibler.to(new double[2], new double[][] {{1, 0}, {0, 1}}),
                                    line,
                                    Mlp.of(8, 1),
                                    0.1,
                                    spec,
                                    device))
                    .getMessage();
            assertTrue(wide.startsWith("a law of 2 columns is told by rows of as many"), wide);
            String step = assertThrows(
                            IllegalArgumentException.class,
                            () -> WassersteinGradient.estimate(kl, line, Mlp.of(8, 1), -1, spec, device))
                    .getMessage();
            assertTrue(step.startsWith("the step h of a gradient flow must be positive and finite, got -1.0"), step);
            String far = assertThrows(
                            IllegalArgumentException.class,
                            () -> WassersteinGradient.estimate(
                                    KullbackLeibler.to(new double[] {1e30}, new double[][] {{1}}),
                                    line,
                                    Mlp.of(8, 1),
                                    0.1,
                                    spec,
                                    device))
                    .getMessage();
            assertTrue(far.startsWith("the gradient was not learned: step 1 was not finite"), far);
            WassersteinGradient gradient = WassersteinGradient.estimate(kl, line, Mlp.of(8, 1), 0.1, spec, device);
            assertEquals(0.1, gradient.step());
            gradient.close();
            gradient.close();
            assertThrows(ClosedException.class, () -> gradient.direction(new float[1]));
            assertEquals(before, device.allocatedBytes(), "all of it is given back");
            try (WassersteinGradient plane = WassersteinGradient.estimate(
                    new KernelDiscrepancy(plane(50, new double[2], new double[][] {{1, 0}, {0, 1}}), 1),
                    plane(50, new double[2], new double[][] {{1, 0}, {0, 1}}),
                    Mlp.of(8, 1),
                    0.1,
                    spec,
                    device)) {
                String odd = assertThrows(IllegalArgumentException.class, () -> plane.moved(new float[3]))
                        .getMessage();
                assertTrue(odd.startsWith("3 numbers are no rows of 2"), odd);
            }
        }
    }
}
