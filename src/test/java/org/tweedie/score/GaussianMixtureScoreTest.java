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
    private static final GaussianMixture MIXTURE = new GaussianMixture(
            new double[] {0.2, 0.5, 0.3},
            new double[][] {{-2, 0, 1}, {1, 1, 0}, {0.5, -3, 2}},
            new double[][][] {diagonal(0.3, 0.1, 1), diagonal(0.05, 0.5, 0.2), diagonal(1, 1, 0.4)});

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
                    double size = Math.max(
                            1, Math.max(Math.abs(expected[0]), Math.max(Math.abs(expected[1]), Math.abs(expected[2]))));
                    for (int d = 0; d < 3; d++) {
                        // shares of components are exponentials of logs up to some hundreds, rounded to f32
                        assertEquals(expected[d], one[3 * r + d], 1e-4 * size, spec + " at " + t);
                        assertEquals(expected[d], each[3 * r + d], 1e-4 * size, spec + " at " + t + ", a time a row");
                    }
                }
            }
        }
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
