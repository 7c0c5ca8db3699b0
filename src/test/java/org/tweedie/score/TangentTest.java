package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.TestDevices;

/** Derivatives along directions: the adjoint of the backward pass, central differences, and one answer on all devices. */
class TangentTest {
    private static final int ROWS = 37;
    private static final int DIM = 3;

    static java.util.stream.Stream<Arguments> networks() {
        return TestDevices.times(
                List.of("mlp:16x3", "mlp:17x2,tanh", "mlp:16x3,sin,residual", "mlp:16x2,gelu", "mlp:16x1,softplus"));
    }

    private static Network network(Device device, String spec) {
        Signature signature = Signature.over(DIM, new Signature.Port("c", Space.euclidean(2)));
        Network network = Architecture.parse(spec).create(signature, Prediction.NOISE, 5, device);
        float[] values = new float[(int) network.parameters().count()];
        try (Stream stream = device.stream()) {
            stream.download(network.parameters().values(), 0, values, 0, values.length);
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (0.3 * Math.sin(1 + i));
            }
            stream.upload(values, 0, network.parameters().values(), 0, values.length);
            stream.synchronize();
        }
        return network;
    }

    private static float[] random(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (2 * random.nextDouble() - 1);
        }
        return values;
    }

    /** Buffers of a test, on one stream. */
    private static final class Bench implements AutoCloseable {
        private final List<AutoCloseable> open = new ArrayList<>();
        private final Device device;
        private final Stream stream;
        private final RowSet rows;

        Bench(Device device) {
            this.device = device;
            stream = device.stream();
            rows = RowSet.on(device);
            rows.assign(stream, 0, 0, ROWS);
        }

        View of(float[] values, int width) {
            DeviceBuffer buffer = device.allocate(Element.F32, values.length);
            open.add(buffer);
            stream.upload(values, 0, buffer, 0, values.length);
            return View.rows(buffer, width);
        }

        View out(int width) {
            return of(new float[ROWS * width], width);
        }

        float[] read(View view) {
            float[] values = new float[ROWS * view.width()];
            stream.download(view.data(), 0, values, 0, values.length);
            return values;
        }

        @Override
        public void close() throws Exception {
            for (AutoCloseable one : open) {
                one.close();
            }
            rows.close();
            stream.close();
        }
    }

    private static double dot(float[] a, float[] b, int row, int width) {
        double sum = 0;
        for (int d = 0; d < width; d++) {
            sum += (double) a[row * width + d] * b[row * width + d];
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aTangentIsTheAdjointOfTheBackwardPass(Device device, String spec) throws Exception {
        Network network = network(device, spec);
        try (Bench bench = new Bench(device);
                Tape tape = network.tape(device, ROWS);
                DeviceBuffer weights = network.parameters().values()) {
            View x = bench.of(random(ROWS * DIM, 1), DIM);
            View c = bench.of(random(ROWS * 2, 2), 2);
            View t = bench.of(random(ROWS, 3), 1);
            float[][] directions = {random(ROWS * DIM, 4), random(ROWS * 2, 5)};
            float[] cotangent = random(ROWS * DIM, 6);
            View out = bench.out(DIM);
            tape.forward(bench.stream, bench.rows, List.of(x, c), Instant.perRow(t), List.of(out));
            View[] tangents = {bench.out(DIM), bench.out(DIM)};
            for (int port = 0; port < 2; port++) {
                View direction = bench.of(directions[port], port == 0 ? DIM : 2);
                tape.tangent(bench.stream, bench.rows, port, direction, List.of(tangents[port]));
            }
            View[] back = {bench.out(DIM), bench.out(2)};
            tape.backward(bench.stream, bench.rows, List.of(bench.of(cotangent, DIM)), null, List.of(back[0], back[1]));
            for (int port = 0; port < 2; port++) {
                float[] forth = bench.read(tangents[port]);
                float[] home = bench.read(back[port]);
                for (int r = 0; r < ROWS; r++) {
                    double there = dot(forth, cotangent, r, DIM);
                    assertEquals(
                            there, dot(home, directions[port], r, port == 0 ? DIM : 2), 2e-5 * (1 + Math.abs(there)));
                }
            }
        }
    }

    /** The derivative and the divergence against central differences of the network itself, and the bits of the host. */
    @ParameterizedTest
    @MethodSource("networks")
    void derivativesAreThoseOfDifferences(Device device, String spec) throws Exception {
        float[] here = derivatives(device, spec);
        try (Device host = Device.open("cpu:1")) {
            assertArrayEquals(derivatives(host, spec), here);
        }
    }

    private float[] derivatives(Device device, String spec) throws Exception {
        Network network = network(device, spec);
        try (Bench bench = new Bench(device);
                Evaluator plain = network.open(device, ROWS);
                Evaluator directional = new Directional(network).open(device, ROWS);
                Evaluator divergence = new Divergence(network).open(device, ROWS);
                DeviceBuffer weights = network.parameters().values()) {
            float[] at = random(ROWS * DIM, 1);
            View c = bench.of(random(ROWS * 2, 2), 2);
            View direction = bench.of(random(ROWS * DIM, 4), DIM);
            View out = bench.out(DIM);
            View tangent = bench.out(DIM);
            View trace = bench.out(1);
            Instant t = Instant.at(0.3);
            View x = bench.of(at, DIM);
            directional.evaluate(bench.stream, bench.rows, List.of(x, direction, c), t, List.of(out, tangent));
            divergence.evaluate(bench.stream, bench.rows, List.of(x, c), t, List.of(out, trace));
            float[] along = bench.read(tangent);
            float[] traces = bench.read(trace);
            double[] sums = new double[ROWS];
            float[] v = bench.read(direction);
            double[][] jv = new double[ROWS][DIM];
            float h = 1f / 64;
            for (int i = 0; i < DIM; i++) {
                float[][] ends = new float[2][];
                for (int side = 0; side < 2; side++) {
                    float[] moved = at.clone();
                    for (int r = 0; r < ROWS; r++) {
                        moved[r * DIM + i] += side == 0 ? h : -h;
                    }
                    plain.evaluate(bench.stream, bench.rows, List.of(bench.of(moved, DIM), c), t, List.of(out));
                    ends[side] = bench.read(out);
                }
                for (int r = 0; r < ROWS; r++) {
                    for (int o = 0; o < DIM; o++) {
                        double slope = (ends[0][r * DIM + o] - ends[1][r * DIM + o]) / (2 * h);
                        jv[r][o] += slope * v[r * DIM + i];
                        sums[r] += o == i ? slope : 0;
                    }
                }
            }
            for (int r = 0; r < ROWS; r++) {
                assertEquals(sums[r], traces[r], 0.01 * (1 + Math.abs(sums[r])), spec + " trace of row " + r);
                for (int o = 0; o < DIM; o++) {
                    assertEquals(jv[r][o], along[r * DIM + o], 0.01 * (1 + Math.abs(jv[r][o])), spec + " row " + r);
                }
            }
            return along;
        }
    }

    /** The Hessian of a mixture against its closed form in double. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void theScoreOfAMixtureHasItsHessian(Device device) throws Exception {
        VpSde sde = new VpSde().on(Space.euclidean(DIM));
        GaussianMixture mixture = GaussianMixture.round(0.2, new double[] {1, 0, -1}, new double[] {-1, 0.5, 0});
        try (Bench bench = new Bench(device);
                Tape tape = new GaussianMixtureScore(mixture, sde).tape(device, ROWS)) {
            float[] at = random(ROWS * DIM, 1);
            float[] v = random(ROWS * DIM, 4);
            float[] times = random(ROWS, 3);
            for (int r = 0; r < ROWS; r++) {
                times[r] = 0.5f + 0.4f * times[r];
            }
            View tangent = bench.out(DIM);
            tape.forward(
                    bench.stream,
                    bench.rows,
                    List.of(bench.of(at, DIM)),
                    Instant.perRow(bench.of(times, 1)),
                    List.of(bench.out(DIM)));
            tape.tangent(bench.stream, bench.rows, 0, bench.of(v, DIM), List.of(tangent));
            float[] along = bench.read(tangent);
            for (int r = 0; r < ROWS; r++) {
                double[][] jacobian = mixture.scoreJacobian(
                        sde, new double[] {at[r * DIM], at[r * DIM + 1], at[r * DIM + 2]}, times[r]);
                for (int i = 0; i < DIM; i++) {
                    double exact = 0;
                    for (int j = 0; j < DIM; j++) {
                        exact += jacobian[i][j] * v[r * DIM + j];
                    }
                    assertEquals(exact, along[r * DIM + i], 2e-5 * (1 + Math.abs(exact)), "row " + r);
                }
            }
            assertThrows(
                    IllegalArgumentException.class,
                    () -> tape.tangent(bench.stream, bench.rows, 1, bench.of(v, DIM), List.of(tangent)));
        }
    }
}
