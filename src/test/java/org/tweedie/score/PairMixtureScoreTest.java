package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.Sampler;
import org.tweedie.Samples;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.PairMixture;
import org.tweedie.sde.VpSde;

class PairMixtureScoreTest {
    private static final CldSde SDE = new CldSde().on(Space.euclidean(2));
    private static final PairMixture PAIRS = new PairMixture(
            new GaussianMixture(new double[] {0.3, 0.7}, new double[][] {{1, -1}, {-0.5, 0.4}}, new double[][][] {
                {{0.04, 0}, {0, 0.04}}, {{0.25, 0}, {0, 0.25}}
            }),
            SDE);

    /** The kernel against the formula in double. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void isTheScoreInDouble(Device device) {
        int count = 33;
        Field field = new PairMixtureScore(PAIRS);
        float[] u = new float[4 * count];
        for (int i = 0; i < u.length; i++) {
            u[i] = (float) Philox.words(3, i, Purpose.DATA, 0).normal(0) * (i < 2 * count ? 1 : 0.3f);
        }
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer memory = device.allocate(Element.F32, 6L * count);
                Evaluator evaluator = field.open(device, count)) {
            rows.assign(stream, 1, 0, count);
            stream.upload(u, 0, memory, 0, u.length);
            View x = new View(memory, 0, 2, 2);
            View v = new View(memory, 2L * count, 2, 2);
            View into = new View(memory, 4L * count, 2, 2);
            for (double t : new double[] {0.02, 0.3, 1}) {
                evaluator.evaluate(stream, rows, List.of(x, v), Instant.at(t), List.of(into));
                float[] got = new float[2 * count];
                stream.download(memory, 4L * count, got, 0, got.length);
                for (int r = 0; r < count; r++) {
                    double[][] exact = new double[1][2];
                    double[][] from = {{u[2 * r], u[2 * r + 1]}, {u[2 * (count + r)], u[2 * (count + r) + 1]}};
                    PAIRS.score().evaluate(from, t, exact);
                    for (int d = 0; d < 2; d++) {
                        double scale = 1 + StrictMath.abs(exact[0][0]) + StrictMath.abs(exact[0][1]);
                        assertEquals(exact[0][d], got[2 * r + d], 2e-4 * scale, "row " + r + " at " + t);
                    }
                }
            }
            assertThrows(
                    IllegalArgumentException.class,
                    () -> evaluator.evaluate(
                            stream, rows, List.of(x, v), Instant.perRow(x.columns(0, 1)), List.of(into)));
        }
    }

    /** Derivatives by position and velocity, and the way back, against differences of the score in double. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void itsDerivativesAreThoseOfTheScore(Device device) {
        double[][] u = {{0.3, -0.4}, {0.2, 0.1}};
        float[] along = {0.7f, -0.2f};
        double t = 0.15;
        double h = 1e-5;
        double[][][] jacobian = new double[2][2][2]; // by port and column, of the score's rows
        for (int port = 0; port < 2; port++) {
            for (int j = 0; j < 2; j++) {
                double[][] up = {u[0].clone(), u[1].clone()};
                double[][] down = {u[0].clone(), u[1].clone()};
                up[port][j] += h;
                down[port][j] -= h;
                double[][] a = new double[1][2];
                double[][] b = new double[1][2];
                PAIRS.score().evaluate(up, t, a);
                PAIRS.score().evaluate(down, t, b);
                for (int i = 0; i < 2; i++) {
                    jacobian[port][i][j] = (a[0][i] - b[0][i]) / (2 * h);
                }
            }
        }
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer memory = device.allocate(Element.F32, 12);
                Tape tape = new PairMixtureScore(PAIRS).tape(device, 1)) {
            rows.assign(stream, 1, 0, 1);
            float[] start = {0.3f, -0.4f, 0.2f, 0.1f, along[0], along[1]};
            stream.upload(start, 0, memory, 0, 6);
            View[] views = new View[6];
            for (int i = 0; i < 6; i++) {
                views[i] = new View(memory, 2L * i, 2, 2);
            }
            tape.forward(stream, rows, List.of(views[0], views[1]), Instant.at(t), List.of(views[3]));
            for (int port = 0; port < 2; port++) {
                tape.tangent(stream, rows, port, views[2], List.of(views[4]));
                float[] got = new float[2];
                stream.download(memory, 8, got, 0, 2);
                for (int i = 0; i < 2; i++) {
                    double expected = jacobian[port][i][0] * along[0] + jacobian[port][i][1] * along[1];
                    assertEquals(expected, got[i], 1e-3 * (1 + Math.abs(expected)), "port " + port);
                }
            }
            tape.backward(stream, rows, List.of(views[2]), null, List.of(views[4], views[5]));
            float[] back = new float[4];
            stream.download(memory, 8, back, 0, 4);
            for (int port = 0; port < 2; port++) {
                for (int j = 0; j < 2; j++) {
                    double expected = jacobian[port][0][j] * along[0] + jacobian[port][1][j] * along[1];
                    assertEquals(expected, back[2 * port + j], 1e-3 * (1 + Math.abs(expected)), "back " + port);
                }
            }
            assertThrows(
                    IllegalArgumentException.class, () -> tape.backward(stream, rows, List.of(views[2]), memory, null));
        }
    }

    /** Every execution of the methods gives the host's bits; what none of them fuses says why. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyExecutionHasTheSameBits(Device device) {
        Field field = new PairMixtureScore(PAIRS);
        try (Device host = Device.open("cpu:1")) {
            for (String spec : List.of("em", "ei", "pf", "heun", "sscs", "sscs:midpoint")) {
                float[] expected = Sampler.of(host, SDE, field, MethodSpec.method(spec))
                        .steps(5)
                        .sample(9, 4)
                        .rows();
                Sampler sampler =
                        Sampler.of(device, SDE, field, MethodSpec.method(spec)).steps(5);
                for (String execution : List.of("graph", "stepwise")) {
                    assertArrayEquals(
                            expected, sampler.execution(execution).sample(9, 4).rows(), spec + " by " + execution);
                }
                assertTrue(sampler.explain().toString().contains("fused"));
            }
        }
    }

    /** Samples have the mixture's mean and covariance within five standard errors, and its shares. */
    @Test
    void samplesAreOfTheMixture() {
        int count = 20_000;
        try (Device device = Device.open("cpu")) {
            Samples samples = Sampler.of(device, SDE, new PairMixtureScore(PAIRS), MethodSpec.method("sscs:midpoint"))
                    .grid(MethodSpec.parse("sscs:midpoint@100,quadratic").grid(SDE))
                    .sample(count, 7);
            int near = 0;
            double[] sum = new double[2];
            for (int i = 0; i < count; i++) {
                float x = samples.rows()[2 * i];
                float y = samples.rows()[2 * i + 1];
                sum[0] += x / count;
                sum[1] += y / count;
                near += Math.hypot(x - 1, y + 1) < 0.5 ? 1 : 0;
            }
            double[][] covariance = PAIRS.data().covariance();
            double[] mean = PAIRS.data().mean();
            for (int d = 0; d < 2; d++) {
                assertEquals(mean[d], sum[d], 5 * StrictMath.sqrt(covariance[d][d] / count));
            }
            // P(|N(0, 0.04 I)| < 0.5) = 1 - e^-3.125, and what the wide one leaves there
            int exact = 0;
            for (double[] row : PAIRS.data().samples(11, count)) {
                exact += Math.hypot(row[0] - 1, row[1] + 1) < 0.5 ? 1 : 0;
            }
            assertEquals(exact, near, 5 * StrictMath.sqrt(2.0 * exact));
        }
    }

    @Test
    void refusesWhatIsNotRound() {
        GaussianMixture oval = GaussianMixture.gaussian(new double[2], new double[][] {{1, 0}, {0, 2}});
        assertThrows(IllegalArgumentException.class, () -> new PairMixtureScore(new PairMixture(oval, SDE)));
        GaussianMixture line = GaussianMixture.round(1, new double[] {0});
        assertThrows(IllegalArgumentException.class, () -> new PairMixtureScore(new PairMixture(line, SDE)));
        try (Device device = Device.open("cpu:1")) {
            Sampler wrong = Sampler.of(
                    device, new VpSde().on(Space.euclidean(2)), new PairMixtureScore(PAIRS), MethodSpec.method("sscs"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> wrong.sample(1, 1))
                    .getMessage()
                    .contains("train with cld"));
        }
    }
}
