package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.testing.TestDevices;

/**
 * Products of 16-bit numbers against sums in double of operands rounded here by decimal arithmetic. The bound is
 * 2 (k + 2) u sum |x w|, u = 2^-24: products of 16-bit numbers are exact in f32, and tensor cores may truncate a sum where
 * f32 rounds it, which doubles its error.
 */
class MixedLinearTest {
    private static final double U = 0x1p-24;

    record Shape(int rows, int in, int out, Element type, int salt) {}

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> shapes() {
        List<Shape> shapes = new ArrayList<>();
        int salt = 0;
        for (int[] s : new int[][] {
            {0, 3, 5},
            {1, 1, 1},
            {3, 2, 65},
            {31, 33, 31},
            {33, 128, 2},
            {65, 130, 64},
            {127, 16, 16},
            {129, 64, 130},
            {257, 3, 33},
            {1021, 5, 3},
            {5, 0, 3}
        }) {
            for (Element type : new Element[] {Element.F16, Element.BF16}) {
                shapes.add(new Shape(s[0], s[1], s[2], type, salt++));
            }
        }
        return TestDevices.times(shapes);
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-3, 4)));
        }
        return values;
    }

    /** To the nearest number of the type, ties to even, for what random() gives: normal in both types but for f16 below 2^-14. */
    private static double nearest(float v, Element type) {
        double quantum = Math.max(
                Math.scalb(1.0, Math.getExponent(v) - (type == Element.F16 ? 10 : 7)),
                type == Element.F16 ? 0x1p-24 : 0);
        BigDecimal units = new BigDecimal(v).divide(new BigDecimal(quantum), MathContext.UNLIMITED);
        return units.setScale(0, RoundingMode.HALF_EVEN).doubleValue() * quantum;
    }

    private static double[] nearest(float[] values, Element type) {
        double[] near = new double[values.length];
        for (int i = 0; i < near.length; i++) {
            near[i] = nearest(values[i], type);
        }
        return near;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void isTheProductOfRoundedOperands(Device device, Shape s) {
        boolean bias = s.salt % 4 < 2;
        boolean add = s.salt % 3 == 0;
        int pad = s.salt % 5;
        boolean masked = s.salt % 7 == 3;
        float[] alive = new float[s.rows];
        for (int r = 0; r < s.rows; r++) {
            alive[r] = masked && r % 3 == 1 ? 0f : 1f;
        }
        float[] x = random(1 + s.rows * (s.in + pad) + s.in, 1);
        float[] w = random(s.in * s.out, 2);
        float[] b = random(s.out, 3);
        float[] start = random(s.rows * s.out, 4);
        Activation activation = Activation.values()[s.salt % 7];
        double[] xNear = nearest(x, s.type);
        double[] wNear = nearest(w, s.type);
        float[][] got =
                run(device, s, x, w, bias ? b : null, add ? start : null, masked ? alive : null, pad, activation);
        for (int r = 0; r < s.rows; r++) {
            for (int j = 0; j < s.out; j++) {
                float kept = got[0][r * s.out + j];
                float out = got[1][r * s.out + j];
                if (!(alive[r] > 0)) {
                    assertEquals(Lab.UNTOUCHED, kept);
                    assertEquals(add ? start[r * s.out + j] : Lab.UNTOUCHED, out);
                    continue;
                }
                double exact = (bias ? b[j] : 0) + (add ? start[r * s.out + j] : 0);
                double magnitudes = (bias ? Math.abs(b[j]) : 0) + (add ? Math.abs(start[r * s.out + j]) : 0);
                for (int k = 0; k < s.in; k++) {
                    double product = xNear[1 + r * (s.in + pad) + k] * wNear[k * s.out + j];
                    exact += product;
                    magnitudes += Math.abs(product);
                }
                double bound = 2 * (s.in + 2) * (U * magnitudes + Float.MIN_VALUE);
                assertEquals(exact, kept, bound, "row " + r + " column " + j + " of " + s);
            }
        }
        float[] activated = Lab.on(device, lab -> {
            DeviceBuffer values = lab.floats(got[0]);
            Activations.forward(
                    lab.stream(),
                    lab.rows(0, 0, got[0].length, null, null, 0),
                    View.rows(values, 1),
                    activation,
                    View.rows(values, 1));
            return lab.read(values);
        });
        for (int i = 0; i < activated.length; i++) {
            if (got[0][i] != Lab.UNTOUCHED) {
                assertEquals(activated[i], got[1][i]);
            }
        }
    }

    /** pre, then out; out lies where add lies, if there is one. */
    private static float[][] run(
            Device device,
            Shape s,
            float[] x,
            float[] w,
            float[] bias,
            float[] add,
            float[] alive,
            int pad,
            Activation activation) {
        try (Lab lab = new Lab(device);
                DeviceBuffer packed = device.allocate(s.type, PackedMatrix.elements(s.in, s.out))) {
            PackedMatrix matrix = new PackedMatrix(packed, s.in, s.out);
            MixedLinear.pack(lab.stream(), new Matrix(lab.floats(w), 0, s.in, s.out), matrix);
            DeviceBuffer pre = lab.untouched(s.rows * s.out);
            DeviceBuffer out = add == null ? lab.untouched(s.rows * s.out) : lab.floats(add);
            MixedLinear.forward(
                    lab.stream(),
                    lab.rows(1, 0, s.rows, null, alive, 0),
                    new View(lab.floats(x), 1, s.in, s.in + pad),
                    matrix,
                    bias == null ? null : View.shared(lab.floats(bias), 0, s.out),
                    add == null ? null : View.rows(out, s.out),
                    activation,
                    View.rows(out, s.out),
                    View.rows(pre, s.out));
            return new float[][] {lab.read(pre), lab.read(out)};
        }
    }

    static java.util.stream.Stream<Device> devices() {
        return TestDevices.all();
    }

    /** The way back to the inputs is the product with the transposed matrix. */
    @ParameterizedTest
    @MethodSource("devices")
    void transposedWeightsGiveTheInputGradient(Device device) {
        int rows = 35;
        float[] d = random(rows * 33, 5);
        float[] w = random(20 * 33, 6);
        float[] rounded = new float[w.length];
        float[] dRounded = new float[d.length];
        for (int i = 0; i < w.length; i++) {
            rounded[i] = (float) nearest(w[i], Element.F16);
        }
        for (int i = 0; i < d.length; i++) {
            dRounded[i] = (float) nearest(d[i], Element.F16);
        }
        float[][] got = new float[2][];
        try (Lab lab = new Lab(device);
                DeviceBuffer packed = device.allocate(Element.F16, PackedMatrix.elements(33, 20))) {
            DeviceBuffer mixed = lab.untouched(rows * 20);
            PackedMatrix transposed = new PackedMatrix(packed, 33, 20);
            MixedLinear.packTransposed(lab.stream(), new Matrix(lab.floats(w), 0, 20, 33), transposed);
            MixedLinear.forward(
                    lab.stream(),
                    lab.rows(1, 0, rows),
                    View.rows(lab.floats(d), 33),
                    transposed,
                    null,
                    null,
                    Activation.IDENTITY,
                    View.rows(mixed, 20),
                    null);
            DeviceBuffer single = lab.untouched(rows * 20);
            Linear.backwardInput(
                    lab.stream(),
                    lab.rows(1, 0, rows),
                    View.rows(lab.floats(dRounded), 33),
                    new Matrix(lab.floats(rounded), 0, 20, 33),
                    View.rows(single, 20),
                    false);
            got[0] = lab.read(mixed);
            got[1] = lab.read(single);
        }
        for (int i = 0; i < got[0].length; i++) {
            assertEquals(got[1][i], got[0][i], 3 * 35 * U * 33 * 64);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void weightGradientIsTheSumOfRoundedProducts(Device device, Shape s) {
        boolean bias = s.salt % 3 > 0;
        boolean accumulate = s.salt % 4 < 2;
        float[] alive = s.salt % 5 == 2 ? new float[s.rows] : null;
        float[] x = random(s.rows * s.in, 7);
        float[] d = random(s.rows * s.out, 8);
        double[] xNear = nearest(x, s.type);
        double[] dNear = nearest(d, s.type);
        for (int r = 0; alive != null && r < s.rows; r++) {
            alive[r] = r % 3 == 1 ? 0f : 1f;
            if (r % 3 == 1) {
                Arrays.fill(d, r * s.out, (r + 1) * s.out, Float.NaN); // what a dead row holds must not matter
            }
        }
        float[] before = random((s.in + 1) * s.out, 9);
        float[] got = Lab.on(device, lab -> {
            DeviceBuffer gradient = lab.floats(before);
            MixedLinear.backwardWeight(
                    lab.stream(),
                    lab.rows(1, 0, s.rows, null, alive, 0),
                    s.type,
                    View.rows(lab.floats(x), s.in),
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
                        double product = i == s.in ? d[r * s.out + j] : xNear[r * s.in + i] * dNear[r * s.out + j];
                        exact += product;
                        magnitudes += Math.abs(product);
                    }
                }
                double bound = 2 * (SumChunks.each(s.rows) + chunks + 2) * (U * magnitudes + Float.MIN_VALUE);
                assertEquals(exact, got[i * s.out + j], bound, "dW[" + i + "][" + j + "] of " + s);
            }
        }
    }

    /** Packed words are the same on every device: rounding is exact. */
    @ParameterizedTest
    @MethodSource("devices")
    void packedBitsAreTheSameEverywhere(Device device) {
        float[] hard = {
            0f,
            -0f,
            1f,
            65_504f,
            65_519f,
            65_520f,
            -1e30f,
            6.1e-5f,
            6.0e-5f,
            3e-8f,
            2.9e-8f,
            2.98e-8f,
            -1e-10f,
            1.0004883f,
            1.0014648f,
            Float.POSITIVE_INFINITY,
            3.4e38f,
            1.00390625f,
            1.01171875f,
            Float.MIN_VALUE
        };
        for (Element type : new Element[] {Element.F16, Element.BF16}) {
            short[][] packed = new short[2][];
            try (Device host = Device.open("cpu:1")) {
                for (int i = 0; i < 2; i++) {
                    Device where = i == 0 ? device : host;
                    try (Lab lab = new Lab(where);
                            DeviceBuffer into = where.allocate(type, PackedMatrix.elements(4, 5))) {
                        MixedLinear.pack(
                                lab.stream(), new Matrix(lab.floats(hard), 0, 4, 5), new PackedMatrix(into, 4, 5));
                        packed[i] = new short[(int) into.count()];
                        lab.stream().download(into, 0, packed[i], 0, packed[i].length);
                    }
                }
            }
            org.junit.jupiter.api.Assertions.assertArrayEquals(packed[1], packed[0], type + " on " + device.name());
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device);
                DeviceBuffer half = device.allocate(Element.F16, 256)) {
            DeviceBuffer some = lab.untouched(64);
            assertThrows(IllegalArgumentException.class, () -> new PackedMatrix(some, 3, 4));
            assertThrows(IllegalArgumentException.class, () -> new PackedMatrix(half, 17, 4));
            PackedMatrix w = new PackedMatrix(half, 3, 4);
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> MixedLinear.forward(
                                    lab.stream(),
                                    lab.rows(1, 0, 2),
                                    View.rows(some, 2),
                                    w,
                                    null,
                                    null,
                                    Activation.SILU,
                                    View.rows(some, 4),
                                    null))
                    .getMessage();
            assertTrue(message.contains("x must be 3"), message);
            assertThrows(
                    IllegalArgumentException.class, () -> MixedLinear.pack(lab.stream(), new Matrix(some, 0, 4, 4), w));
        }
    }
}
