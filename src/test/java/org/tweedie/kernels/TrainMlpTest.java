package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.testing.TestDevices;

class TrainMlpTest {
    private static final float SCALE = 1f / 64;

    /** A network and a batch of random numbers that keep sums of the size of 1; an odd gap before and between the tensors. */
    record Net(TrainMlpShape shape, float[] parameters, float[] x, float[] features, float[] target, float[] weight) {
        static Net random(MlpShape mlp, int features, int rows, long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            int depth = mlp.depth();
            int[] places = new int[3 * (depth + 1)];
            int at = 7;
            List<float[]> values = new ArrayList<>();
            for (int l = 0; l <= depth; l++) {
                int in = l == 0 ? mlp.inputs() : mlp.width();
                int out = l == depth ? mlp.outputs() : mlp.width();
                int[] counts = {in * out, l == depth ? 0 : features * out, out};
                double[] sizes = {1.5 / Math.sqrt(in), 0.6 / Math.sqrt(features), 0.5};
                for (int i = 0; i < 3; i++) {
                    places[3 * l + i] = at;
                    values.add(TrajectoryMlpTest.numbers(random, counts[i], sizes[i]));
                    at += counts[i] + 1;
                }
            }
            float[] parameters = TrajectoryMlpTest.numbers(random, at, 1);
            for (int i = 0; i < places.length; i++) {
                System.arraycopy(values.get(i), 0, parameters, places[i], values.get(i).length);
            }
            float[] weight = new float[rows];
            for (int r = 0; r < rows; r++) {
                weight[r] = 0.1f + random.nextInt(1, 30);
            }
            return new Net(
                    new TrainMlpShape(mlp, features, places, at),
                    parameters,
                    TrajectoryMlpTest.numbers(random, rows * mlp.inputs(), 3),
                    TrajectoryMlpTest.numbers(random, rows * features, 1),
                    TrajectoryMlpTest.numbers(random, rows * mlp.outputs(), 1),
                    weight);
        }

        int rows() {
            return weight.length;
        }

        MlpGradientError expected(float[] at, float @Nullable [] alive, double[] loss, double[] lossBound) {
            MlpGradientError error = new MlpGradientError(MlpGradientError.Layers.of(shape), at);
            int inputs = shape.mlp().inputs();
            int outputs = shape.mlp().outputs();
            for (int r = 0; r < rows(); r++) {
                if (alive == null || alive[r] > 0) {
                    loss[r] = error.row(
                            Arrays.copyOfRange(x, r * inputs, (r + 1) * inputs),
                            Arrays.copyOfRange(features, r * shape.features(), (r + 1) * shape.features()),
                            Arrays.copyOfRange(target, r * outputs, (r + 1) * outputs),
                            weight[r],
                            SCALE);
                    lossBound[r] = error.lossBound();
                }
            }
            return error;
        }
    }

    /** Gradient, then losses. */
    record Got(float[] gradient, float[] losses) {}

    static Got on(Device device, Net net, float @Nullable [] alive, int warps, int room) {
        try (Lab lab = new Lab(device)) {
            return run(lab, net, alive, warps, room);
        }
    }

    /** By blocks of so many warps, with room for so many rows; 0: as it is done without being told. */
    static Got run(Lab lab, Net net, float @Nullable [] alive, int warps, int room) {
        MlpShape mlp = net.shape().mlp();
        try (Closing own = new Closing()) {
            int rows = Math.max(net.rows(), room);
            TrainMlp.Memory memory = TrainMlp.memory(lab.stream(), net.shape(), rows, own);
            DeviceBuffer parameters = lab.floats(net.parameters());
            DeviceBuffer gradient = lab.floats(new float[net.shape().parameters()]);
            float[] untouched = new float[Math.max(1, net.rows())];
            Arrays.fill(untouched, Lab.UNTOUCHED);
            DeviceBuffer losses = lab.floats(untouched);
            RowSet set = lab.rows(1, 0, net.rows(), null, alive, 0);
            View x = View.rows(lab.floats(net.x()), mlp.inputs());
            View features = View.rows(lab.floats(net.features()), net.shape().features());
            View target = View.rows(lab.floats(net.target()), mlp.outputs());
            View weight = View.rows(lab.floats(net.weight()), 1);
            if (warps == 0) {
                TrainMlp.gradient(
                        lab.stream(), set, memory, parameters, x, features, target, weight, SCALE, gradient, losses);
            } else {
                TrainMlp.pack(lab.stream(), memory, parameters);
                TrainMlp.rows(lab.stream(), set, memory, x, features, target, weight, SCALE, losses, warps);
                TrainMlp.weights(lab.stream(), set, memory, gradient);
            }
            return new Got(lab.read(gradient), lab.read(losses));
        }
    }

