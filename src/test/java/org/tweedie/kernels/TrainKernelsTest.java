package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.testing.TestDevices;

/** Loss, optimiser and batches against the formula in double, and every device against one host thread, bit for bit. */
class TrainKernelsTest {
    private static final double U = 0x1p-24;
    private static final List<Integer> SIZES = List.of(0, 1, 3, 31, 33, 257, 1021);

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> sizes() {
        return TestDevices.times(SIZES);
    }

    /** Buffers of one test on one device. */
    private static final class Memory implements AutoCloseable {
        final Stream stream;
        final RowSet rows;
        private final List<DeviceBuffer> buffers = new java.util.ArrayList<>();

        Memory(Device device, long first, long count) {
            stream = device.stream();
            rows = RowSet.on(device);
            rows.assign(stream, 77, first, count);
        }

        DeviceBuffer of(float... values) {
            DeviceBuffer buffer = stream.device().allocate(Element.F32, values.length);
            buffers.add(buffer);
            stream.upload(values, 0, buffer, 0, values.length);
            return buffer;
        }

        DeviceBuffer control() {
            buffers.add(Adam.control(stream));
            return buffers.get(buffers.size() - 1);
        }

        float[] floats(DeviceBuffer buffer) {
            float[] values = new float[(int) buffer.count()];
            stream.download(buffer, 0, values, 0, values.length);
            return values;
        }

        double[] doubles(DeviceBuffer buffer) {
            double[] values = new double[(int) buffer.count()];
            stream.download(buffer, 0, values, 0, values.length);
            return values;
        }

        @Override
        public void close() {
            buffers.forEach(DeviceBuffer::close);
            rows.close();
            stream.close();
        }
    }

