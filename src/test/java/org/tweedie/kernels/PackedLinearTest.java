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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.kernels.PackedLinear.Curve;
import org.tweedie.kernels.host.Halves;
import org.tweedie.testing.TestDevices;

/** Layers with packed rows against those with rows of f32 ({@link MixedLinear}, {@link Linear}), whose own tests hold them to the exact sums. */
@Tag("kernels")
class PackedLinearTest {
    record Shape(int rows, int in, int out, Element type, int salt) {}

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> shapes() {
        List<Shape> shapes = new ArrayList<>();
        int salt = 0;
        for (int[] s : new int[][] {
            {0, 3, 5},
            {1, 1, 1},
            {3, 2, 65},
            {15, 33, 31},
            {16, 16, 16},
            {33, 128, 3},
            {65, 130, 64},
            {127, 15, 17},
            {129, 64, 130},
            {300, 97, 257}
        }) {
            for (Element type : new Element[] {Element.F16, Element.BF16}) {
                shapes.add(new Shape(s[0], s[1], s[2], type, salt++));
            }
        }
        return TestDevices.times(shapes);
    }

    static java.util.stream.Stream<Device> devices() {
        return TestDevices.all();
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-3, 3)));
        }
        return values;
    }

    private static short narrow(Element type, float v) {
        return type == Element.F16 ? Halves.f16(v) : Halves.bf16(v);
    }

    private static float rounded(Element type, float v) {
        short bits = narrow(type, v);
        return type == Element.F16 ? Halves.fromF16(bits) : Halves.fromBf16(bits);
    }

    /** Of element (r, j), by the layout of an operand of mma.sync m16n8k16 in the PTX ISA: registers a0 to a3 of lane 4 g + q. */
    private static int place(int r, int j, int width) {
        int register = (r % 16 < 8 ? 0 : 1) + (j % 16 < 8 ? 0 : 2);
        int lane = 4 * (r % 8) + j % 8 / 2;
        return (r / 16 * ((width + 15) / 16) + j / 16) * 256 + lane * 8 + 2 * register + j % 2;
    }

    private static short[] read(Lab lab, PackedRows rows) {
        short[] bits = new short[(int) rows.data().count()];
        if (bits.length > 0) {
            lab.stream().download(rows.data(), 0, bits, 0, bits.length);
        }
        return bits;
    }

    /** All of it: the rows in 16 bits as {@code y} rounds, zeros beside them, dead rows and those beyond the last as they were. */
    private static void assertPacked(Shape s, float[] y, float @Nullable [] alive, short[] bits, String what) {
        short[] expected = new short[bits.length];
        for (int r = 0; r < s.rows; r++) {
            for (int j = 0; j < s.out && (alive == null || alive[r] > 0); j++) {
                expected[place(r, j, s.out)] = narrow(s.type, y[r * s.out + j]);
            }
        }
        assertArrayEquals(expected, bits, what);
    }

    private static float @Nullable [] alive(Shape s) {
        if (s.salt % 3 != 1) {
            return null;
        }
        float[] alive = new float[s.rows];
        for (int r = 0; r < s.rows; r++) {
            alive[r] = r % 5 == 2 || r / 16 % 4 == 2 ? 0 : 1;
        }
        return alive;
    }

    private static RowSet rows(Lab lab, Shape s) {
        return lab.rows(1, 0, s.rows, null, alive(s), 0);
    }

    private static PackedRows packed(Lab lab, List<DeviceBuffer> owned, Element type, int rows, int width) {
        PackedRows packed = PackedRows.on(lab.stream(), type, rows, width);
        owned.add(packed.data());
        return packed;
    }

    /** The same bits as the product that reads and writes f32. */
    @ParameterizedTest
    @MethodSource("shapes")
    void hasTheBitsOfTheProductOfF32Rows(Device device, Shape s) {
        List<DeviceBuffer> owned = new ArrayList<>();
        try (Lab lab = new Lab(device)) {
            RowSet rows = rows(lab, s);
            PackedMatrix w = PackedMatrix.on(device, s.type, s.in, s.out);
            owned.add(w.data());
            MixedLinear.pack(lab.stream(), new Matrix(lab.floats(random(s.in * s.out, 2)), 0, s.in, s.out), w);
            View x = lab.rows(random(s.rows * s.in, 1), s.in);
            View bias = s.salt % 4 < 2 ? View.shared(lab.floats(random(s.out, 3)), 0, s.out) : null;
            View add =
                    s.salt % 3 == 0 ? new View(lab.floats(random(s.rows * (s.out + 3), 4)), 0, s.out, s.out + 3) : null;
            Activation activation = Activation.values()[s.salt % 7];
            float[] residual = random(s.rows * s.out, 5);

            View plain = lab.out(s.rows, s.out);
            MixedLinear.forward(lab.stream(), rows, x, w, bias, add, activation, plain, null);
            float[] expected = lab.read(plain);
            boolean withResidual = s.salt % 5 > 2;
            for (int i = 0; withResidual && i < expected.length; i++) {
                if (expected[i] != Lab.UNTOUCHED) {
                    expected[i] += rounded(s.type, residual[i]);
                }
            }

            PackedRows from = packed(lab, owned, s.type, s.rows, s.in);
            PackedRows beside = packed(lab, owned, s.type, s.rows, s.out);
            PackedRows half = packed(lab, owned, s.type, s.rows, s.out);
            View out = lab.out(2, s.rows, s.out, s.out + 1);
            PackedLinear.pack(lab.stream(), rows, x, from);
            PackedLinear.pack(lab.stream(), rows, lab.rows(residual, s.out), beside);
            PackedLinear.forward(
                    lab.stream(),
                    rows,
                    from,
                    w,
                    bias,
                    add,
                    activation,
                    Curve.EXACT,
                    withResidual ? beside : null,
                    s.salt % 2 == 0 || s.salt % 8 == 1 ? out : null,
                    half);
            assertPacked(s, expected, alive(s), read(lab, half), s + " on " + device.name());
            if (s.salt % 2 == 0 || s.salt % 8 == 1) {
                float[] got = lab.read(out);
                for (int r = 0; r < s.rows; r++) {
                    for (int j = 0; j < s.out; j++) {
                        assertEquals(expected[r * s.out + j], got[2 + r * (s.out + 1) + j], r + ", " + j + " of " + s);
                    }
                    assertEquals(Lab.UNTOUCHED, got[1 + r * (s.out + 1)], "the gap before row " + r);
                }
            }
        } finally {
            owned.forEach(DeviceBuffer::close);
        }
    }

    /** The thin layer is the f32 product, rounded. */
    @ParameterizedTest
    @MethodSource("shapes")
    void aThinLayerIsTheF32ProductRounded(Device device, Shape s) {
        List<DeviceBuffer> owned = new ArrayList<>();
        try (Lab lab = new Lab(device)) {
            RowSet rows = rows(lab, s);
            Matrix w = new Matrix(lab.floats(random(1 + s.in * s.out, 2)), 1, s.in, s.out);
            View x = new View(lab.floats(random(1 + s.rows * (s.in + 2), 1)), 1, s.in, s.in + 2);
            View bias = s.salt % 4 < 2 ? View.shared(lab.floats(random(s.out, 3)), 0, s.out) : null;
            View add = s.salt % 3 == 0 ? View.rows(lab.floats(random(s.rows * s.out, 4)), s.out) : null;
            Activation activation = Activation.values()[s.salt % 7];
            View plain = lab.out(s.rows, s.out);
            Linear.forward(lab.stream(), rows, x, w, bias, add, activation, plain, null);
            PackedRows half = packed(lab, owned, s.type, s.rows, s.out);
            PackedLinear.thin(lab.stream(), rows, x, w, bias, add, activation, Curve.EXACT, half);
            assertPacked(s, lab.read(plain), alive(s), read(lab, half), s + " on " + device.name());
        } finally {
            owned.forEach(DeviceBuffer::close);
        }
    }

    private static float[] layer(
            Device device, int rows, int first, Activation activation, Curve curve, float[] all, int in, int out) {
        List<DeviceBuffer> owned = new ArrayList<>();
        try (Lab lab = new Lab(device)) {
            RowSet set = lab.rows(1, first, rows);
            PackedMatrix w = PackedMatrix.on(device, Element.F16, in, out);
            owned.add(w.data());
            MixedLinear.pack(lab.stream(), new Matrix(lab.floats(random(in * out, 2)), 0, in, out), w);
            PackedRows x = packed(lab, owned, Element.F16, rows, in);
            PackedLinear.pack(
                    lab.stream(), set, lab.rows(Arrays.copyOfRange(all, first * in, (first + rows) * in), in), x);
            View y = lab.out(rows, out);
            PackedLinear.forward(lab.stream(), set, x, w, null, null, activation, curve, null, y, null);
            return lab.read(y);
        } finally {
            owned.forEach(DeviceBuffer::close);
        }
    }

    /** A row's bits do not depend on how many rows there are, nor on where it stands among them. */
    @ParameterizedTest
    @MethodSource("devices")
    void aRowsBitsAreItsOwn(Device device) {
        int in = 70;
        int out = 131;
        float[] all = random(401 * in, 6);
        float[] whole = layer(device, 401, 0, Activation.SILU, Curve.APPROXIMATE, all, in, out);
        for (int[] piece : new int[][] {{0, 1}, {1, 16}, {15, 130}, {127, 129}, {200, 201}, {399, 2}}) {
            float[] part = layer(device, piece[1], piece[0], Activation.SILU, Curve.APPROXIMATE, all, in, out);
            Lab.assertBits(
                    Arrays.copyOfRange(whole, piece[0] * out, (piece[0] + piece[1]) * out),
                    part,
                    piece[1] + " rows from " + piece[0]);
        }
    }

    /** What the special functions may be off, as activation_fast.cuh states it; the host has exact ones. */
    @ParameterizedTest
    @MethodSource("devices")
    void approximateActivationsAreWithinTheirErrors(Device device) {
        int in = 3;
        int out = 40;
        float[] all = random(33 * in, 7);
        float[] z = layer(device, 33, 0, Activation.IDENTITY, Curve.APPROXIMATE, all, in, out);
        double e = 0x1p-11;
        for (Activation activation : Activation.values()) {
            float[] exact = layer(device, 33, 0, activation, Curve.EXACT, all, in, out);
            float[] near = layer(device, 33, 0, activation, Curve.APPROXIMATE, all, in, out);
            boolean differs = false;
            for (int i = 0; i < z.length; i++) {
                double size = Math.abs(z[i]);
                double bound = 0x1p-22 * (1 + size)
                        + switch (activation) {
                            case IDENTITY, RELU -> 0;
                            case SILU -> size * e / 2;
                            case TANH -> e;
                            case GELU -> size * e / 2 + 2.6e-5;
                            case SIN -> 0x1p-20 + 0x1p-24 * size;
                            case SOFTPLUS -> 0x1p-21 + 0x1p-23 * size;
                        };
                assertEquals(exact[i], near[i], bound, activation + " of " + z[i]);
                differs |= exact[i] != near[i];
            }
            boolean approximated = activation != Activation.IDENTITY && activation != Activation.RELU;
            assertEquals(
                    approximated && device.kind() != DeviceKind.HOST, differs, activation + " on " + device.name());
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device);
                DeviceBuffer f16 = device.allocate(Element.F16, 256);
                DeviceBuffer other = device.allocate(Element.F16, 256);
                DeviceBuffer bf16 = device.allocate(Element.BF16, 256)) {
            DeviceBuffer some = lab.untouched(64);
            assertThrows(IllegalArgumentException.class, () -> new PackedRows(some, 3));
            assertThrows(IllegalArgumentException.class, () -> new PackedRows(f16, 0));
            PackedMatrix w = new PackedMatrix(other, 3, 4);
            PackedRows x = new PackedRows(f16, 3);
            RowSet rows = lab.rows(1, 0, 2);
            View out = View.rows(some, 4);
            assertRefused("x must be 3 F16", lab, rows, new PackedRows(bf16, 3), w, out, null);
            assertRefused("x must be 3 F16", lab, rows, new PackedRows(f16, 2), w, out, null);
            assertRefused("give out or half", lab, rows, x, w, null, null);
            assertRefused("half must be 4", lab, rows, x, w, null, new PackedRows(other, 3));
            assertRefused("out must be 4", lab, rows, x, w, View.rows(some, 3), null);
            PackedMatrix square = new PackedMatrix(other, 3, 3);
            assertRefused("not be the memory of x", lab, rows, x, square, null, x);
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> PackedLinear.thin(
                                    lab.stream(),
                                    rows,
                                    null,
                                    new Matrix(some, 0, 3, 3),
                                    null,
                                    null,
                                    Activation.SILU,
                                    Curve.EXACT,
                                    x))
                    .getMessage()
                    .contains("x must be given"));
        }
    }

    private static void assertRefused(
            String words,
            Lab lab,
            RowSet rows,
            PackedRows x,
            PackedMatrix w,
            @Nullable View out,
            @Nullable PackedRows half) {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> PackedLinear.forward(
                                lab.stream(), rows, x, w, null, null, Activation.SILU, Curve.EXACT, null, out, half))
                .getMessage();
        assertTrue(message.contains(words), message);
    }
}
