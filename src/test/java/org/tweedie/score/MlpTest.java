package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Graph;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.sde.Prediction;

/** The f32 network against the reference in double, within the running error bound of the same sums. */
class MlpTest {
    /** One network on a device with rows uploaded. */
    private static final class Bench implements AutoCloseable {
        final MlpCase shape;
        final Stream stream;
        final RowSet rows;
        final MlpNetwork network;
        final DeviceBuffer x;
        final DeviceBuffer t;
        final DeviceBuffer out;
        final List<View> from = new ArrayList<>();
        private final List<AutoCloseable> open = new ArrayList<>();

        Bench(Device device, MlpCase shape) {
            this.shape = shape;
            stream = device.stream();
            rows = RowSet.on(device);
            open.add(rows);
            rows.assign(stream, 1, 0, shape.rows());
            DeviceBuffer weights = upload(shape.weights());
            network = shape.mlp()
                    .network(
                            shape.signature(),
                            Prediction.NOISE,
                            new Parameters(shape.mlp().tensors(shape.signature()), weights));
            x = upload(shape.x());
            t = upload(shape.times());
            out = buffer(shape.rows() * shape.outputs());
            View all = View.rows(x, shape.signature().inputs());
            int first = 0;
            for (int width : shape.ports()) {
                from.add(all.columns(first, width));
                first += width;
            }
        }

        DeviceBuffer buffer(int count) {
            DeviceBuffer buffer = stream.device().allocate(Element.F32, count);
            open.add(buffer);
            return buffer;
        }

        DeviceBuffer upload(float[] values) {
            DeviceBuffer buffer = buffer(values.length);
            stream.upload(values, 0, buffer, 0, values.length);
            return buffer;
        }

        float[] download(DeviceBuffer buffer) {
            float[] values = new float[(int) buffer.count()];
            stream.download(buffer, 0, values, 0, values.length);
            return values;
        }

        View rows(DeviceBuffer buffer, int width) {
            return View.rows(buffer, width);
        }

        Instant times() {
            return Instant.perRow(View.rows(t, 1));
        }

        List<View> into() {
            return List.of(View.rows(out, shape.outputs()));
        }

        @Override
        public void close() throws Exception {
            for (AutoCloseable resource : open) {
                resource.close();
            }
            stream.close();
        }
    }

    /** What the check found: entries, and the worst error in units of its bound. */
    private record Found(int entries, double worst) {
        static Found of(float[] actual, double[] expected, double[] bound) {
            double worst = 0;
            for (int i = 0; i < actual.length; i++) {
                double error = Math.abs(actual[i] - expected[i]);
                worst = Math.max(
                        worst, error == 0 ? 0 : Double.isNaN(error) ? Double.POSITIVE_INFINITY : error / bound[i]);
            }
            return new Found(actual.length, worst);
        }

