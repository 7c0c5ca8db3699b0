package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;

/** Samplers on the device with a score that is known: the limit law is that of the data, in closed form. */
class ExactScoreTest {
    private static final int ROWS = 20_000;

    private static final Sde VP = new VpSde().on(Space.euclidean(2));

    /** Weights 0.2 and 0.8 at distance 6: a sampler that ignored the mass would give one half each. */
    private static final GaussianMixture MIXTURE =
            new GaussianMixture(new double[] {0.2, 0.8}, new double[][] {{-3, 0}, {3, 1}}, new double[][][] {
                {{0.25, 0}, {0, 1}}, {{1, 0}, {0, 0.09}}
            });

    private static Samples sample(Device device, String method, int rows) {
        MethodSpec spec = MethodSpec.parse(method);
        return Sampler.of(device, VP, new GaussianMixtureScore(MIXTURE, VP), spec.method())
                .grid(spec.grid(VP))
                .sample(rows, 5);
    }

    /**
     * Mean and covariance of the mixture, and the mass of its first mode, inside 5 standard errors of {@value #ROWS} samples plus the
     * method's own error: at these steps below 0.01 by the tables of docs/choosing-a-sampler.md. 6 numbers, false alarm 4e-6.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "em@500,logsnr",
                "dpm2m@60",
                "heun@60,logsnr",
                "ddim:0@400,logsnr",
                "ancestral@1000",
                "pc:0.1@400",
                "edm:10@150"
            })
    void limitsToTheMixture(String method) {
        try (Device device = Device.open("cpu")) {
            float[] rows = sample(device, method, ROWS).rows();
            double[] mean = MIXTURE.mean();
            double[][] covariance = MIXTURE.covariance();
            double[] m = new double[2];
            int left = 0;
            for (int r = 0; r < ROWS; r++) {
                m[0] += rows[2 * r] / ROWS;
                m[1] += rows[2 * r + 1] / ROWS;
                left += rows[2 * r] < 0 ? 1 : 0;
            }
            double[][] c = new double[2][2];
            for (int r = 0; r < ROWS; r++) {
                for (int i = 0; i < 2; i++) {
                    for (int j = 0; j < 2; j++) {
                        c[i][j] += (rows[2 * r + i] - m[i]) * (rows[2 * r + j] - m[j]) / ROWS;
                    }
                }
            }
            // P(x < 0): N(-3, 0.25) lies left but for 1e-9, N(3, 1) reaches left with 0.00135
            double mass = 0.2 + 0.8 * 0.0013499;
            assertEquals(
                    mass,
                    (double) left / ROWS,
                    5 * Math.sqrt(mass * (1 - mass) / ROWS) + 0.01,
                    "mass of the first mode");
            for (int i = 0; i < 2; i++) {
                assertEquals(mean[i], m[i], 5 * Math.sqrt(covariance[i][i] / ROWS) + 0.06, "mean " + i);
                for (int j = 0; j <= i; j++) {
                    // the variance of a product of centred coordinates is at most 3 times the product of variances here
                    double error = Math.sqrt(3 * covariance[i][i] * covariance[j][j] / ROWS);
                    assertEquals(
                            covariance[i][j],
                            c[i][j],
                            5 * error + 0.03 * Math.sqrt(covariance[i][i] * covariance[j][j]),
                            "covariance " + i + "," + j);
                }
            }
        }
    }

    /** The same bits on every device, with every execution. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceGivesTheBitsOfTheHost(Device device) {
        try (Device host = Device.open("cpu:1")) {
            assertArrayEquals(
                    sample(host, "dpm2m@4", 33).rows(),
                    sample(device, "dpm2m@4", 33).rows());
            assertArrayEquals(
                    sample(host, "pc:0.1,1,em@3", 33).rows(),
                    sample(device, "pc:0.1,1,em@3", 33).rows());
        }
    }

    @Test
    void theColumnsAreThoseOfTheProcess() {
        try (Device device = Device.open("cpu")) {
            Samples samples = sample(device, "ddim:0@2", 3);
            assertEquals(java.util.List.of("x1", "x2"), samples.columns());
            assertTrue(samples.run().nfe() == 2);
        }
    }
}
