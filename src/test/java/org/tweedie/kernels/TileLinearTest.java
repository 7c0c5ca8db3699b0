package org.tweedie.kernels;

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
import org.tweedie.device.Element;
import org.tweedie.kernels.host.Halves;
import org.tweedie.testing.TestDevices;

/** Layers by products of warpgroups against sums in double of the rounded operands, where a device has them. */
@Tag("kernels")
class TileLinearTest {
    record Shape(int rows, int in, int out, TileNumbers numbers, int salt) {}

    /** One past a tile of rows, of columns, of 64 columns, of inputs; slices that come back to the first place of the ring; nothing. */
    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> shapes() {
        List<Shape> shapes = new ArrayList<>();
        int salt = 0;
        for (int[] s : new int[][] {
            {0, 3, 5},
            {1, 1, 1},
            {3, 2, 65},
            {15, 33, 31},
            {16, 16, 16},
            {31, 64, 256},
            {33, 128, 3},
            {65, 130, 64},
            {127, 15, 17},
            {128, 65, 129},
            {129, 64, 130},
            {130, 200, 321},
            {300, 321, 257}
        }) {
            for (TileNumbers numbers : TileNumbers.values()) {
                shapes.add(new Shape(s[0], s[1], s[2], numbers, salt++));
            }
        }
        return TestDevices.times(shapes).filter(one -> has((Device) one.get()[0]));
    }

    static java.util.stream.Stream<Device> devices() {
        return TestDevices.all().filter(TileLinearTest::has);
    }