        Found and(Found other) {
            return new Found(entries + other.entries, Math.max(worst, other.worst));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void valuesAndGradientsAreThoseOfTheReference(Device device) throws Exception {
        Found all = new Found(0, 0);
        for (MlpCase shape : MlpCase.all()) {
            Found found = compare(device, shape, 1);
            assertTrue(found.worst <= 1, shape + ": " + found.worst + " times the bound");
            all = all.and(found);
        }
        assertTrue(all.entries >= 2000, "only " + all.entries + " entries");
        assertTrue(all.worst > 1e-3, "a bound that is a thousand times too wide checks nothing: " + all.worst);
    }

    @Test
    void aWrongSignIsCaught() throws Exception {
        try (Device device = Device.open("cpu:1")) {
            assertTrue(compare(device, MlpCase.all().get(2), -1).worst > 1);
        }
    }

    private static Found compare(Device device, MlpCase shape, float sign) throws Exception {
        try (Bench bench = new Bench(device, shape);
                Tape tape = bench.network.tape(device, shape.rows())) {
            float[] c = shape.cotangents();
            DeviceBuffer cotangent = bench.upload(c);
            DeviceBuffer gradient =
                    bench.buffer((int) bench.network.parameters().count());
            DeviceBuffer dx = bench.buffer(shape.rows() * shape.signature().inputs());
            List<View> dFrom = new ArrayList<>();
            for (int i = 0, first = 0; i < shape.ports().length; first += shape.ports()[i++]) {
                dFrom.add(View.rows(dx, shape.signature().inputs()).columns(first, shape.ports()[i]));
            }
            tape.forward(bench.stream, bench.rows, bench.from, bench.times(), bench.into());
            tape.backward(bench.stream, bench.rows, List.of(View.rows(cotangent, shape.outputs())), gradient, dFrom);
            float[] out = bench.download(bench.out);
            float[] g = bench.download(gradient);
            float[] gx = bench.download(dx);

            MlpReference reference = new MlpReference(
                    shape.mlp(),
                    shape.outputs(),
                    bench.network.parameters().tensors(),
                    MlpCase.doubles(shape.weights(), 0, g.length));
            int in = shape.signature().inputs();
            double[][] expected = {
                new double[out.length], new double[out.length], new double[gx.length], new double[gx.length]
            };
            for (int r = 0; r < shape.rows(); r++) {
                MlpReference.Row row = reference.new Row(MlpCase.doubles(shape.x(), r * in, in), shape.times()[r]);
                row.backward(MlpCase.doubles(c, r * shape.outputs(), shape.outputs()));
                System.arraycopy(row.out.v(), 0, expected[0], r * shape.outputs(), shape.outputs());
                System.arraycopy(row.out.e(), 0, expected[1], r * shape.outputs(), shape.outputs());
                System.arraycopy(row.dx.v(), 0, expected[2], r * in, in);
                System.arraycopy(row.dx.e(), 0, expected[3], r * in, in);
            }
            for (int i = 0; i < g.length; i++) {
                g[i] *= sign;
            }
            return Found.of(out, expected[0], expected[1])
                    .and(Found.of(gx, expected[2], expected[3]))
                    .and(Found.of(g, reference.gradient, reference.gradientError));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void evaluatorTapeOneTimeAndGraphGiveTheSameBits(Device device) throws Exception {
        for (MlpCase shape : MlpCase.all().subList(14, 23)) {
            try (Bench bench = new Bench(device, shape);
                    Tape tape = bench.network.tape(device, shape.rows());
                    Evaluator evaluator = bench.network.open(device, shape.rows())) {
                bench.stream.upload(filled(shape.rows(), 0.375f), 0, bench.t, 0, shape.rows());
                tape.forward(bench.stream, bench.rows, bench.from, bench.times(), bench.into());
                float[] expected = bench.download(bench.out);
                evaluator.evaluate(bench.stream, bench.rows, bench.from, bench.times(), bench.into());
                assertArrayEquals(expected, bench.download(bench.out), shape + ", evaluator");
                try (Graph graph = bench.stream.capture(() ->
                        evaluator.evaluate(bench.stream, bench.rows, bench.from, Instant.at(0.375), bench.into()))) {
                    bench.stream.zero(bench.out, 0, bench.out.count());
                    bench.stream.launch(graph);
                }
                assertArrayEquals(expected, bench.download(bench.out), shape + ", one time, from a graph");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aRowDoesNotSeeTheBatch(Device device) throws Exception {
        MlpCase shape = new MlpCase("mlp:33x2", new int[] {2, 3}, 2, 131, 4);
        try (Bench bench = new Bench(device, shape);
                Evaluator evaluator = bench.network.open(device, shape.rows())) {
            evaluator.evaluate(bench.stream, bench.rows, bench.from, bench.times(), bench.into());
            float[] together = bench.download(bench.out);
            for (int r : new int[] {0, 63, 64, 130}) {
                bench.rows.assign(bench.stream, 1, 0, 1);
                List<View> from = bench.from.stream().map(view -> view.from(r)).toList();
                evaluator.evaluate(
                        bench.stream,
                        bench.rows,
                        from,
                        Instant.perRow(View.rows(bench.t, 1).from(r)),
                        bench.into());
                assertArrayEquals(
                        java.util.Arrays.copyOfRange(together, 2 * r, 2 * r + 2),
                        java.util.Arrays.copyOf(bench.download(bench.out), 2),
                        "row " + r);
            }
        }
    }

    private static float[] filled(int count, float value) {
        float[] values = new float[count];
        java.util.Arrays.fill(values, value);
        return values;
    }

    @Test
    void specsAreReadBack() {
        for (String spec : List.of(
                "mlp:128x3",
                "mlp:64x2,tanh,residual",
                "mlp:8x1,gelu,gaussian:5:1.5",
                "mlp:8x1,residual,sinusoidal:4:1000:10000",
                "mlp:512x5,sin,fourier:8:0.5:4")) {
            assertEquals(spec, Architecture.parse(spec).spec());
        }
        for (String bad : List.of(
                "mlp:", "mlp:0x3", "mlp:128", "mlp:128x3,swish", "unet:64", "mlp:128x3,fourier:0:1:1", "mlp:99999x1")) {
            assertThrows(IllegalArgumentException.class, () -> Architecture.parse(bad), bad);
        }
    }

    @Test
    void initialWeightsHaveTheirVarianceAndTheOutputStartsAtZero() {
        Mlp mlp = Mlp.of(128, 3);
        Signature signature = Signature.over(2);
        float[] values = mlp.initial(signature, 11);
        assertArrayEquals(values, mlp.initial(signature, 11));
        for (Parameters.Tensor tensor : mlp.tensors(signature)) {
            double[] squares = IntStream.range(0, (int) tensor.count())
                    .mapToDouble(i -> values[(int) tensor.offset() + i])
                    .map(w -> w * w)
                    .toArray();
            double mean = java.util.Arrays.stream(squares).average().orElseThrow();
            if (tensor.name().startsWith("out.")
                    || (tensor.vector() && tensor.trained() && !tensor.name().equals("layer.0.bias"))) {
                assertEquals(0, mean, tensor.name());
            } else if (tensor.name().matches("layer..weight")) {
                // a uniform square has relative variance 4/5: five standard errors
                assertEquals(1.0 / tensor.in(), mean, 5 * Math.sqrt(0.8 / tensor.count()) / tensor.in(), tensor.name());
            }
        }
    }

    @Test
    void aWeightBufferOfAnotherShapeIsRefused() {
        try (Device device = Device.open("cpu:1");
                DeviceBuffer values = device.allocate(Element.F32, 10)) {
            Mlp mlp = Mlp.of(4, 1);
            Signature signature = Signature.over(2);
            Parameters wrong = new Parameters(Mlp.of(5, 1).tensors(signature), values);
            Parameters few = new Parameters(mlp.tensors(signature), values);
            assertThrows(IllegalArgumentException.class, () -> mlp.network(signature, Prediction.NOISE, wrong));
            assertThrows(IllegalArgumentException.class, () -> mlp.network(signature, Prediction.NOISE, few));
        }
    }
}
