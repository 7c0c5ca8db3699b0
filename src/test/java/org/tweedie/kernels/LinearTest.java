package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.kernels.Lab.assertBits;
import static org.tweedie.kernels.Lab.sameOnOneThread;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Kernel;
import org.tweedie.device.Stream;
import org.tweedie.testing.TestDevices;

/**
 * Dense layers against sums in double, on every device, and every device against one host thread, bit for bit.
 *
 * <p>The bound is that of a sum of n rounded terms: n u / (1 - n u) times the sum of their magnitudes, u = 2^-24 (Higham,
 * Accuracy and Stability, 3.1); a fused multiply-add rounds once a term.
 */
class LinearTest {
    private static final double U = 0x1p-24;

    /** @param salt chooses among the options, so that all of them meet hostile sizes */
    record Shape(int rows, int in, int out, int salt) {
        boolean bias() {
            return salt % 2 == 0;
        }

        /** 0 none, 1 a row for each, 2 one row for all. */
        int add() {
            return salt % 3;
        }

        boolean masked() {
            return salt % 4 == 3;
        }

        int pad() {
            return salt % 5 == 0 ? 0 : salt % 5;
        }

        Activation activation() {
            return Activation.values()[salt % 7];
        }

        float[] alive() {
            float[] alive = new float[rows];
            for (int r = 0; r < rows; r++) {
                alive[r] = (r * 7 + salt) % 3 == 0 ? (r % 2 == 0 ? 0f : -1f) : 0.5f;
            }
            return alive;
        }
    }