    /** Whether it multiplies by warpgroups; closed where not. */
    private static boolean has(Device device) {
        boolean has = TileLinear.on(device);
        if (!has) {
            device.close();
        }
        return has;
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-3, 3)));
        }
        return values;
    }

    /** tf32 by the nearest of 2^13 steps of the last place, of two the larger. */
    private static float rounded(TileNumbers numbers, float v) {
        return switch (numbers) {
            case F16 -> Halves.fromF16(Halves.f16(v));
            case BF16 -> Halves.fromBf16(Halves.bf16(v));
            case TF32 -> {
                double step = Math.ulp(v) * 0x1p13;
                yield (float) (Math.copySign(Math.floor(Math.abs(v) / step + 0.5), v) * step);
            }
        };
    }

    /** Of number (r, j): 128 bytes of a row a tile, whose parts of 16 bytes are exchanged by the row's place in eight. */
    private static int place(int r, int j, Shape s, int width) {
        int bytes = s.numbers.element().bytes();
        int depth = 128 / bytes;
        int tile = r / 128 * ((width + depth - 1) / depth) + j / depth;
        int part = j % depth * bytes / 16 ^ r % 8;
        return (tile * 16384 + r % 128 * 128 + part * 16 + j % depth * bytes % 16) / bytes;
    }

    private static float[] read(Lab lab, TileRows rows) {
        int count = (int) rows.data().count();
        float[] values = new float[count];
        if (rows.numbers() == TileNumbers.TF32) {
            if (count > 0) {
                lab.stream().download(rows.data(), 0, values, 0, count);
            }
            return values;
        }
        short[] bits = new short[count];
        if (count > 0) {
            lab.stream().download(rows.data(), 0, bits, 0, count);
        }
        for (int i = 0; i < count; i++) {
            values[i] = rows.numbers() == TileNumbers.F16 ? Halves.fromF16(bits[i]) : Halves.fromBf16(bits[i]);
        }
        return values;
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

    private static TileRows tiles(Lab lab, List<DeviceBuffer> owned, TileNumbers numbers, int rows, int width) {
        TileRows made = TileRows.on(lab.stream(), numbers, rows, width);
        owned.add(made.data());
        return made;
    }

    private static TileMatrix weights(
            Lab lab, List<DeviceBuffer> owned, TileNumbers numbers, float[] w, int in, int out) {
        TileMatrix made = TileMatrix.on(lab.stream().device(), numbers, in, out);
        owned.add(made.data());
        TileLinear.pack(lab.stream(), new Matrix(lab.floats(w), 0, in, out), made);
        return made;
    }

    /** Rows in tiles are what is expected within an error, zeros beside them; dead rows and those beyond the last as they were, zero. */
    private static void assertTiles(Shape s, double[] y, double[] error, float[] got) {
        float[] left = got.clone();
        float @Nullable [] alive = alive(s);
        double r0 = s.numbers.roundoff();
        double least = s.numbers == TileNumbers.F16 ? 0x1p-25 : 0;
        for (int r = 0; r < s.rows; r++) {
            for (int j = 0; j < s.out && (alive == null || alive[r] > 0); j++) {
                int at = r * s.out + j;
                double off = error[at] + r0 * (Math.abs(y[at]) + error[at]) + least;
                float there = left[place(r, j, s, s.out)];
                assertEquals(y[at], there, off, "row " + r + " column " + j + " of " + s);
                assertEquals(rounded(s.numbers, there), there, "rounded");
                left[place(r, j, s, s.out)] = 0;
            }
        }
        for (float v : left) {
            assertEquals(0, v, "beside the rows of " + s);
        }
    }

    /**
     * With operands rounded, products are exact in f32 and their sums off by {@code 2 (in + 2) 2^-24 sum |x w|}, as MixedLinearTest has it; then
     * activations by no more than activation_fast.cuh states, and a residual rounds once.
     */
    @ParameterizedTest
    @MethodSource("shapes")
    void isTheProductOfDoubles(Device device, Shape s) {
        List<DeviceBuffer> owned = new ArrayList<>();
        try (Lab lab = new Lab(device)) {
            RowSet rows = lab.rows(1, 0, s.rows, null, alive(s), 0);
            float[] w = random(s.in * s.out, 2);
            float[] x = random(s.rows * s.in, 1);
            float @Nullable [] bias = s.salt % 4 < 2 ? random(s.out, 3) : null;
            int stride = s.salt % 2 == 0 ? s.out + 3 : (s.out + 3) / 4 * 4;
            float @Nullable [] add = s.salt % 3 == 0 ? random(s.rows * stride, 4) : null;
            float @Nullable [] residual = s.salt % 5 > 2 ? random(s.rows * s.out, 5) : null;
            Activation activation = Activation.values()[s.salt % 7];
            double[] y = new double[s.rows * s.out];
            double[] error = new double[s.rows * s.out];
            for (int r = 0; r < s.rows; r++) {
                for (int j = 0; j < s.out; j++) {
                    double sum = (bias == null ? 0 : bias[j]) + (add == null ? 0 : (double) add[r * stride + j]);
                    double size = Math.abs(sum);
                    for (int k = 0; k < s.in; k++) {
                        double product =
                                (double) rounded(s.numbers, x[r * s.in + k]) * rounded(s.numbers, w[k * s.out + j]);
                        sum += product;
                        size += Math.abs(product);
                    }
                    int at = r * s.out + j;
                    double off = 2 * (s.in + 2) * 0x1p-24 * size;
                    y[at] = MlpError.activate(activation, sum);
                    error[at] = 1.13 * off + MlpError.own(activation, false, Math.abs(sum) + off);
                    if (residual != null) {
                        y[at] += rounded(s.numbers, residual[at]);
                        error[at] += 0x1p-24 * (Math.abs(y[at]) + error[at]);
                    }
                }
            }

            TileRows from = tiles(lab, owned, s.numbers, s.rows, s.in);
            TileRows beside = tiles(lab, owned, s.numbers, s.rows, s.out);
            TileRows half = tiles(lab, owned, s.numbers, s.rows, s.out);
            TileLinear.pack(lab.stream(), rows, lab.rows(x, s.in), from);
            if (residual != null) {
                TileLinear.pack(lab.stream(), rows, lab.rows(residual, s.out), beside);
            }
            View out = lab.out(2, s.rows, s.out, stride);
            boolean both = s.salt % 2 == 0 || s.salt % 8 == 1;
            TileLinear.forward(
                    lab.stream(),
                    rows,
                    from,
                    weights(lab, owned, s.numbers, w, s.in, s.out),
                    bias == null ? null : View.shared(lab.floats(bias), 0, s.out),
                    add == null ? null : new View(lab.floats(add), 0, s.out, stride),
                    activation,
                    residual == null ? null : beside,
                    both ? out : null,
                    s.salt % 8 == 1 ? null : half);
            if (s.salt % 8 != 1) {
                assertTiles(s, y, error, read(lab, half));
            }
            float[] got = lab.read(out);
            float @Nullable [] alive = alive(s);
            double worst = 0;
            for (int r = 0; both && r < s.rows; r++) {
                for (int j = 0; j < stride && 2 + r * stride + j < got.length; j++) {
                    float there = got[2 + r * stride + j];
                    if (j >= s.out || alive != null && !(alive[r] > 0)) {
                        assertEquals(Lab.UNTOUCHED, there, "row " + r + " column " + j + " of " + s);
                        continue;
                    }
                    int at = r * s.out + j;
                    assertEquals(y[at], there, error[at], "row " + r + " column " + j + " of " + s);
                    worst = Math.max(worst, Math.abs(y[at] - there) / Math.max(error[at], 1e-30));
                }
            }
            assertTrue(
                    !both || s.rows == 0 || s.in < 3 || worst > 1e-4, "the bound says nothing: " + worst + " of " + s);
        } finally {
            owned.forEach(DeviceBuffer::close);
        }
    }

    /** The thin layer is the f32 product, rounded; its activations are exact or as activation_fast.cuh states. */
    @ParameterizedTest
    @MethodSource("shapes")
    void aThinLayerIsTheF32ProductRounded(Device device, Shape s) {
        List<DeviceBuffer> owned = new ArrayList<>();
        try (Lab lab = new Lab(device)) {
            RowSet rows = lab.rows(1, 0, s.rows, null, alive(s), 0);
            Matrix w = new Matrix(lab.floats(random(1 + s.in * s.out, 2)), 1, s.in, s.out);
            View x = new View(lab.floats(random(1 + s.rows * (s.in + 2), 1)), 1, s.in, s.in + 2);
            View bias = s.salt % 4 < 2 ? View.shared(lab.floats(random(s.out, 3)), 0, s.out) : null;
            View add = s.salt % 3 == 0 ? View.rows(lab.floats(random(s.rows * s.out, 4)), s.out) : null;
            for (Activation activation : List.of(Activation.IDENTITY, Activation.values()[s.salt % 7])) {
                View plain = lab.out(s.rows, s.out);
                Linear.forward(lab.stream(), rows, x, w, bias, add, Activation.IDENTITY, plain, null);
                float[] z = lab.read(plain);
                double[] y = new double[z.length];
                double[] error = new double[z.length];
                for (int i = 0; i < z.length; i++) {
                    y[i] = MlpError.activate(activation, z[i]);
                    error[i] = activation == Activation.IDENTITY ? 0 : MlpError.own(activation, false, Math.abs(z[i]));
                }
                TileRows half = tiles(lab, owned, s.numbers, s.rows, s.out);
                TileLinear.thin(lab.stream(), rows, x, w, bias, add, activation, half);
                float[] got = read(lab, half);
                assertTiles(s, y, error, got);
                float @Nullable [] alive = alive(s);
                for (int i = 0; activation == Activation.IDENTITY && i < z.length; i++) {
                    if (alive == null || alive[i / s.out] > 0) {
                        assertEquals(
                                rounded(s.numbers, z[i]), got[place(i / s.out, i % s.out, s, s.out)], "number " + i);
                    }
                }
            }
        } finally {
            owned.forEach(DeviceBuffer::close);
        }
    }

    private static float[] layer(
            Device device, TileNumbers numbers, int rows, int first, float[] all, int in, int out, int blocks) {
        List<DeviceBuffer> owned = new ArrayList<>();
        try (Lab lab = new Lab(device)) {
            RowSet set = lab.rows(1, first, rows);
            TileMatrix w = weights(lab, owned, numbers, random(in * out, 2), in, out);
            TileRows x = tiles(lab, owned, numbers, rows, in);
            TileLinear.pack(
                    lab.stream(), set, lab.rows(Arrays.copyOfRange(all, first * in, (first + rows) * in), in), x);
            View y = lab.out(rows, out);
            TileLinear.forward(lab.stream(), set, x, w, null, null, Activation.SILU, null, y, null, blocks);
            return lab.read(y);
        } finally {
            owned.forEach(DeviceBuffer::close);
        }
    }

    /** A row's bits do not depend on how many rows there are, where it stands among them, nor on how tiles are dealt to blocks. */
    @ParameterizedTest
    @MethodSource("devices")
    void aRowsBitsAreItsOwn(Device device) {
        int in = 150;
        int out = 270;
        float[] all = random(401 * in, 6);
        for (TileNumbers numbers : TileNumbers.values()) {
            float[] whole = layer(device, numbers, 401, 0, all, in, out, 132);
            for (int blocks : new int[] {1, 3, 8}) {
                Lab.assertBits(whole, layer(device, numbers, 401, 0, all, in, out, blocks), blocks + " blocks");
            }
            for (int[] piece : new int[][] {{0, 1}, {15, 130}, {127, 129}, {399, 2}}) {
                float[] part = layer(device, numbers, piece[1], piece[0], all, in, out, 2);
                Lab.assertBits(
                        Arrays.copyOfRange(whole, piece[0] * out, (piece[0] + piece[1]) * out),
                        part,
                        piece[1] + " rows from " + piece[0]);
            }
        }
    }

    /** NaN stays in its row, and what f16 does not hold becomes infinite, what tf32 holds does not. */
    @ParameterizedTest
    @MethodSource("devices")
    void whatIsNoNumberStaysInItsRow(Device device) {
        for (TileNumbers numbers : TileNumbers.values()) {
            List<DeviceBuffer> owned = new ArrayList<>();
            try (Lab lab = new Lab(device)) {
                RowSet set = lab.rows(1, 0, 3);
                TileMatrix w = weights(lab, owned, numbers, new float[] {1, 1}, 2, 1);
                TileRows x = tiles(lab, owned, numbers, 3, 2);
                TileLinear.pack(lab.stream(), set, lab.rows(new float[] {Float.NaN, 1, 1e30f, 1, 2, 1}, 2), x);
                View y = lab.out(3, 1);
                TileLinear.forward(lab.stream(), set, x, w, null, null, Activation.IDENTITY, null, y, null);
                float[] got = lab.read(y);
                assertTrue(Float.isNaN(got[0]));
                assertEquals(numbers == TileNumbers.F16 ? Double.POSITIVE_INFINITY : 1e30, got[1], 1e28);
                assertEquals(3, got[2]);
            } finally {
                owned.forEach(DeviceBuffer::close);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device);
                DeviceBuffer f16 = device.allocate(Element.F16, 8192);
                DeviceBuffer other = device.allocate(Element.F16, 8192);
                DeviceBuffer f32 = device.allocate(Element.F32, 4096)) {
            assertThrows(IllegalArgumentException.class, () -> new TileRows(f32, 3, TileNumbers.F16));
            assertThrows(IllegalArgumentException.class, () -> new TileRows(f16, 3, TileNumbers.TF32));
            assertThrows(IllegalArgumentException.class, () -> new TileRows(f16, 0, TileNumbers.F16));
            assertThrows(IllegalArgumentException.class, () -> new TileMatrix(f16, 65, 3, TileNumbers.F16));
            TileMatrix w = new TileMatrix(other, 3, 4, TileNumbers.F16);
            TileRows x = new TileRows(f16, 3, TileNumbers.F16);
            RowSet rows = lab.rows(1, 0, 2);
            View out = View.rows(lab.untouched(64), 4);
            assertRefused("x must be 3 F16", lab, rows, new TileRows(f32, 3, TileNumbers.TF32), w, out, null);
            assertRefused("x must be 3 F16", lab, rows, new TileRows(f16, 2, TileNumbers.F16), w, out, null);
            assertRefused("give out or half", lab, rows, x, w, null, null);
            assertRefused("half must be 4", lab, rows, x, w, null, new TileRows(other, 3, TileNumbers.F16));
            TileMatrix square = new TileMatrix(other, 3, 3, TileNumbers.F16);
            assertRefused("not be the memory of x", lab, rows, x, square, null, x);
        }
    }

    private static void assertRefused(
            String words, Lab lab, RowSet rows, TileRows x, TileMatrix w, @Nullable View out, @Nullable TileRows half) {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> TileLinear.forward(
                                lab.stream(), rows, x, w, null, null, Activation.SILU, null, out, half))
                .getMessage();
        assertTrue(message.contains(words), message);
    }
}
