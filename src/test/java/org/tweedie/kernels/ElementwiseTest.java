package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.kernels.Lab.sameOnOneThread;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.testing.TestDevices;

/** Activations, time features and sums against double, on every device, and every device against one host thread. */
class ElementwiseTest {
    private static final double U = 0x1p-24;
    /** Of a sine or cosine of turns: half a turn at most, to U, and 2 ulp of a number below 1. */
    private static final double OF_TURNS = (Math.PI + 2) * U;

    /** The largest error of an activation of v, as ApproxTest holds it: 6 ulp; and v times that of a factor below normal floats. */
    private static double bound(double v, double exact) {
        return 6 * Math.ulp((float) exact) + Math.abs(v) * Float.MIN_VALUE;
    }

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> activations() {
        return TestDevices.times(List.of(Activation.values()));
    }

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> sizes() {
        return TestDevices.times(List.of(0, 1, 3, 31, 33, 65, 257, 1021));
    }

    private static double normalLaw(double x) {
        return NormalDistribution.of(0, 1).cumulativeProbability(x); // to a few roundings in the tail, too
    }

    private static DoubleUnaryOperator formula(Activation activation) {
        return switch (activation) {
            case IDENTITY -> x -> x;
            case SILU -> x -> x / (1 + StrictMath.exp(-x));
            case SIN -> StrictMath::sin;
            case TANH -> StrictMath::tanh;
            case RELU -> x -> Math.max(x, 0);
            case SOFTPLUS -> x -> Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
            case GELU -> x -> x * normalLaw(x);
        };
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void numbersGoWhereTheyBelong(Device device) {
        for (int count = 1; count <= 4; count++) {
            for (int stride : new int[] {1, 3, 31}) {
                float[] numbers = values(count, 40 + count);
                float[] out = sameOnOneThread(device, count + " numbers " + stride + " apart", lab -> {
                    DeviceBuffer into = lab.floats(values(100, 7));
                    Add.numbers(lab.stream(), into, 2, stride, numbers);
                    return lab.read(into);
                });
                float[] expected = values(100, 7);
                for (int k = 0; k < count; k++) {
                    expected[2 + k * stride] = numbers[k];
                }
                assertArrayEquals(expected, out);
            }
        }
        sameOnOneThread(device, "the last places", lab -> {
            DeviceBuffer four = lab.floats(new float[4]);
            Add.numbers(lab.stream(), four, 0, 1, 1, 2, 3, 4);
            Add.numbers(lab.stream(), four, 3, 9, 5);
            for (float[] wrong : new float[][] {{}, new float[5]}) {
                assertThrows(IllegalArgumentException.class, () -> Add.numbers(lab.stream(), four, 0, 1, wrong));
            }
            assertThrows(IllegalArgumentException.class, () -> Add.numbers(lab.stream(), four, 1, 1, 1, 2, 3, 4));
            assertThrows(IllegalArgumentException.class, () -> Add.numbers(lab.stream(), four, -1, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> Add.numbers(lab.stream(), four, 3, -1, 1, 2));
            assertThrows(IllegalArgumentException.class, () -> Add.numbers(lab.stream(), four, 0, 4, 1, 2));
            return lab.read(four);
        });
    }

    @ParameterizedTest
    @MethodSource("activations")
    void activationsAndTheirSlopes(Device device, Activation activation) {
        int rows = 257;
        int width = 5;
        float[] x = values(rows * width, 21);
        float[] alive = new float[rows];
        java.util.Arrays.fill(alive, 1f);
        alive[3] = 0f;
        float[] out = sameOnOneThread(device, activation + " forward", lab -> {
            DeviceBuffer into = lab.untouched(rows * (width + 1));
            Activations.forward(
                    lab.stream(),
                    lab.rows(0, 0, rows, null, alive, 0),
                    View.rows(lab.floats(x), width),
                    activation,
                    new View(into, 1, width, width + 1));
            return lab.read(into);
        });
        float[] slope = sameOnOneThread(device, activation + " slope", lab -> {
            DeviceBuffer d = lab.floats(x);
            Activations.backward(
                    lab.stream(),
                    lab.rows(0, 0, rows, null, alive, 0),
                    View.rows(lab.floats(x), width),
                    View.rows(d, width),
                    activation,
                    View.rows(d, width));
            return lab.read(d);
        });
        DoubleUnaryOperator f = formula(activation);
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < width; j++) {
                double v = x[r * width + j];
                float got = out[1 + r * (width + 1) + j];
                float product = slope[r * width + j];
                if (r == 3) {
                    assertEquals(Lab.UNTOUCHED, got);
                    assertEquals((float) v, product);
                    continue;
                }
                assertEquals(f.applyAsDouble(v), got, bound(v, f.applyAsDouble(v)), activation + " of " + v);
                double h = 1e-4;
                double kink = activation == Activation.RELU && Math.abs(v) <= 2 * h ? Double.POSITIVE_INFINITY : 0;
                double numeric = (f.applyAsDouble(v - 2 * h)
                                - 8 * f.applyAsDouble(v - h)
                                + 8 * f.applyAsDouble(v + h)
                                - f.applyAsDouble(v + 2 * h))
                        / (12 * h);
                // the difference: 18 roundings in double of up to |v| + 1, over 12 h; each slope is a sum of two terms
                // of at most
                // 1.3, each of a function to 3 ulp with three roundings, and one product more
                double bound = Math.abs(v) * (18 * 0x1p-53 * (Math.abs(v) + 1) / (12 * h) + 10 * U * 2) + kink;
                assertEquals(v * numeric, product, bound, activation + " slope at " + v);
            }
        }
    }