    static List<Shape> shapes() {
        int[][] widths = {
            {1, 1}, {2, 128}, {128, 2}, {3, 5}, {5, 3}, {31, 33}, {33, 31}, {64, 64}, {2, 65}, {128, 130}, {130, 128}
        };
        List<Shape> shapes = new ArrayList<>();
        int salt = 0;
        for (int rows : new int[] {0, 1, 3, 31, 33, 65, 257, 1021}) {
            for (int i = salt % 2; i < widths.length; i += 2) {
                if (rows < 257 || widths[i][0] * widths[i][1] < 2048) {
                    shapes.add(new Shape(rows, widths[i][0], widths[i][1], salt));
                }
                salt++;
            }
        }
        shapes.add(new Shape(257, 130, 128, 3));
        shapes.add(new Shape(33, 0, 5, 4));
        return shapes;
    }

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> shapesOnDevices() {
        return TestDevices.times(shapes());
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-3, 4)));
        }
        return values;
    }

    private static double gamma(int n) {
        return n * U / (1 - n * U);
    }

    private static void assertNear(double exact, double magnitudes, int terms, float got, String what) {
        double bound = gamma(terms) * magnitudes + terms * (double) Float.MIN_VALUE;
        assertTrue(
                Math.abs(got - exact) <= bound,
                () -> what + " is " + got + ", exactly " + exact + ", allowed " + bound);
    }

    /** A dense layer with inputs of its own. */
    private record Layer(Shape s) {
        int xStride() {
            return s.in + s.pad();
        }

        int stride() {
            return s.out + s.pad();
        }

        float[] x() {
            return random(1 + s.rows * xStride() + s.in, 1);
        }

        float[] w() {
            return random(3 + s.in * s.out, 2);
        }

        float[] bias() {
            return random(s.out, 3);
        }

        float[] add() {
            return random(s.rows * stride() + s.out, 4);
        }

        /** pre then out. */
        float[] run(Lab lab) {
            DeviceBuffer out = lab.untouched(2 + s.rows * stride());
            DeviceBuffer pre = lab.untouched(s.rows * s.out);
            View bias = s.bias() ? View.shared(lab.floats(bias()), 0, s.out) : null;
            View add = s.add() == 0 ? null : new View(lab.floats(add()), 0, s.out, s.add() == 1 ? stride() : 0);
            Linear.forward(
                    lab.stream(),
                    lab.rows(1, 0, s.rows, null, s.masked() ? s.alive() : null, 0),
                    new View(lab.floats(x()), 1, s.in, xStride()),
                    new Matrix(lab.floats(w()), 3, s.in, s.out),
                    bias,
                    add,
                    s.activation(),
                    new View(out, 2, s.out, stride()),
                    View.rows(pre, s.out));
            return concatenate(lab.read(pre), lab.read(out));
        }
    }

    private static float[] concatenate(float[] a, float[] b) {
        float[] both = new float[a.length + b.length];
        System.arraycopy(a, 0, both, 0, a.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @ParameterizedTest
    @MethodSource("shapesOnDevices")
    void isTheSumThenTheActivation(Device device, Shape s) {
        Layer layer = new Layer(s);
        float[] got = sameOnOneThread(device, "linear " + s, layer::run);
        float[] x = layer.x();
        float[] w = layer.w();
        float[] bias = layer.bias();
        float[] add = layer.add();
        float[] alive = s.masked() ? s.alive() : null;
        int pre = s.rows * s.out;
        float[] kept = Arrays.copyOf(got, pre);
        float[] activated = activated(s.activation(), kept);
        assertEquals(Lab.UNTOUCHED, got[pre]);
        for (int r = 0; r < s.rows; r++) {
            for (int j = 0; j < layer.stride(); j++) {
                float value = got[pre + 2 + r * layer.stride() + j];
                if (j >= s.out || (alive != null && !(alive[r] > 0))) {
                    assertEquals(Lab.UNTOUCHED, value, "row " + r + " column " + j + " of " + s);
                    continue;
                }
                double exact = s.bias() ? bias[j] : 0;
                double magnitudes = Math.abs(exact);
                if (s.add() > 0) {
                    float a = add[(s.add() == 1 ? r * layer.stride() : 0) + j];
                    exact += a;
                    magnitudes += Math.abs(a);
                }
                for (int k = 0; k < s.in; k++) {
                    double product = (double) x[1 + r * layer.xStride() + k] * w[3 + k * s.out + j];
                    exact += product;
                    magnitudes += Math.abs(product);
                }
                assertNear(exact, magnitudes, s.in + 1, kept[r * s.out + j], "pre[" + r + "][" + j + "] of " + s);
                assertEquals(activated[r * s.out + j], value, "out[" + r + "][" + j + "] of " + s);
            }
        }
    }

    private static float[] activated(Activation activation, float[] pre) {
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device)) {
            DeviceBuffer values = lab.floats(pre);
            if (pre.length > 0) {
                Activations.forward(
                        lab.stream(),
                        lab.rows(0, 0, pre.length),
                        View.rows(values, 1),
                        activation,
                        View.rows(values, 1));
            }
            return lab.read(values);
        }
    }

    @ParameterizedTest
    @MethodSource("shapesOnDevices")
    void inputGradientIsTheTransposedProduct(Device device, Shape s) {
        int dStride = s.out + s.pad();
        int dxStride = s.in + s.pad();
        boolean accumulate = s.salt % 2 == 1;
        float[] alive = s.masked() ? s.alive() : null;
        float[] d = random(s.rows * dStride + 1, 5);
        float[] w = random(s.in * s.out, 6);
        float[] before = random(s.rows * dxStride, 7);
        float[] got = sameOnOneThread(device, "input gradient " + s, lab -> {
            DeviceBuffer dx = lab.floats(before);
            Linear.backwardInput(
                    lab.stream(),
                    lab.rows(1, 0, s.rows, null, s.masked() ? s.alive() : null, 0),
                    new View(lab.floats(d), 1, s.out, dStride),
                    new Matrix(lab.floats(w), 0, s.in, s.out),
                    new View(dx, 0, s.in, dxStride),
                    accumulate);
            return lab.read(dx);
        });
        for (int r = 0; r < s.rows; r++) {
            for (int i = 0; i < dxStride; i++) {
                float was = before[r * dxStride + i];
                if (i >= s.in || (alive != null && !(alive[r] > 0))) {
                    assertEquals(was, got[r * dxStride + i]);
                    continue;
                }
                double exact = accumulate ? was : 0;
                double magnitudes = Math.abs(exact);
                for (int j = 0; j < s.out; j++) {
                    double product = (double) d[1 + r * dStride + j] * w[i * s.out + j];
                    exact += product;
                    magnitudes += Math.abs(product);
                }
                assertNear(exact, magnitudes, s.out + 1, got[r * dxStride + i], "dx[" + r + "][" + i + "] of " + s);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("shapesOnDevices")
    void weightGradientIsTheSumOverRows(Device device, Shape s) {
        int xStride = s.in + s.pad();
        boolean accumulate = s.salt % 2 == 1;
        boolean bias = s.salt % 3 > 0;
        float[] alive = s.masked() ? s.alive() : null;
        float[] x = random(s.rows * xStride, 8);
        float[] d = random(s.rows * s.out, 9);
        if (alive != null) {
            for (int r = 0; r < s.rows; r++) {
                if (!(alive[r] > 0)) {
                    Arrays.fill(d, r * s.out, (r + 1) * s.out, Float.NaN); // what a dead row holds must not matter
                }
            }
        }
        float[] before = random((s.in + 1) * s.out, 10);
        float[] got = sameOnOneThread(device, "weight gradient " + s, lab -> {
            DeviceBuffer gradient = lab.floats(before);
            Linear.backwardWeight(
                    lab.stream(),
                    lab.rows(1, 0, s.rows, null, alive, 0),
                    new View(lab.floats(x), 0, s.in, xStride),
                    View.rows(lab.floats(d), s.out),
                    gradient,
                    0,
                    bias ? gradient : null,
                    (long) s.in * s.out,
                    accumulate,
                    lab.untouched((int) Linear.scratch(s.in, s.out)));
            return lab.read(gradient);
        });
        int chunks = (int) ((s.rows + SumChunks.each(s.rows) - 1) / SumChunks.each(s.rows));
        int terms = (int) Math.min(s.rows, SumChunks.each(s.rows)) + chunks + 1;
        for (int i = 0; i <= s.in; i++) {
            for (int j = 0; j < s.out; j++) {
                float was = before[i * s.out + j];
                if (i == s.in && !bias) {
                    assertEquals(was, got[i * s.out + j]);
                    continue;
                }
                double exact = accumulate ? was : 0;
                double magnitudes = Math.abs(exact);
                for (int r = 0; r < s.rows; r++) {
                    if (alive == null || alive[r] > 0) {
                        double product = (i == s.in ? 1.0 : x[r * xStride + i]) * d[r * s.out + j];
                        exact += product;
                        magnitudes += Math.abs(product);
                    }
                }
                assertNear(exact, magnitudes, terms, got[i * s.out + j], "dW[" + i + "][" + j + "] of " + s);
            }
        }
    }

    static java.util.stream.Stream<Device> devices() {
        return TestDevices.all();
    }

    /** More rows than 64 chunks of 64: chunks of 128, on every device. */
    @ParameterizedTest
    @MethodSource("devices")
    void longChunksHaveTheSameBitsToo(Device device) {
        int rows = 4096 + 65;
        assertEquals(64, SumChunks.each(4096));
        assertEquals(128, SumChunks.each(rows));
        float[] x = random(rows * 3, 11);
        float[] d = random(rows * 2, 12);
        float[] got = sameOnOneThread(device, "long chunks", lab -> {
            DeviceBuffer gradient = lab.untouched(8);
            Linear.backwardWeight(
                    lab.stream(),
                    lab.rows(1, 0, rows),
                    View.rows(lab.floats(x), 3),
                    View.rows(lab.floats(d), 2),
                    gradient,
                    0,
                    gradient,
                    6,
                    false,
                    lab.untouched((int) Linear.scratch(3, 2)));
            return lab.read(gradient);
        });
        double exact = 0;
        double magnitudes = 0;
        for (int r = 0; r < rows; r++) {
            exact += (double) x[r * 3 + 1] * d[r * 2];
            magnitudes += Math.abs((double) x[r * 3 + 1] * d[r * 2]);
        }
        assertNear(exact, magnitudes, 128 + 34, got[2], "dW[1][0]");
    }

    /** A row's bits do not depend on the rows beside it. */
    @ParameterizedTest
    @MethodSource("devices")
    void anyBatchGivesTheSameBits(Device device) {
        int rows = 131;
        float[] x = random(rows * 33, 13);
        float[] w = random(33 * 70, 14);
        float[] whole = Lab.on(device, lab -> pieces(lab, x, w, rows, rows));
        for (int piece : new int[] {1, 5, 64, 97}) {
            assertBits(whole, Lab.on(device, lab -> pieces(lab, x, w, rows, piece)), "pieces of " + piece);
        }
    }

    private static float[] pieces(Lab lab, float[] x, float[] w, int rows, int piece) {
        DeviceBuffer out = lab.untouched(rows * 70);
        View from = View.rows(lab.floats(x), 33);
        Matrix matrix = new Matrix(lab.floats(w), 0, 33, 70);
        for (int r = 0; r < rows; r += piece) {
            Linear.forward(
                    lab.stream(),
                    lab.rows(1, r, Math.min(piece, rows - r)),
                    from.from(r),
                    matrix,
                    null,
                    null,
                    Activation.SILU,
                    View.rows(out, 70).from(r),
                    null);
        }
        return lab.read(out);
    }

    /** The residual form: what is added is overwritten by the sum. */
    @ParameterizedTest
    @MethodSource("devices")
    void mayOverwriteWhatItAdds(Device device) {
        float[] x = random(65 * 31, 15);
        float[] w = random(31 * 66, 16);
        float[] add = random(65 * 66, 17);
        float[][] both = new float[2][];
        for (int apart = 0; apart < 2; apart++) {
            boolean inPlace = apart == 0;
            both[apart] = Lab.on(device, lab -> {
                DeviceBuffer added = lab.floats(add);
                DeviceBuffer out = inPlace ? added : lab.untouched(65 * 66);
                Linear.forward(
                        lab.stream(),
                        lab.rows(1, 0, 65),
                        View.rows(lab.floats(x), 31),
                        new Matrix(lab.floats(w), 0, 31, 66),
                        null,
                        View.rows(added, 66),
                        Activation.TANH,
                        View.rows(out, 66),
                        null);
                return lab.read(out);
            });
        }
        assertBits(both[1], both[0], "in place");
    }

    /** A start of -0 and products that are all 0 leave -0 only where arithmetic does. */
    @ParameterizedTest
    @MethodSource("devices")
    void treatsZerosAsTheHostDoes(Device device) {
        float[] got = sameOnOneThread(device, "zeros", lab -> {
            DeviceBuffer out = lab.untouched(3);
            Linear.forward(
                    lab.stream(),
                    lab.rows(1, 0, 1),
                    View.rows(lab.floats(0f, 0f, 0f), 3),
                    new Matrix(lab.floats(-1, 1, -1, -1, 1, -1, -1, 1, -1), 0, 3, 3),
                    View.shared(lab.floats(-0f, -0f, 0f), 0, 3),
                    null,
                    Activation.IDENTITY,
                    View.rows(out, 3),
                    null);
            return lab.read(out);
        });
        assertBits(new float[] {-0f, 0f, 0f}, got, "zeros");
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device)) {
            DeviceBuffer some = lab.untouched(64);
            RowSet rows = lab.rows(1, 0, 2);
            Matrix w = new Matrix(some, 0, 3, 4);
            assertRefuses("x must be 3", () -> forward(lab, rows, View.rows(some, 2), w, null, View.rows(some, 4)));
            assertRefuses("out must be 4", () -> forward(lab, rows, View.rows(some, 3), w, null, View.rows(some, 5)));
            assertRefuses(
                    "stride at least 4",
                    () -> forward(lab, rows, View.rows(some, 3), w, null, View.shared(some, 0, 4)));
            assertRefuses(
                    "bias is one row",
                    () -> forward(lab, rows, View.rows(some, 3), w, View.rows(some, 4), View.rows(some, 4)));
            assertRefuses("matrix out of range", () -> new Matrix(some, 1, 8, 8));
            assertRefuses(
                    "scratch must hold 1280",
                    () -> Linear.backwardWeight(
                            lab.stream(), rows, View.rows(some, 3), View.rows(some, 5), some, 0, null, 0, false, some));
            assertRefuses(
                    "does not fit",
                    () -> Linear.backwardWeight(
                            lab.stream(),
                            rows,
                            View.rows(some, 3),
                            View.rows(some, 5),
                            some,
                            50,
                            null,
                            0,
                            false,
                            lab.untouched(1280)));
        }
    }

    private static void forward(Lab lab, RowSet rows, View x, Matrix w, @Nullable View bias, View out) {
        Linear.forward(lab.stream(), rows, x, w, bias, null, Activation.IDENTITY, out, null);
    }

    private static void assertRefuses(String part, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(part), message);
    }

    /** Rows, inputs and outputs around tiles of 128, rows on 16 bytes and not: the bits of the small tiles, in every option. */
    @ParameterizedTest
    @MethodSource("wideShapesOnDevices")
    void largeTilesHaveTheBitsOfSmallOnes(Device device, Shape s) {
        float[][] got = new float[2][];
        for (int i = 0; i < 2; i++) {
            boolean wide = i == 1;
            got[i] = Lab.on(device, lab -> {
                Layer layer = new Layer(s);
                RowSet rows = lab.rows(1, 0, s.rows, null, s.masked() ? s.alive() : null, 0);
                View x = new View(lab.floats(layer.x()), s.salt % 2, s.in, layer.xStride());
                View d = new View(lab.floats(layer.add()), 0, s.out, layer.stride());
                Matrix w = new Matrix(lab.floats(layer.w()), s.salt % 4, s.in, s.out);
                View out = lab.out(s.salt % 3, s.rows, s.out, layer.stride());
                View pre = lab.out(s.rows, s.out);
                View dx = lab.rows(random(s.rows * s.in, 9), s.in);
                DeviceBuffer gradient = lab.floats(random((s.in + 1) * s.out, 10));
                Linear.forward(
                        wide ? Linear.WIDE_FORWARD : Linear.FORWARD,
                        lab.stream(),
                        rows,
                        x,
                        w,
                        s.bias() ? View.shared(lab.floats(layer.bias()), 0, s.out) : null,
                        s.add() == 0 ? null : new View(d.data(), 0, s.out, s.add() == 1 ? layer.stride() : 0),
                        s.activation(),
                        out,
                        s.salt % 5 == 1 ? null : pre);
                Linear.backwardInput(
                        wide ? Linear.WIDE_INPUT_GRADIENT : Linear.INPUT_GRADIENT,
                        lab.stream(),
                        rows,
                        d,
                        w,
                        dx,
                        s.salt % 2 == 0);
                Linear.backwardWeight(
                        wide ? Linear.WIDE_WEIGHT_GRADIENT : Linear.WEIGHT_GRADIENT,
                        lab.stream(),
                        rows,
                        x,
                        d,
                        gradient,
                        0,
                        s.bias() ? gradient : null,
                        (long) s.in * s.out,
                        s.salt % 3 == 0,
                        lab.untouched((int) Linear.scratch(s.in, s.out)));
                List<float[]> all = List.of(lab.read(out), lab.read(pre), lab.read(dx), lab.read(gradient));
                float[] joined = new float[all.stream().mapToInt(a -> a.length).sum()];
                int at = 0;
                for (float[] part : all) {
                    System.arraycopy(part, 0, joined, at, part.length);
                    at += part.length;
                }
                return joined;
            });
        }
        assertBits(got[0], got[1], s + " on " + device.name());
    }

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> wideShapesOnDevices() {
        List<Shape> shapes = new ArrayList<>();
        int salt = 0;
        for (int[] s : new int[][] {
            {1, 1, 1},
            {3, 16, 4},
            {127, 20, 129},
            {129, 31, 32},
            {130, 128, 64},
            {260, 36, 130},
            {257, 130, 127},
            {0, 3, 3},
            {33, 0, 5}
        }) {
            for (int i = 0; i < 3; i++) {
                shapes.add(new Shape(s[0], s[1], s[2], salt++));
            }
        }
        shapes.add(new Shape(260, 48, 132, 5 * 3 * 4 * 7)); // nothing padded: whole rows of 16 bytes
        return TestDevices.times(shapes);
    }

    /** Large tiles are taken where there are two for each multiprocessor of a large GPU and their columns are not half empty. */
    @Test
    void largeTilesAreTakenWhereThereAreManyOfThem() {
        try (Device host = Device.open("cpu:1")) {
            assertEquals(List.of("linear_wide_f32", "linear_wide_input_gradient_f32"), launched(host, 132 * 128, 129));
            assertEquals(List.of("linear_wide_f32", "linear_wide_input_gradient_f32"), launched(host, 264 * 128, 65));
            assertEquals(List.of("linear_f32", "linear_input_gradient_f32"), launched(host, 131 * 128, 129));
            assertEquals(List.of("linear_f32", "linear_input_gradient_f32"), launched(host, 264 * 128, 64));
        }
    }

    /** What a layer from 2 to {@code width} launches, and one back from 2 to {@code width}, with room for so many rows. */
    private static List<String> launched(Device host, int room, int width) {
        List<String> names = new ArrayList<>();
        try (Lab lab = new Lab(host, stream -> (Stream) Proxy.newProxyInstance(
                LinearTest.class.getClassLoader(), new Class<?>[] {Stream.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("launch") && arguments.length == 3) {
                        names.add(((Kernel) arguments[0]).entry().name());
                    }
                    return method.invoke(stream, arguments);
                }))) {
            RowSet rows = lab.rows(1, 0, 2);
            View wide = View.rows(lab.untouched(room * width), width);
            View thin = View.rows(lab.floats(random(4, 1)), 2);
            DeviceBuffer w = lab.floats(random(2 * width, 2));
            names.clear();
            Linear.forward(
                    lab.stream(), rows, thin, new Matrix(w, 0, 2, width), null, null, Activation.SILU, wide, null);
            Linear.backwardInput(lab.stream(), rows, thin, new Matrix(w, 0, width, 2), wide, false);
        }
        return List.copyOf(names);
    }
}