    private static float[] normals(int what, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Philox.words(5, i, Purpose.values()[what], 0).normal(0);
        }
        return values;
    }

    private static float[][] loss(Device device, int count, int width, boolean weighted) {
        try (Memory m = new Memory(device, 0, count)) {
            DeviceBuffer out = m.of(normals(0, count * width));
            DeviceBuffer target = m.of(normals(1, count * width));
            DeviceBuffer cotangent = m.of(new float[count * width]);
            DeviceBuffer loss = m.of(new float[count]);
            View weight = weighted ? View.rows(m.of(normals(2, count)), 1) : null;
            SquaredLoss.gradient(
                    m.stream,
                    m.rows,
                    View.rows(out, width),
                    View.rows(target, width),
                    weight,
                    0.25f,
                    View.rows(cotangent, width),
                    loss);
            return new float[][] {m.floats(loss), m.floats(cotangent)};
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void lossAndCotangentFollowTheFormula(Device device, int count) {
        for (int width : new int[] {1, 2, 33}) {
            for (boolean weighted : new boolean[] {false, true}) {
                float[][] actual = loss(device, count, width, weighted);
                float[] out = normals(0, count * width);
                float[] target = normals(1, count * width);
                float[] weight = normals(2, count);
                for (int r = 0; r < count; r++) {
                    double w = weighted ? weight[r] : 1;
                    double sum = 0;
                    for (int d = r * width; d < (r + 1) * width; d++) {
                        double error = (double) out[d] - target[d];
                        sum += error * error;
                        assertEquals(0.5 * w * error, actual[1][d], 4 * U * Math.abs(w * error), "cotangent " + d);
                    }
                    assertEquals(w * sum, actual[0][r], (width + 4) * U * Math.abs(w * sum), "row " + r);
                }
                try (Device host = Device.open("cpu:1")) {
                    assertArrayEquals(loss(host, count, width, weighted), actual);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aDeadRowIsLeftAlone(Device device) {
        try (Memory m = new Memory(device, 0, 4)) {
            DeviceBuffer alive = m.of(1, 0, 1, -1);
            m.rows.assign(m.stream, 0, 0, 4, null, alive, 0);
            DeviceBuffer out = m.of(1, 2, 3, 4);
            DeviceBuffer cotangent = m.of(9, 9, 9, 9);
            DeviceBuffer loss = m.of(7, 7, 7, 7);
            SquaredLoss.gradient(
                    m.stream,
                    m.rows,
                    View.rows(out, 1),
                    View.shared(m.of(0), 0, 1),
                    null,
                    1,
                    View.rows(cotangent, 1),
                    loss);
            assertArrayEquals(new float[] {2, 9, 6, 9}, m.floats(cotangent));
            assertArrayEquals(new float[] {1, 7, 9, 7}, m.floats(loss));
        }
    }

    private record State(
            float[] weights, float[] first, float[] second, float[] mean, double[] control, float[] history) {}

    private static final Adam.Rule RULE = new Adam.Rule(0.9, 0.99, 1e-8, 0.01);

    private static State adam(Device device, int count, int steps, double clip) {
        try (Memory m = new Memory(device, 0, 1)) {
            DeviceBuffer w = m.of(normals(0, count));
            DeviceBuffer first = m.of(new float[count]);
            DeviceBuffer second = m.of(new float[count]);
            DeviceBuffer mean = m.of(normals(0, count));
            DeviceBuffer gradient = m.of(new float[count]);
            DeviceBuffer sums = m.of(0, 0, 0);
            DeviceBuffer history = m.of(new float[4]);
            DeviceBuffer control = m.control();
            for (int k = 1; k <= steps; k++) {
                float[] g = normals(1 + k % 3, count);
                m.stream.upload(g, 0, gradient, 0, count);
                m.stream.upload(
                        new float[] {3 * k, squares(g, 0, count / 2), squares(g, count / 2, count)}, 0, sums, 0, 3);
                Adam.assign(m.stream, control, k, 1e-2 / k, 0.1, RULE);
                Adam.judge(m.stream, control, sums, 2, 0.5, clip, history);
                Adam.update(m.stream, control, 0, count, w, gradient, first, second, mean, RULE);
            }
            return new State(
                    m.floats(w),
                    m.floats(first),
                    m.floats(second),
                    m.floats(mean),
                    m.doubles(control),
                    m.floats(history));
        }
    }

    private static float squares(float[] g, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += (double) g[i] * g[i];
        }
        return (float) sum;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void adamFollowsTheFormula(Device device, int count) {
        for (double clip : new double[] {0, 0.5}) {
            State actual = adam(device, count, 5, clip);
            float[] start = normals(0, count);
            double[] w = IntStream.range(0, count).mapToDouble(i -> start[i]).toArray();
            double[] mean = w.clone();
            double[] first = new double[count];
            double[] second = new double[count];
            // how far f32 may be off: roundings of each operation times what it adds up, step by step
            double[] size = new double[count];
            double[] offWeight = new double[count];
            double[] offMean = new double[count];
            double norm = 0;
            for (int k = 1; k <= 5; k++) {
                float[] g = normals(1 + k % 3, count);
                norm = Math.sqrt((double) squares(g, 0, count / 2) + squares(g, count / 2, count));
                double factor = clip > 0 && norm > clip ? clip / norm : 1;
                double rate = 1e-2 / k;
                for (int i = 0; i < count; i++) {
                    first[i] = 0.9 * first[i] + 0.1 * factor * g[i];
                    second[i] = 0.99 * second[i] + 0.01 * factor * g[i] * factor * g[i];
                    double step =
                            first[i] / (1 - Math.pow(0.9, k)) / (Math.sqrt(second[i] / (1 - Math.pow(0.99, k))) + 1e-8);
                    w[i] = w[i] - rate * 0.01 * w[i] - rate * step;
                    mean[i] += 0.1 * (w[i] - mean[i]);
                    // moments: factor, difference, constant and sum a step, 6 U of the first's terms and 8 U of the
                    // second
                    size[i] = 0.9 * size[i] + 0.1 * factor * Math.abs(g[i]);
                    double root = Math.sqrt(second[i] / (1 - Math.pow(0.99, k))) + 1e-8;
                    double offStep =
                            6 * k * U * size[i] / (1 - Math.pow(0.9, k)) / root + (4 * k + 8) * U * Math.abs(step);
                    offWeight[i] += 4 * U * Math.abs(w[i]) + rate * (offStep + 2 * U * Math.abs(step));
                    offMean[i] = 0.9 * offMean[i] + 0.1 * offWeight[i] + 2 * U * (Math.abs(w[i]) + Math.abs(mean[i]));
                }
            }
            for (int i = 0; i < count; i++) {
                assertEquals(w[i], actual.weights[i], offWeight[i], "weight " + i);
                assertEquals(mean[i], actual.mean[i], offMean[i], "mean " + i);
                assertEquals(first[i], actual.first[i], 5 * 6 * U * size[i], "first " + i);
                assertEquals(second[i], actual.second[i], 5 * 8 * U * second[i] + Float.MIN_NORMAL, "second " + i);
            }
            assertEquals(7.5, actual.control[Adam.LOSS]);
            assertEquals(norm, actual.control[Adam.NORM], 1e-12 * norm);
            assertEquals(0, actual.control[Adam.HALTED]);
            // capacity 2: step 5 stands where steps 1 and 3 stood
            assertArrayEquals(new float[] {7.5f, 6}, Arrays.copyOf(actual.history, 2));
            try (Device host = Device.open("cpu:1")) {
                State other = adam(host, count, 5, clip);
                assertArrayEquals(other.weights, actual.weights);
                assertArrayEquals(other.mean, actual.mean);
                assertArrayEquals(other.first, actual.first);
                assertArrayEquals(other.second, actual.second);
                assertArrayEquals(other.control, actual.control);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void whatIsNotFiniteStopsEverythingWhereItWas(Device device) {
        for (float[] bad : new float[][] {{Float.NaN, 1}, {1, Float.POSITIVE_INFINITY}, {Float.POSITIVE_INFINITY, 1}}) {
            try (Memory m = new Memory(device, 0, 1)) {
                DeviceBuffer w = m.of(1, 2);
                DeviceBuffer first = m.of(0, 0);
                DeviceBuffer second = m.of(0, 0);
                DeviceBuffer mean = m.of(1, 2);
                DeviceBuffer gradient = m.of(Float.NaN, 1);
                DeviceBuffer history = m.of(new float[8]);
                DeviceBuffer control = m.control();
                for (int k = 1; k <= 3; k++) {
                    DeviceBuffer sums = m.of(k < 2 ? new float[] {1, 1} : k == 2 ? bad : new float[] {1, 1});
                    m.stream.upload(new float[] {k == 2 ? Float.NaN : 1, 1}, 0, gradient, 0, 2);
                    Adam.assign(m.stream, control, k, 0.1, 0.5, RULE);
                    Adam.judge(m.stream, control, sums, 1, 1, 0, history);
                    Adam.update(m.stream, control, 0, 2, w, gradient, first, second, mean, RULE);
                }
                assertEquals(2, m.doubles(control)[Adam.HALTED], Arrays.toString(bad));
                float[] after = m.floats(w);
                // one step of Adam is the rate, whatever the gradient; decay 0.01 took a thousandth first
                // fading and moving round the weight, the step has ten roundings and an epsilon of 1e-8
                for (int i = 0; i < 2; i++) {
                    assertEquals((1 + i) * 0.999 - 0.1, after[i], 4 * U * (1 + i) + 0.1 * (10 * U + 1e-8));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anEpochTakesEveryRowOnceInItsOwnOrder(Device device) {
        for (int n : new int[] {1, 2, 3, 31, 33, 1021, 4096, 4097}) {
            float[] data = new float[2 * n];
            for (int i = 0; i < n; i++) {
                data[2 * i] = i;
                data[2 * i + 1] = -i;
            }
            try (Memory m = new Memory(device, 0, 3L * n)) {
                DeviceBuffer out = m.of(new float[9 * n]);
                View rows = new View(out, 1, 2, 3);
                Batch.rows(m.stream, m.rows, m.of(data), n, rows);
                float[] drawn = m.floats(out);
                int[][] order = new int[3][n];
                for (int i = 0; i < 3 * n; i++) {
                    order[i / n][i % n] = (int) drawn[3 * i + 1];
                    assertEquals(0, drawn[3 * i + 1] + drawn[3 * i + 2]);
                }
                for (int[] epoch : order) {
                    assertArrayEquals(
                            IntStream.range(0, n).toArray(),
                            Arrays.stream(epoch).sorted().toArray(),
                            "n = " + n);
                }
                assertTrue(n < 31 || !Arrays.equals(order[0], order[1]), "two epochs of " + n + " in one order");
                // any sample without those before it
                m.rows.assign(m.stream, 77, n + n / 2, 1);
                Batch.rows(m.stream, m.rows, m.of(data), n, rows);
                assertEquals(order[1][n / 2], m.floats(out)[1]);
            }
        }
    }

    /**
     * Over epochs each row is as likely at each place, and so are neighbours: chi-square statistics below the 1 - 1e-6
     * quantile, here mean + 6 standard deviations of a chi-square law with n (n - 1) degrees or so. False alarm below 1e-6.
     */
    @Test
    void ordersAreUniform() {
        for (int n : new int[] {3, 5, 17, 40}) {
            int epochs = 20_000;
            int[][] at = new int[n][n];
            int[][] next = new int[n][n];
            try (Device device = Device.open("cpu:1");
                    Memory m = new Memory(device, 0, (long) n * epochs)) {
                float[] data = new float[n];
                for (int i = 0; i < n; i++) {
                    data[i] = i;
                }
                DeviceBuffer out = m.of(new float[n * epochs]);
                Batch.rows(m.stream, m.rows, m.of(data), n, View.rows(out, 1));
                float[] drawn = m.floats(out);
                for (int i = 0; i < drawn.length; i++) {
                    at[i % n][(int) drawn[i]]++;
                    if (i % n > 0) {
                        next[(int) drawn[i - 1]][(int) drawn[i]]++;
                    }
                }
            }
            double places = 0;
            double pairs = 0;
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    double expected = (double) epochs / n;
                    places += (at[i][j] - expected) * (at[i][j] - expected) / expected;
                    pairs += i == j ? 0 : (next[i][j] - expected) * (next[i][j] - expected) / expected;
                }
            }
            double degrees = n * (n - 1.0);
            assertTrue(places < degrees + 6 * Math.sqrt(2 * degrees), n + " rows, places: " + places);
            assertTrue(pairs < degrees + 6 * Math.sqrt(2 * degrees), n + " rows, neighbours: " + pairs);
        }
    }

    @Test
    void badArgumentsAreRefused() {
        try (Device device = Device.open("cpu:1");
                Memory m = new Memory(device, 0, 2)) {
            DeviceBuffer four = m.of(1, 2, 3, 4);
            assertThrows(
                    IllegalArgumentException.class, () -> Batch.rows(m.stream, m.rows, four, 0, View.rows(four, 2)));
            assertThrows(
                    IllegalArgumentException.class, () -> Batch.rows(m.stream, m.rows, four, 3, View.rows(four, 2)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> SquaredLoss.gradient(
                            m.stream,
                            m.rows,
                            View.rows(four, 2),
                            View.rows(four, 1),
                            null,
                            1,
                            View.rows(four, 2),
                            four));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Adam.update(m.stream, four, 2, 3, four, four, four, four, four, RULE));
            assertThrows(IllegalArgumentException.class, () -> new Adam.Rule(1, 0.9, 1e-8, 0));
            assertThrows(IllegalArgumentException.class, () -> new Adam.Rule(0.9, 0.9, 0, 0));
            assertThrows(IllegalArgumentException.class, () -> new Adam.Rule(0.9, 0.9, 1e-8, -1));
        }
    }
}