    /** Both results against differences of the activation in double, in dead rows neither. */
    @ParameterizedTest
    @MethodSource("activations")
    void theWayBackBends(Device device, Activation activation) {
        int rows = 257;
        int width = 5;
        float[] x = values(rows * width, 31);
        float[] tangent = values(rows * width, 32);
        float[] back = values(rows * width, 33);
        float[] tangentBack = values(rows * width, 34);
        float[] alive = new float[rows];
        java.util.Arrays.fill(alive, 1f);
        alive[3] = 0f;
        float[] both = sameOnOneThread(device, activation + " bend", lab -> {
            DeviceBuffer into = lab.untouched(2 * rows * width);
            Activations.bend(
                    lab.stream(),
                    lab.rows(0, 0, rows, null, alive, 0),
                    View.rows(lab.floats(x), width),
                    View.rows(lab.floats(tangent), width),
                    View.rows(lab.floats(back), width),
                    View.rows(lab.floats(tangentBack), width),
                    activation,
                    new View(into, 0, width, 2 * width),
                    new View(into, width, width, 2 * width));
            return lab.read(into);
        });
        DoubleUnaryOperator f = formula(activation);
        double h = 1e-3;
        for (int i = 0; i < x.length; i++) {
            int row = i / width;
            float got = both[row * 2 * width + i % width];
            float gotTangent = both[row * 2 * width + width + i % width];
            if (row == 3) {
                assertEquals(Lab.UNTOUCHED, got);
                assertEquals(Lab.UNTOUCHED, gotTangent);
                continue;
            }
            double v = x[i];
            double[] at = new double[5];
            for (int k = 0; k < 5; k++) {
                at[k] = f.applyAsDouble(v + (k - 2) * h);
            }
            double slope = (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h);
            double bend = (-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / (12 * h * h);
            double pull = Math.abs((double) tangent[i] * tangentBack[i]);
            if (activation == Activation.RELU) {
                slope = v > 0 ? 1 : 0;
                bend = 0;
            }
            // differences: h^4 times a fifth or sixth derivative below 300, over 30; 64 roundings in double of up to
            // |v| + 1;
            // kernel: derivatives of at most 1.3 and 1, each of a dozen roundings, and three products
            double rounding = 64 * 0x1p-53 * (Math.abs(v) + 1) / (12 * h);
            double ofSlope = 1e-11 + rounding + 20 * U;
            double ofBend = 1e-11 + rounding / h + 40 * U;
            String what = activation + " at " + v;
            assertEquals(
                    slope * back[i] + bend * tangent[i] * tangentBack[i],
                    got,
                    ofSlope * Math.abs(back[i]) + ofBend * pull,
                    what);
            assertEquals(slope * tangentBack[i], gotTangent, ofSlope * Math.abs(tangentBack[i]), what);
        }
    }

    private static float[] values(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-8, 5)));
        }
        return x;
    }

    /** Every hard float: ends of ranges, infinities, NaN, zeros, subnormals. */
    @ParameterizedTest
    @MethodSource("activations")
    void hardFloatsHaveTheSameBits(Device device, Activation activation) {
        float[] hard = {
            0f,
            -0f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            1e-40f,
            -1e-40f,
            1e-20f,
            -1e-20f,
            0.55f,
            -0.55f,
            1f,
            -1f,
            13.9f,
            14f,
            14.1f,
            -14f,
            -14.1f,
            20f,
            84.9f,
            85f,
            85.1f,
            -84.9f,
            -85f,
            -85.1f,
            88.8f,
            -88.8f,
            -103.9f,
            -104f,
            -104.1f,
            104.1f,
            9999f,
            -9999f,
            1e30f,
            -1e30f
        };
        float[] got = sameOnOneThread(device, activation + " of hard floats", lab -> {
            DeviceBuffer into = lab.floats(hard);
            Activations.forward(
                    lab.stream(), lab.rows(0, 0, hard.length), View.rows(into, 1), activation, View.rows(into, 1));
            return lab.read(into);
        });
        float[] nan = Lab.on(device, lab -> {
            DeviceBuffer into = lab.floats(Float.NaN);
            Activations.forward(lab.stream(), lab.rows(0, 0, 1), View.rows(into, 1), activation, View.rows(into, 1));
            return lab.read(into);
        });
        assertTrue(Float.isNaN(nan[0]), activation + " of NaN is " + nan[0]);
        for (int i = 0; i < 22; i++) {
            double exact = formula(activation).applyAsDouble(hard[i]);
            assertEquals(exact, got[i], bound(hard[i], exact), activation + " of " + hard[i]);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void timeFeaturesAreSinesAndCosinesOfTurns(Device device, int rows) {
        int n = 13;
        SplittableRandom random = new SplittableRandom(22);
        float[] t = new float[rows];
        float[] f = new float[n];
        for (int r = 0; r < rows; r++) {
            t[r] = (float) (r % 5 == 0 ? random.nextDouble() * 1e4 : random.nextDouble());
        }
        for (int k = 0; k < n; k++) {
            f[k] = (float) (k == 0 ? 0 : k == 1 ? 1e7 : (random.nextDouble() - 0.5) * StrictMath.pow(2, k));
        }
        float[] got = sameOnOneThread(device, "time features", lab -> {
            DeviceBuffer out = lab.untouched(rows * 2 * n);
            TimeFeatures.forward(
                    lab.stream(),
                    lab.rows(0, 0, rows),
                    View.rows(lab.floats(t), 1),
                    View.shared(lab.floats(f), 0, n),
                    View.rows(out, 2 * n));
            return lab.read(out);
        });
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < n; k++) {
                double turn =
                        Math.IEEEremainder((double) f[k] * t[r], 1.0); // the product of two floats is exact in double
                assertEquals(StrictMath.sin(2 * Math.PI * turn), got[r * 2 * n + k], OF_TURNS);
                assertEquals(StrictMath.cos(2 * Math.PI * turn), got[r * 2 * n + n + k], OF_TURNS);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void oneTimeMayServeAllRows(Device device) {
        float[] f = TimeFeatures.sinusoidal(4, 1000, 10_000);
        assertEquals(1000 / (2 * Math.PI), f[0], U * 1000 / (2 * Math.PI));
        assertEquals(0.1 / (2 * Math.PI), f[3], U * 0.1 / (2 * Math.PI));
        float[] got = Lab.on(device, lab -> {
            DeviceBuffer out = lab.untouched(3 * 8);
            TimeFeatures.forward(
                    lab.stream(),
                    lab.rows(0, 0, 3),
                    View.shared(lab.floats(0.5f), 0, 1),
                    View.shared(lab.floats(f), 0, 4),
                    View.rows(out, 8));
            return lab.read(out);
        });
        for (int r = 0; r < 3; r++) {
            assertEquals(StrictMath.sin(500), got[r * 8], 500 * U + OF_TURNS); // a frequency in f32: 500 radians to U
            assertEquals(StrictMath.cos(0.05), got[r * 8 + 7], 0.05 * U + OF_TURNS);
        }
    }

    static java.util.stream.Stream<Device> devices() {
        return TestDevices.all();
    }

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> sums() {
        return TestDevices.times(List.of(
                new int[] {0, 3},
                new int[] {1, 1},
                new int[] {3, 5},
                new int[] {31, 33},
                new int[] {257, 1},
                new int[] {1021, 3},
                new int[] {1021, 130}));
    }

    @ParameterizedTest
    @MethodSource("sums")
    void sumsAreRoundedOnce(Device device, int[] shape) {
        int rows = shape[0];
        int width = shape[1];
        int stride = width + 1;
        SplittableRandom random = new SplittableRandom(23);
        float[] x = new float[rows * stride];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) ((random.nextDouble() - 0.4) * StrictMath.pow(2, random.nextInt(-10, 10)));
        }
        float[] alive = new float[rows];
        for (int r = 0; r < rows; r++) {
            alive[r] = r % 4 == 2 ? 0f : 1f;
            if (r % 4 == 2) {
                x[r * stride] = Float.NaN;
            }
        }
        if (rows > 200) {
            x[rows / 2 / 4 * 4 * stride + width - 1] = 0f;
        }
        float[] got = sameOnOneThread(device, "sums", lab -> {
            DeviceBuffer out = lab.untouched(4);
            DeviceBuffer scratch = lab.doubles(new double[Reduce.SCRATCH]);
            View values = new View(lab.floats(x), 0, width, stride);
            RowSet living = lab.rows(0, 0, rows, null, alive, 0);
            Reduce.sum(lab.stream(), living, values, out, 0, scratch);
            Reduce.sumOfSquares(lab.stream(), living, values, out, 1, scratch);
            Reduce.nonFinite(lab.stream(), living, values, out, 2, scratch);
            Reduce.nonFinite(lab.stream(), lab.rows(0, 0, rows), values, out, 3, scratch);
            return lab.read(out);
        });
        double sum = 0;
        double squares = 0;
        double size = 0;
        int dead = 0;
        for (int r = 0; r < rows; r++) {
            if (!(alive[r] > 0)) {
                dead++;
                continue;
            }
            for (int j = 0; j < width; j++) {
                double v = x[r * stride + j];
                sum += v;
                squares += v * v;
                size += Math.abs(v);
            }
        }
        double doubles = rows * width * 0x1p-53;
        assertEquals(sum, got[0], U * Math.abs(sum) + 2 * doubles * size);
        assertEquals(squares, got[1], (U + 4 * doubles) * squares);
        assertEquals(0f, got[2]);
        assertEquals(dead, got[3]);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void rowNormsAreSumsOfSquares(Device device, int rows) {
        for (int width : new int[] {1, 2, 31, 33, 130}) {
            SplittableRandom random = new SplittableRandom(24);
            float[] x = new float[rows * width];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) (random.nextDouble() - 0.5);
            }
            float[] alive = new float[rows];
            for (int r = 0; r < rows; r++) {
                alive[r] = r % 5 == 1 ? 0f : 1f;
            }
            float[] got = sameOnOneThread(device, "norms", lab -> {
                DeviceBuffer out = lab.untouched(2 * rows);
                Reduce.rowNorm2(
                        lab.stream(),
                        lab.rows(0, 0, rows, null, alive, 0),
                        View.rows(lab.floats(x), width),
                        new View(out, 0, 1, 2));
                return lab.read(out);
            });
            for (int r = 0; r < rows; r++) {
                double exact = 0;
                for (int j = 0; j < width; j++) {
                    exact += (double) x[r * width + j] * x[r * width + j];
                }
                int terms = (width + 31) / 32 + 5;
                assertEquals(
                        alive[r] > 0 ? exact : Lab.UNTOUCHED,
                        got[2 * r],
                        alive[r] > 0 ? terms * U / (1 - terms * U) * exact : 0);
                assertEquals(Lab.UNTOUCHED, got[2 * r + 1]);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Device device = Device.open("cpu:1");
                Lab lab = new Lab(device)) {
            DeviceBuffer some = lab.untouched(64);
            RowSet rows = lab.rows(0, 0, 2);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Activations.forward(
                            lab.stream(), rows, View.rows(some, 3), Activation.SILU, View.rows(some, 4)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> TimeFeatures.forward(
                            lab.stream(), rows, View.rows(some, 1), View.shared(some, 0, 3), View.rows(some, 5)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Reduce.sum(lab.stream(), rows, View.rows(some, 3), some, 0, some));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Reduce.rowNorm2(lab.stream(), rows, View.rows(some, 3), View.rows(some, 3)));
        }
    }
}