    static java.util.stream.Stream<Arguments> shapes() {
        int[][] sizes = { // width, inputs, outputs, depth, features, rows
            {128, 2, 2, 3, 64, 37},
            {64, 3, 3, 5, 32, 70},
            {16, 1, 1, 1, 2, 1},
            {100, 16, 16, 2, 18, 33},
            {33, 5, 3, 4, 64, 129},
            {1, 9, 7, 2, 16, 48},
            {96, 4, 2, 2, 32, 65},
            {17, 2, 2, 3, 30, 200},
            {128, 2, 2, 2, 6, 16},
        };
        List<Object[]> shapes = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            int[] s = sizes[i];
            Activation activation = Activation.values()[(i + 1) % 7];
            shapes.add(new Object[] {
                new MlpShape(Operands.BF16, s[0], s[1], s[2], s[3], activation, i % 3 == 1), s[4], s[5], i
            });
        }
        return shapes.stream()
                .flatMap(s -> TestDevices.all().map(device -> Arguments.of(device, s[0], s[1], s[2], s[3])));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void theGradientIsThatOfDoubles(Device device, MlpShape mlp, int features, int rows, int salt) {
        Net net = Net.random(mlp, features, rows, salt);
        float[] alive = new float[rows];
        for (int r = 0; r < rows; r++) {
            alive[r] = salt % 2 == 1 && r % 5 == 3 ? 0 : 1;
        }
        Got got = on(device, net, alive, 0, 0);
        double[] loss = new double[rows];
        double[] lossBound = new double[rows];
        MlpGradientError expected = net.expected(net.parameters(), alive, loss, lossBound);
        double off = 0;
        double size = 0;
        for (int i = 0; i < expected.gradient.length; i++) {
            assertEquals(expected.gradient[i], got.gradient()[i], expected.bound(i), "parameter " + i);
            off += Math.pow(expected.gradient[i] - got.gradient()[i], 2);
            size += Math.pow(expected.gradient[i], 2);
        }
        // roundings of 2^-8 at most, two a layer each way: not all to the same side, the whole is nearer than its parts
        // need be
        assertTrue(Math.sqrt(off / size) < 0x1p-5, device.name() + " " + Math.sqrt(off / size));
        for (int r = 0; r < rows; r++) {
            if (alive[r] > 0) {
                assertEquals(loss[r], got.losses()[r], lossBound[r], "row " + r);
            } else {
                assertEquals(Lab.UNTOUCHED, got.losses()[r]);
            }
        }
    }

    static java.util.stream.Stream<Device> devices() {
        return TestDevices.all();
    }

