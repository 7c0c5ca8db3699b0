package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
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
import org.tweedie.score.Mlp;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Prediction;
import org.tweedie.testing.TestDevices;

/** The loss of a step and its gradient, beside the same in double: a network with derivatives, determinants by minors, sums over pairs. */
class WassersteinStepTest {
    private static final int ROWS = 24;
    private static final Mlp MLP = Mlp.parse("mlp:7x2,tanh");

    /** A functional with a step. */
    private record Case(String name, Functional functional, double h) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final List<Case> CASES = List.of(
            new Case("kl of one column", KullbackLeibler.to(new double[] {0.3}, new double[][] {{0.7}}), 0.4),
            new Case(
                    "kl of two",
                    KullbackLeibler.to(new double[] {0.5, -0.2}, new double[][] {{1.1, -0.4}, {-0.4, 0.6}}),
                    0.3),
            new Case(
                    "kl of three",
                    KullbackLeibler.to(
                            new double[] {0, 1, 2}, new double[][] {{1, 0.3, 0.1}, {0.3, 0.8, -0.2}, {0.1, -0.2, 0.5}}),
                    0.2),
            new Case("mmd of two columns", new KernelDiscrepancy(dataset(random(2 * 37, 4), 2), 0.9), 0.4),
            new Case("mmd of five", new KernelDiscrepancy(dataset(random(5 * 33, 5), 5), 2), 0.7),
            new Case("mmd to one row", new KernelDiscrepancy(dataset(new float[] {0.4f}, 1), 0.5), 0.1));

    static java.util.stream.Stream<Arguments> cases() {
        return TestDevices.times(CASES);
    }

