package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.SquaredLoss;
import org.tweedie.kernels.View;
import org.tweedie.sde.Prediction;

/** Tiles of rows against the tape, a launch a layer: losses and gradients bit by bit. */
class HostMlpTapeTest {
    /** Numbers of every size, zeros of both signs among them: signs of sums that cancel are part of the bits. */
    private static float[] random(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(12);
            values[i] = kind == 0 ? 0f : kind == 1 ? -0f : (float) ((random.nextDouble() - 0.5) * 2);
        }
        return values;
    }

    /** One network and its rows on a device; two ways to its gradient. */
    private static final class Case implements AutoCloseable {
        private final List<AutoCloseable> open = new ArrayList<>();
        final Device device;
        final org.tweedie.device.Stream stream;
        final MlpNetwork network;
        final RowSet rows;
        final int count;
        final View inputs;
        final View time;
        final View target;
        final View weight;

        Case(int threads, String spec, int[] ports, int outputs, int count, long first, boolean masked) {
            this.count = count;
            device = Device.open("cpu:" + threads);
            stream = device.stream();
            MlpCase shape = new MlpCase(spec, ports, outputs, count, 5);
            Mlp mlp = shape.mlp();
            float[] weights = shape.weights();
            float[] some = random(weights.length, 3);
            for (int i = mlp.time().count(); i < weights.length; i++) {
                weights[i] = some[i] == 0 ? some[i] : weights[i];
            }
            network = mlp.network(
                    shape.signature(),
                    Prediction.NOISE,
                    new Parameters(mlp.tensors(shape.signature()), upload(weights)));
            rows = RowSet.on(device);
            open.add(rows);
            DeviceBuffer alive = null;
            if (masked) {
                float[] mask = new float[count];
                for (int r = 0; r < count; r++) {
                    mask[r] = r % 3 == 0 || r > 70 && r < 200 ? 0 : 1;
                }
                alive = upload(mask);
            }
            rows.assign(stream, 1, first, count, null, alive, 0);
            int width = shape.signature().inputs();
            inputs = new View(upload(random(count * width, 4)), 0, width, width);
            time = new View(upload(random(count, 5)), 0, 1, 1);
            target = new View(upload(random(count * outputs, 6)), 0, outputs, outputs);
            weight = new View(upload(random(count, 7)), 0, 1, 1);
        }

        private DeviceBuffer buffer(long count) {
            DeviceBuffer buffer = device.allocate(Element.F32, Math.max(64, count));
            open.add(buffer);
            return buffer;
        }

        private DeviceBuffer upload(float[] values) {
            DeviceBuffer buffer = buffer(values.length);
            stream.upload(values, 0, buffer, 0, values.length);
            return buffer;
        }

        private float[] both(DeviceBuffer gradient, DeviceBuffer losses) {
            float[] g = new float[(int) gradient.count()];
            float[] all = new float[g.length + count];
            stream.download(gradient, 0, all, 0, g.length);
            stream.download(losses, 0, all, g.length, count);
            return all;
        }

        /** What nobody writes must stay what it was. */
        private DeviceBuffer marked(long count) {
            DeviceBuffer buffer = buffer(count);
            float[] marks = new float[(int) buffer.count()];
            Arrays.fill(marks, -7.25f);
            stream.upload(marks, 0, buffer, 0, marks.length);
            return buffer;
        }

        float[] layers() {
            DeviceBuffer gradient = marked(network.parameters().count());
            DeviceBuffer losses = marked(count);
            View out = new View(buffer((long) count * target.width()), 0, target.width(), target.width());
            List<View> from = new ArrayList<>();
            int first = 0;
            for (Signature.Port port : network.signature().from()) {
                from.add(inputs.columns(first, port.space().width()));
                first += port.space().width();
            }
            try (Tape tape = network.tape(device, count)) {
                tape.forward(stream, rows, from, Instant.perRow(time), List.of(out));
                SquaredLoss.gradient(stream, rows, out, target, weight, 0.01f, out, losses);
                tape.backward(stream, rows, List.of(out), gradient, null);
            }
            return both(gradient, losses);
        }

        float[] tiles(int capacity, int times) {
            DeviceBuffer gradient = marked(network.parameters().count());
            DeviceBuffer losses = marked(count);
            try (HostMlpTape tape = new HostMlpTape(network, device, capacity)) {
                if (count > 0) {
                    stream.copy(inputs.data(), 0, tape.inputs().data(), 0, (long) count * inputs.width());
                }
                for (int i = 0; i < times; i++) {
                    tape.gradient(stream, rows, time, target, weight, 0.01f, gradient, losses);
                }
            }
            return both(gradient, losses);
        }

        @Override
        public void close() throws Exception {
            for (AutoCloseable resource : open) {
                resource.close();
            }
            stream.close();
            device.close();
        }
    }

    private static void same(float[] expected, float[] got, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(
                    Float.floatToIntBits(expected[i]),
                    Float.floatToIntBits(got[i]),
                    what + ": number " + i + " of " + expected.length + " is " + got[i] + ", by layers " + expected[i]);
        }
    }

    private static void same(int threads, String spec, int[] ports, int outputs, int count) {
        try (Case one = new Case(threads, spec, ports, outputs, count, 1000, false)) {
            same(one.layers(), one.tiles(count, 2), spec + " of " + count + " rows, " + threads + " threads");
        } catch (Exception e) {
            throw new AssertionError(spec, e);
        }
    }

    static Stream<Activation> activations() {
        return Stream.of(Activation.values());
    }

    @ParameterizedTest
    @MethodSource("activations")
    void everyActivationHasTheBitsOfTheLayers(Activation activation) {
        String name = activation.name().toLowerCase(java.util.Locale.ROOT);
        same(1, "mlp:64x2," + name, new int[] {2}, 2, 65);
        same(2, "mlp:100x3,residual," + name, new int[] {3, 1}, 3, 130);
    }

    @Test
    void everyWidthHasTheBitsOfTheLayers() {
        for (int width : new int[] {16, 17, 31, 33, 48, 63, 64, 65, 96, 100, 112, 127, 128, 129}) {
            same(2, "mlp:" + width + "x2", new int[] {2}, 2, 77);
        }
        same(2, "mlp:512x2", new int[] {3}, 3, 200);
        same(1, "mlp:320x3,residual", new int[] {3}, 3, 301); // tiles of 256 rows
        same(1, "mlp:128x3", new int[] {2}, 2, 512);
        same(2, "mlp:64x1,gaussian:40:1", new int[] {2}, 2, 100);
        same(2, "mlp:64x2,fourier:1:1:1,residual", new int[] {33, 40, 1}, 70, 66);
    }

    @Test
    void everyNumberOfRowsHasTheBitsOfTheLayers() {
        for (int count : new int[] {0, 1, 2, 7, 8, 9, 31, 63, 64, 65, 127, 128, 511, 1000, 2047, 2049}) {
            same(1 + count % 3, "mlp:32x2,tanh", new int[] {2, 2}, 2, count);
        }
        same(2, "mlp:16x1", new int[] {2}, 2, 4096);
        same(2, "mlp:16x1", new int[] {2}, 2, 4097); // chunks of 128 rows
        same(5, "mlp:16x2", new int[] {2}, 2, 9001);
    }

    @Test
    void chunksLongerThanAWaveHaveTheBitsOfTheLayers() throws Exception {
        same(1, "mlp:16x1", new int[] {2}, 2, 17_000); // chunks of 320 rows in waves of 256
        same(2, "mlp:16x1", new int[] {2}, 2, 70_001); // of 1,152 in waves of 512
        try (Case one = new Case(1, "mlp:33x2", new int[] {2}, 2, 40_000, 0, true)) {
            same(one.layers(), one.tiles(50_000, 2), "40,000 rows, masked");
        }
    }

    @Test
    void fewerRowsThanItWasOpenedForAndDeadOnes() throws Exception {
        for (int count : new int[] {1, 100, 1000, 4500}) {
            for (boolean masked : new boolean[] {false, true}) {
                try (Case one = new Case(2, "mlp:32x2", new int[] {2}, 2, count, 0, masked)) {
                    same(one.layers(), one.tiles(count + 5000, 1), count + " rows, masked " + masked);
                }
            }
        }
    }

    @Test
    void whatIsNotFiniteIsNotLost() throws Exception {
        try (Case one = new Case(1, "mlp:32x2", new int[] {2}, 2, 70, 0, false)) {
            one.stream.upload(new float[] {Float.NaN, Float.POSITIVE_INFINITY}, 0, one.target.data(), 9, 2);
            same(one.layers(), one.tiles(70, 1), "not finite");
        }
    }

    @Test
    void refusesWithAReason() throws Exception {
        try (Case narrow = new Case(1, "mlp:8x2", new int[] {2}, 2, 10, 0, false)) {
            assertTrue(HostMlpTape.refusal(narrow.network, narrow.device, 10)
                    .orElseThrow()
                    .startsWith("a network 8 wide"));
            assertThrows(IllegalArgumentException.class, () -> new HostMlpTape(narrow.network, narrow.device, 10));
        }
    }
}