    /** Along the gradient the loss falls as the gradient says: differences of the loss know nothing of the way back. */
    @ParameterizedTest
    @MethodSource("devices")
    void theGradientIsTheDifferenceOfLosses(Device device) {
        for (boolean residual : new boolean[] {false, true}) {
            Net net = Net.random(new MlpShape(Operands.BF16, 24, 3, 2, 3, Activation.SILU, residual), 10, 40, 5);
            float[] gradient = on(device, net, null, 0, 0).gradient();
            double norm = 0;
            for (float g : gradient) {
                norm += (double) g * g;
            }
            norm = Math.sqrt(norm);
            double step = 1e-3;
            double[] at = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = net.parameters().clone();
                for (int i = 0; i < moved.length; i++) {
                    moved[i] += (float) ((2 * side - 1) * step * gradient[i] / norm);
                }
                double[] loss = new double[net.rows()];
                net.expected(moved, null, loss, new double[net.rows()]);
                at[side] = SCALE * Arrays.stream(loss).sum();
            }
            assertEquals(norm, (at[1] - at[0]) / (2 * step), 0.01 * norm);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void neitherBlocksNorRoomChangeABit(Device device) {
        Net net = Net.random(new MlpShape(Operands.BF16, 40, 3, 2, 2, Activation.GELU, true), 20, 150, 8);
        Got first = on(device, net, null, 0, 0);
        for (int warps : new int[] {1, 3, 8}) {
            Got again = on(device, net, null, warps, 1000 * warps);
            assertArrayEquals(first.gradient(), again.gradient());
            assertArrayEquals(first.losses(), again.losses());
        }
    }

    /** Past 4,096 rows a chunk grows; a row without weight is as good as a dead one. */
    @ParameterizedTest
    @MethodSource("devices")
    void manyRowsAddUp(Device device) {
        int rows = 4200;
        Net net = Net.random(new MlpShape(Operands.BF16, 8, 1, 1, 1, Activation.TANH, false), 4, rows, 13);
        float[] alive = new float[rows];
        for (int r = 0; r < rows; r++) {
            alive[r] = r % 7 == 2 ? 0 : 1;
        }
        Net weightless = new Net(
                net.shape(),
                net.parameters(),
                net.x(),
                net.features(),
                net.target(),
                net.weight().clone());
        for (int r = 0; r < rows; r++) {
            weightless.weight()[r] *= alive[r];
        }
        Got got = on(device, net, alive, 0, 0);
        MlpGradientError expected = net.expected(net.parameters(), alive, new double[rows], new double[rows]);
        for (int i = 0; i < expected.gradient.length; i++) {
            assertEquals(expected.gradient[i], got.gradient()[i], expected.bound(i), "parameter " + i);
        }
        assertArrayEquals(got.gradient(), on(device, weightless, null, 0, 0).gradient());
    }

    @ParameterizedTest
    @MethodSource("devices")
    void noRowsAreNoGradient(Device device) {
        Net net = Net.random(new MlpShape(Operands.BF16, 8, 1, 1, 1, Activation.TANH, false), 4, 0, 13);
        for (float g : on(device, net, null, 0, 0).gradient()) {
            assertEquals(0, g);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void viewsOfOtherWidthsAreRefused(Device device) {
        MlpShape mlp = new MlpShape(Operands.BF16, 8, 2, 1, 1, Activation.TANH, false);
        Net net = Net.random(mlp, 4, 4, 13);
        for (int wrong = 0; wrong < 5; wrong++) {
            int[] width = {2, 4, 1, 1};
            if (wrong < 4) {
                width[wrong]++;
            }
            int room = wrong == 4 ? net.shape().parameters() - 1 : net.shape().parameters();
            try (Lab lab = new Lab(device);
                    Closing own = new Closing()) {
                TrainMlp.Memory memory = TrainMlp.memory(lab.stream(), net.shape(), 4, own);
                RowSet rows = lab.rows(1, 0, 4);
                DeviceBuffer parameters = lab.floats(net.parameters());
                DeviceBuffer gradient = lab.floats(new float[room]);
                DeviceBuffer losses = lab.floats(new float[4]);
                View[] views = Arrays.stream(width).mapToObj(w -> lab.out(4, w)).toArray(View[]::new);
                assertThrows(
                        IllegalArgumentException.class,
                        () -> TrainMlp.gradient(
                                lab.stream(),
                                rows,
                                memory,
                                parameters,
                                views[0],
                                views[1],
                                views[2],
                                views[3],
                                SCALE,
                                gradient,
                                losses));
            }
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> new TrainMlpShape(
                        new MlpShape(Operands.BF16, 129, 2, 1, 1, Activation.TANH, false), 4, new int[6], 1));
        assertThrows(
                IllegalArgumentException.class,
                () -> new TrainMlpShape(
                        new MlpShape(Operands.BF16, 8, 2, 1, 2, Activation.TANH, false), 4, new int[6], 1));
        assertThrows(
                IllegalArgumentException.class,
                () -> new TrainMlpShape(
                        new MlpShape(Operands.BF16, 8, 2, 1, 1, Activation.TANH, false), 65, new int[6], 1));
    }
}
