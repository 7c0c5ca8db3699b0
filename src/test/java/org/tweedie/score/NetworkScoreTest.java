package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Space;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.TestDevices;

/** A network's score against its definition, its derivatives against differences and against each other, at one time and at a time a row. */
class NetworkScoreTest {
    private static final int ROWS = 19;
    private static final int DIM = 3;
    private static final Sde SDE = new VpSde().on(Space.euclidean(DIM));

    static java.util.stream.Stream<Arguments> predictions() {
        return TestDevices.times(List.of(Prediction.values()));
    }

    private static float[] waves(int count, double phase) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(phase + 1.7 * i);
        }
        return values;
    }

    /** Memory of a test, on one stream. */
    private record Bench(Device device, Stream stream, RowSet rows, List<AutoCloseable> open) {
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
    }

    @ParameterizedTest
    @MethodSource("predictions")
    void derivatives(Device device, Prediction prediction) throws Exception {
        Signature signature = Signature.over(DIM, new Signature.Port("c", Space.euclidean(2)));
        Network network = Architecture.parse("mlp:16x2").create(signature, prediction, 5, device);
        float[] weights = new float[(int) network.parameters().count()];
        List<AutoCloseable> open = new ArrayList<>();
        open.add(network.parameters().values());
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device)) {
            stream.download(network.parameters().values(), 0, weights, 0, weights.length);
            for (int i = 0; i < weights.length; i++) {
                weights[i] += (float) (0.3 * Math.sin(1 + i));
            }
            stream.upload(weights, 0, network.parameters().values(), 0, weights.length);
            set.assign(stream, 0, 0, ROWS);
            Bench bench = new Bench(device, stream, set, open);
            Parametrisation p = Parametrisation.preconditioned(SDE, prediction, 1);
            float[] each = new float[ROWS];
            for (int i = 0; i < ROWS; i++) {
                each[i] = 0.3f + 0.03f * i;
            }
            check(bench, network, p, Instant.at(0.4), null);
            check(bench, network, p, Instant.perRow(bench.of(each, 1)), each);
        } finally {
            for (AutoCloseable one : open) {
                one.close();
            }
        }
    }

    private static void check(Bench bench, Network network, Parametrisation p, Instant t, float[] each) {
        NetworkScore field = new NetworkScore(network, p);
        float[] x = waves(ROWS * DIM, 0.2);
        float[] c = waves(ROWS * 2, 0.9);
        float[] v = waves(ROWS * DIM, 2.1);
        float[] u = waves(ROWS * DIM, 3.3);
        float[] score = score(bench, field, x, c, t);
        float[] expected = byDefinition(bench, network, p, x, c, each);
        for (int i = 0; i < score.length; i++) {
            assertEquals(expected[i], score[i], 2e-5 * (1 + Math.abs(expected[i])));
        }
        float[] tangent;
        float[] back;
        float[] condition;
        try (Tape tape = field.tape(bench.device(), ROWS)) {
            View out = bench.out(DIM);
            View along = bench.out(DIM);
            View gradient = bench.out(DIM);
            View towardsC = bench.out(2);
            tape.forward(bench.stream(), bench.rows(), List.of(bench.of(x, DIM), bench.of(c, 2)), t, List.of(out));
            tape.tangent(bench.stream(), bench.rows(), 0, bench.of(v, DIM), List.of(along));
            tape.backward(bench.stream(), bench.rows(), List.of(bench.of(u, DIM)), null, List.of(gradient, towardsC));
            tangent = bench.read(along);
            back = bench.read(gradient);
            View ofC = bench.out(DIM);
            tape.tangent(bench.stream(), bench.rows(), 1, bench.of(c, 2), List.of(ofC));
            condition = bench.read(ofC);
            float[] backC = bench.read(towardsC);
            for (int r = 0; r < ROWS; r++) {
                double one = 0;
                double other = 0;
                for (int d = 0; d < DIM; d++) {
                    one += u[r * DIM + d] * condition[r * DIM + d];
                }
                for (int d = 0; d < 2; d++) {
                    other += backC[2 * r + d] * c[2 * r + d];
                }
                assertEquals(one, other, 5e-5 * (1 + Math.abs(one)), "condition, row " + r);
            }
        }
        float h = 1e-2f;
        float[] up = x.clone();
        float[] down = x.clone();
        for (int i = 0; i < x.length; i++) {
            up[i] += h * v[i];
            down[i] -= h * v[i];
        }
        float[] above = score(bench, field, up, c, t);
        float[] below = score(bench, field, down, c, t);
        for (int r = 0; r < ROWS; r++) {
            double one = 0;
            double other = 0;
            for (int d = 0; d < DIM; d++) {
                int i = r * DIM + d;
                assertEquals((above[i] - below[i]) / (2 * h), tangent[i], 4e-3 * (1 + Math.abs(tangent[i])));
                one += u[i] * tangent[i];
                other += back[i] * v[i];
            }
            assertEquals(one, other, 5e-5 * (1 + Math.abs(one)), "row " + r);
        }
    }

    private static float[] score(Bench bench, NetworkScore field, float[] x, float[] c, Instant t) {
        try (Evaluator evaluator = field.open(bench.device(), ROWS)) {
            View out = bench.out(DIM);
            evaluator.evaluate(
                    bench.stream(), bench.rows(), List.of(bench.of(x, DIM), bench.of(c, 2)), t, List.of(out));
            return bench.read(out);
        }
    }

    /** skip x + gain out(scale x; network's time), the network a row at a time. */
    private static float[] byDefinition(
            Bench bench, Network network, Parametrisation p, float[] x, float[] c, float[] each) {
        float[] score = new float[x.length];
        try (Evaluator evaluator = network.open(bench.device(), ROWS)) {
            for (int r = 0; r < ROWS; r++) {
                double t = each == null ? 0.4 : each[r];
                float[] scaled = x.clone();
                for (int i = 0; i < x.length; i++) {
                    scaled[i] = (float) (p.inputScale(t) * x[i]);
                }
                View out = bench.out(DIM);
                evaluator.evaluate(
                        bench.stream(),
                        bench.rows(),
                        List.of(bench.of(scaled, DIM), bench.of(c, 2)),
                        Instant.at(p.networkTime(t)),
                        List.of(out));
                float[] all = bench.read(out);
                for (int i = r * DIM; i < (r + 1) * DIM; i++) {
                    score[i] = (float) (p.skip(t) * x[i] + p.gain(t) * all[i]);
                }
            }
        }
        return score;
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aCotangentThatDoesNotFitIsRefused(Device device) {
        FormulaWriter f = Formula.writer("half of it");
        Formula narrow = f.output(f.input(2)).formula();
        Network network = Architecture.parse("mlp:8x1").create(Signature.over(DIM), Prediction.NOISE, 5, device);
        NetworkScore score = new NetworkScore(network, Parametrisation.plain(SDE, Prediction.NOISE));
        assertThrows(IllegalArgumentException.class, () -> new DenoisedGradient(score, SDE, narrow));
        network.parameters().values().close();
    }
}
