package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;

/** The field on a device against the closed form in double. */
class GaussianMixtureScoreTest {
    private static final double[] WEIGHTS = {0.2, 0.5, 0.3};
    private static final double[][] MEANS = {{-2, 0, 1}, {1, 1, 0}, {0.5, -3, 2}};
    private static final double[][] VARIANCES = {{0.3, 0.1, 1}, {0.05, 0.5, 0.2}, {1, 1, 0.4}};
    private static final GaussianMixture MIXTURE = new GaussianMixture(
            WEIGHTS, MEANS, new double[][][] {diagonal(VARIANCES[0]), diagonal(VARIANCES[1]), diagonal(VARIANCES[2])});

    private static double[][] diagonal(double... variances) {
        double[][] matrix = new double[variances.length][variances.length];
        for (int i = 0; i < variances.length; i++) {
            matrix[i][i] = variances[i];
        }
        return matrix;
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void scoresAreThoseOfTheClosedForm(Device device) {
        int n = 65;
        for (String spec : List.of("vp", "ve:0.01,20", "subvp")) {
            Sde sde = ProcessSpec.parse(spec).on(Space.euclidean(3));
            GaussianMixtureScore field = new GaussianMixtureScore(MIXTURE, sde);
            for (double t : new double[] {0.05, 0.4, 0.99}) {
                float[] x = new float[3 * n];
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) (2 * Philox.words(4, i, Purpose.DATA, 0).normal(0));
                }
                float[] one = evaluate(device, field, x, t, false);
                float[] each = evaluate(device, field, x, t, true);
                for (int r = 0; r < n; r++) {
                    double[] expected = MIXTURE.score(sde, new double[] {x[3 * r], x[3 * r + 1], x[3 * r + 2]}, t);
                    double[] at = {x[3 * r], x[3 * r + 1], x[3 * r + 2]};
                    for (int d = 0; d < 3; d++) {
                        assertEquals(expected[d], one[3 * r + d], bound(sde, at, t, expected[d], 0), spec + " at " + t);
                        assertEquals(
                                expected[d],
                                each[3 * r + d],
                                bound(sde, at, t, expected[d], ofTheTable(sde, t)),
                                spec + " at " + t + ", a time a row");
                    }
                }
            }
        }
    }

    /**
     * Each component's log density adds up 2 x 3 + 4 roundings of its size, which its share is off by, relatively; so is the score, as
     * often as shares meet it, and by 8 roundings of its own. Where alpha and sigma are off by {@code off}, relatively, so are the
     * variance and the distance from a mean, twice.
     */
    private static double bound(Sde sde, double[] x, double t, double score, double off) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        double size = 0;
        double pull = Math.abs(score);
        for (int k = 0; k < 3; k++) {
            double log = Math.abs(Math.log(WEIGHTS[k]));
            for (int d = 0; d < 3; d++) {
                double v = alpha * alpha * VARIANCES[k][d] + sigma * sigma;
                double apart = x[d] - alpha * MEANS[k][d];
                log += 0.5 * (apart * apart / v + Math.abs(Math.log(2 * Math.PI * v)));
                pull = Math.max(pull, (Math.abs(x[d]) + Math.abs(alpha * MEANS[k][d])) / v);
            }
            // a component that is far away has no share, whatever its error
            size = Math.max(size, Math.min(log, 200));
        }
        double ofShares = (10 * 0x1p-24 + 4 * off) * size;
        return (2 * ofShares + 8 * 0x1p-24 + 4 * off) * pull;
    }

    /** Relative error of alpha and sigma from a table by ln t in f32: PerturbTest holds its parts. */
    private static double ofTheTable(Sde sde, double t) {
        double h = 1e-4;
        double ofAlpha = Math.abs(Math.log(sde.alpha(t * (1 + h)) / sde.alpha(t * (1 - h)))) / (2 * h);
        double ofSigma = Math.abs(Math.log(sde.sigma(t * (1 + h)) / sde.sigma(t * (1 - h)))) / (2 * h);
        return Math.max(ofAlpha, ofSigma) * 3 * 0x1p-20 + 16 * 0x1p-24;
    }

    private static float[] evaluate(Device device, Field field, float[] x, double t, boolean perRow) {
        int n = x.length / 3;
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                Evaluator evaluator = field.open(device, n);
                DeviceBuffer in = device.allocate(Element.F32, x.length);
                DeviceBuffer out = device.allocate(Element.F32, x.length);
                DeviceBuffer times = device.allocate(Element.F32, n)) {
            rows.assign(stream, 0, 0, n);
            stream.upload(x, 0, in, 0, x.length);
            float[] ts = new float[n];
            java.util.Arrays.fill(ts, (float) t);
            stream.upload(ts, 0, times, 0, n);
            evaluator.evaluate(
                    stream,
                    rows,
                    List.of(View.rows(in, 3)),
                    perRow ? Instant.perRow(View.rows(times, 1)) : Instant.at((float) t),
                    List.of(View.rows(out, 3)));
            float[] values = new float[x.length];
            stream.download(out, 0, values, 0, values.length);
            return values;
        }
    }

    @Test
    void covariancesThatAreNotDiagonalAreRefused() {
        GaussianMixture tilted = GaussianMixture.gaussian(new double[] {0, 0}, new double[][] {{1, 0.5}, {0.5, 1}});
        Sde sde = ProcessSpec.parse("vp").on(Space.euclidean(2));
        assertThrows(IllegalArgumentException.class, () -> new GaussianMixtureScore(tilted, sde));
        assertThrows(IllegalArgumentException.class, () -> new GaussianMixtureScore(MIXTURE, sde));
        assertArrayEquals(
                new String[] {"x"},
                new GaussianMixtureScore(MIXTURE, sde.on(Space.euclidean(3)))
                        .signature().from().stream().map(Signature.Port::name).toArray());
    }
}