    private static float[] random(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Dataset dataset(float[] rows, int width) {
        String[] columns = new String[width];
        for (int d = 0; d < width; d++) {
            columns[d] = "x" + d;
        }
        return Dataset.of(rows, columns);
    }

    /** A gradient and the loss of each row, at these weights. */
    private record Answer(float[] weights, float[] gradient, float[] losses) {}

    private static Answer answer(Device device, Case of) {
        int width = of.functional.width();
        Network network = MLP.create(Signature.over(width), Prediction.DENOISED, 5, device);
        int count = (int) network.parameters().count();
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer weights = network.parameters().values();
                DeviceBuffer x = device.allocate(Element.F32, (long) ROWS * width);
                DeviceBuffer gradients = device.allocate(Element.F32, count);
                DeviceBuffer losses = device.allocate(Element.F32, ROWS);
                Gradient gradient = new WassersteinStep(network, of.functional, of.h).open(device, ROWS)) {
            Answer answer = new Answer(new float[count], new float[count], new float[ROWS]);
            stream.download(weights, 0, answer.weights, 0, count);
            for (int i = 0; i < count; i++) {
                answer.weights[i] += (float) (0.3 * Math.sin(1 + i));
            }
            stream.upload(answer.weights, 0, weights, 0, count);
            stream.upload(random(ROWS * width, 3), 0, x, 0, ROWS * width);
            set.assign(stream, 1, 0, ROWS);
            for (int twice = 0; twice < 2; twice++) { // nothing of the first is left in the second
                gradient.queue(stream, set, Map.of(Dataset.X, View.rows(x, width)), List.of(gradients), losses);
            }
            stream.download(gradients, 0, answer.gradient, 0, count);
            stream.download(losses, 0, answer.losses, 0, ROWS);
            return answer;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theLossAndItsGradientAreThoseOfTheFormula(Device device, Case of) {
        Answer answer = answer(device, of);
        double[] weights = new double[answer.weights.length];
        double mean = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = answer.weights[i];
        }
        for (float loss : answer.losses) {
            mean += loss / ROWS;
        }
        assertEquals(loss(of, weights), mean, 1e-5 * (1 + Math.abs(mean)));
        SplittableRandom random = new SplittableRandom(8);
        for (int direction = 0; direction < 4; direction++) {
            double[] up = weights.clone();
            double[] down = weights.clone();
            double along = 0;
            for (int i = MLP.time().count(); i < weights.length; i++) { // frequencies do not learn
                double d = 2 * random.nextDouble() - 1;
                up[i] += 1e-5 * d;
                down[i] -= 1e-5 * d;
                along += answer.gradient[i] * d;
            }
            double slope = (loss(of, up) - loss(of, down)) / 2e-5;
            assertTrue(Math.abs(slope) > 1e-3, "the direction shows something: " + slope);
            assertEquals(slope, along, 1e-4 * (0.1 + Math.abs(slope)));
        }
        try (Device host = Device.open("cpu:1")) {
            Answer there = answer(host, of);
            assertArrayEquals(there.gradient, answer.gradient, "the host's bits");
            assertArrayEquals(there.losses, answer.losses);
        }
    }

    private static double loss(Case of, double[] weights) {
        float[] x = random(ROWS * of.functional.width(), 3);
        return of.functional instanceof KullbackLeibler kl
                ? divergence(kl, of.h, weights, x)
                : discrepancy((KernelDiscrepancy) of.functional, of.h, weights, x);
    }

    private static double divergence(KullbackLeibler kl, double h, double[] weights, float[] x) {
        int width = kl.width();
        double[][] covariance = kl.target().covariance(0);
        double sum = 0;
        for (int r = 0; r < ROWS; r++) {
            Moved row = Moved.of(weights, x, r, width);
            double[] apart = new double[width];
            double[][] slope = new double[width][width];
            for (int i = 0; i < width; i++) {
                apart[i] = x[r * width + i] + h * row.v[i] - kl.target().mean(0)[i];
                sum += h * row.v[i] * row.v[i] / 2;
                for (int k = 0; k < width; k++) {
                    slope[i][k] = (i == k ? 1 : 0) + h * row.jacobian[i][k];
                }
            }
            for (int i = 0; i < width; i++) {
                for (int k = 0; k < width; k++) {
                    sum += apart[i] * apart[k] * cofactor(covariance, i, k) / determinant(covariance) / 2;
                }
            }
            assertTrue(determinant(slope) > 0.01, "a map that does not fold");
            sum += Math.log(determinant(covariance)) / 2
                    + width * Math.log(2 * Math.PI) / 2
                    - Math.log(determinant(slope));
        }
        return sum / ROWS;
    }

    private static double discrepancy(KernelDiscrepancy mmd, double h, double[] weights, float[] x) {
        int width = mmd.width();
        double[][] y = new double[ROWS][width];
        double sum = 0;
        for (int r = 0; r < ROWS; r++) {
            double[] v = Moved.of(weights, x, r, width).v;
            for (int i = 0; i < width; i++) {
                y[r][i] = x[r * width + i] + h * v[i];
                sum += h * v[i] * v[i] / (2 * ROWS);
            }
        }
        int rows = mmd.target().rows();
        for (int r = 0; r < ROWS; r++) {
            for (int j = 0; j < ROWS; j++) {
                sum += j == r ? 0 : kernel(mmd, y[r], y[j]) / (ROWS * (ROWS - 1.0));
            }
            for (int j = 0; j < rows; j++) {
                double[] z = new double[width];
                for (int i = 0; i < width; i++) {
                    z[i] = mmd.target().values()[j * width + i];
                }
                sum -= 2 * kernel(mmd, y[r], z) / (ROWS * (double) rows);
            }
        }
        return sum;
    }

    private static double kernel(KernelDiscrepancy mmd, double[] a, double[] b) {
        double square = 0;
        for (int i = 0; i < a.length; i++) {
            square += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.exp(-square / (2 * mmd.bandwidth() * mmd.bandwidth()));
    }

    /** The network at a row, told the time 0, whose features are 0 and 1; with its derivatives [output][input]. */
    private record Moved(double[] v, double[][] jacobian) {
        static Moved of(double[] weights, float[] x, int row, int width) {
            double[] at = new double[width];
            double[][] slope = new double[width][width];
            for (int i = 0; i < width; i++) {
                at[i] = x[row * width + i];
                slope[i][i] = 1;
            }
            List<Parameters.Tensor> tensors = MLP.tensors(Signature.over(width));
            int count = MLP.time().count();
            for (int l = 0; l <= MLP.depth(); l++) {
                boolean last = l == MLP.depth();
                int outputs = last ? width : MLP.width();
                int weight = place(tensors, last ? "out.weight" : "layer." + l + ".weight");
                int bias = place(tensors, last ? "out.bias" : "layer." + l + ".bias");
                double[] next = new double[outputs];
                double[][] nextSlope = new double[outputs][width];
                for (int j = 0; j < outputs; j++) {
                    next[j] = weights[bias + j];
                    for (int k = count; !last && k < 2 * count; k++) {
                        next[j] += weights[place(tensors, "time." + l + ".weight") + k * outputs + j];
                    }
                    for (int i = 0; i < at.length; i++) {
                        next[j] += at[i] * weights[weight + i * outputs + j];
                        for (int d = 0; d < width; d++) {
                            nextSlope[j][d] += slope[i][d] * weights[weight + i * outputs + j];
                        }
                    }
                    if (!last) {
                        next[j] = Math.tanh(next[j]);
                        for (int d = 0; d < width; d++) {
                            nextSlope[j][d] *= 1 - next[j] * next[j];
                        }
                    }
                }
                at = next;
                slope = nextSlope;
            }
            return new Moved(at, slope);
        }

        private static int place(List<Parameters.Tensor> tensors, String name) {
            return (int) tensors.stream()
                    .filter(tensor -> tensor.name().equals(name))
                    .findFirst()
                    .orElseThrow()
                    .offset();
        }
    }

    private static double determinant(double[][] m) {
        double sum = m.length == 0 ? 1 : 0;
        for (int k = 0; k < m.length; k++) {
            sum += m[0][k] == 0 ? 0 : m[0][k] * cofactor(m, 0, k);
        }
        return sum;
    }

    private static double cofactor(double[][] m, int row, int column) {
        List<double[]> minor = new ArrayList<>();
        for (int i = 0; i < m.length; i++) {
            if (i != row) {
                double[] left = new double[m.length - 1];
                for (int k = 0; k < left.length; k++) {
                    left[k] = m[i][k < column ? k : k + 1];
                }
                minor.add(left);
            }
        }
        return ((row + column) % 2 == 0 ? 1 : -1) * determinant(minor.toArray(double[][]::new));
    }

    /** Any matrix, of every width: also where a pivot is 0, and where the map folds. */
    @Test
    void theFormulaHasTheDeterminantAndTheInverse() {
        double h = 0.3;
        SplittableRandom random = new SplittableRandom(2);
        for (int width = 1; width <= KullbackLeibler.MOST; width++) {
            Formula formula = KullbackLeiblerGradient.formula(standard(width), h, 10);
            int folded = 0;
            for (int trial = 0; trial < 12; trial++) {
                double[][] m = new double[width][width];
                for (int i = 0; i < width; i++) {
                    for (int k = 0; k < width; k++) {
                        m[i][k] = random.nextGaussian();
                    }
                    if (trial % 4 == 0) {
                        Arrays.fill(m[i], 0);
                        m[i][(i + 1) % width] = i == 0 ? -2 : 0.5; // every pivot is 0 but for the exchange of rows
                    } else if (trial % 4 == 1) {
                        m[i][i] = i == 0 && width > 1 ? 0 : m[i][i];
                    }
                }
                double determinant = determinant(m);
                double[][] in = new double[width + 2][width];
                double[][] out = new double[width + 2][width];
                out[1] = new double[1];
                for (int i = 0; i < width; i++) {
                    for (int k = 0; k < width; k++) {
                        in[2 + k][i] = (m[i][k] - (i == k ? 1 : 0)) / h;
                    }
                }
                formula.apply(in, out);
                double least = KullbackLeiblerGradient.LEAST;
                double log =
                        determinant > least ? Math.log(determinant) : Math.log(least) + (determinant - least) / least;
                double size = 0.5 * width * Math.log(2 * Math.PI);
                assertEquals(size - log, out[1][0], 1e-9 * (1 + Math.abs(log)), "width " + width);
                folded += determinant <= 0 ? 1 : 0;
                double[][] slope = new double[width][width];
                double most = 0;
                for (int i = 0; i < width; i++) {
                    for (int k = 0; k < width; k++) {
                        slope[i][k] = cofactor(m, i, k) / Math.max(determinant, least);
                        most = Math.max(most, Math.abs(slope[i][k]));
                    }
                }
                for (int i = 0; i < width; i++) {
                    for (int k = 0; k < width; k++) {
                        assertEquals(-h * slope[i][k] / 10, out[2 + k][i], 1e-9 * (1 + most), "width " + width);
                    }
                }
            }
            assertTrue(folded > 0 && folded < 12, width + " wide: " + folded + " maps fold");
        }
    }

    private static KullbackLeibler standard(int width) {
        double[][] identity = new double[width][width];
        for (int i = 0; i < width; i++) {
            identity[i][i] = 1;
        }
        return KullbackLeibler.to(new double[width], identity);
    }

    private static void refused(String begin, Executable bad) {
        String message = assertThrows(IllegalArgumentException.class, bad).getMessage();
        assertTrue(message.startsWith(begin), message);
    }

    @Test
    void badRequestsAreNamed() {
        refused(
                "component 0 needs a mean of dimension 2 and a covariance without negative eigenvalues",
                () -> KullbackLeibler.to(new double[2], new double[][] {{1, 2}, {2, 1}}));
        refused(
                "a covariance is positive definite, got the pivot 0.0",
                () -> KullbackLeibler.to(new double[2], new double[][] {{1, 1}, {1, 1}}));
        refused(
                "a covariance is symmetric, got",
                () -> KullbackLeibler.to(new double[2], new double[][] {{1, 0.2}, {0.1, 1}}));
        refused(
                "the mean of a normal law is finite, got [NaN]",
                () -> KullbackLeibler.to(new double[] {Double.NaN}, new double[][] {{1}}));
        refused("a KL to a normal law takes 1 to 8 columns, got 9", () -> standard(9));
        refused(
                "the target of a KL is one normal law, got a mixture of 2",
                () -> new KullbackLeibler(GaussianMixture.round(1, new double[] {0}, new double[] {1})));
        Dataset rows = dataset(random(20, 1), 2);
        for (double bandwidth : new double[] {0, -1, Double.NaN, 1e30}) {
            refused(
                    "the bandwidth of a kernel must be 2^-30 to 2^30, got " + bandwidth,
                    () -> new KernelDiscrepancy(rows, bandwidth));
        }
        refused("there is no row to learn from", () -> new KernelDiscrepancy(dataset(new float[0], 2), 1));
        refused(
                "the target of a discrepancy is rows without conditions",
                () -> new KernelDiscrepancy(rows.given("c", "x1"), 1));
        refused(
                "the target of a discrepancy has at most 65536 rows, got 65537",
                () -> new KernelDiscrepancy(dataset(new float[65_537], 1), 1));
        KernelDiscrepancy mmd = new KernelDiscrepancy(rows, 1);
        try (Device host = Device.open("cpu:1")) {
            Network network = MLP.create(Signature.over(2), Prediction.DENOISED, 1, host);
            try (DeviceBuffer weights = network.parameters().values()) {
                for (double h : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
                    refused(
                            "the step h of a gradient flow must be positive and finite, got " + h,
                            () -> new WassersteinStep(network, mmd, h));
                }
                refused(
                        "rows of 3 numbers are moved by a network from as many",
                        () -> new WassersteinStep(network, standard(3), 1));
                WassersteinStep step = new WassersteinStep(network, mmd, 1);
                refused("a law of 2 columns is told by rows of as many", () -> step.check(dataset(random(9, 1), 3)));
                refused("a law of 2 columns is told by rows of as many", () -> step.check(rows.given("c", "x1")));
                refused("a discrepancy compares the rows of a batch: it must have 2", () -> step.open(host, 1));
            }
        }
    }
}
