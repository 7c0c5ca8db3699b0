package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
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
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.TestDevices;

/** The loss of noisy classifiers against its formula, its gradient against differences, and the rows it learns from. */
class CrossEntropyTest {
    private static final int DIM = 2;
    private static final int CLASSES = 3;

    /** The first of the weights, which are not trained. */
    private static final int FREQUENCIES = 16;

    private static final Parametrisation PARAMETRISATION =
            Parametrisation.preconditioned(new VpSde().on(Space.euclidean(DIM)), Prediction.DENOISED, 1);

    /** -ln softmax(z)_y. */
    private static double loss(double[] z, int y) {
        double most = Double.NEGATIVE_INFINITY;
        for (double one : z) {
            most = Math.max(most, one);
        }
        double sum = 0;
        for (double one : z) {
            sum += StrictMath.exp(one - most);
        }
        return most + StrictMath.log(sum) - z[y];
    }

    @Test
    void theFormulaIsTheLossAndItsGradientThatOfDifferences() {
        SplittableRandom random = new SplittableRandom(4);
        for (int classes : new int[] {2, 3, 17}) {
            Formula formula = CrossEntropyGradient.loss(classes, 0.25);
            for (double far : new double[] {0, 900}) {
                for (int y : new int[] {0, classes - 1}) {
                    double[] z = new double[classes];
                    for (int k = 0; k < classes; k++) {
                        z[k] = 2 * random.nextGaussian() + far;
                    }
                    double[][] into = {new double[classes], new double[1]};
                    formula.apply(new double[][] {z, {y}}, into);
                    assertEquals(loss(z, y), into[1][0], 1e-10);
                    double h = 1e-4;
                    for (int k = 0; k < classes; k++) {
                        double[] up = z.clone();
                        double[] down = z.clone();
                        up[k] += h;
                        down[k] -= h;
                        assertEquals(0.25 * (loss(up, y) - loss(down, y)) / (2 * h), into[0][k], 1e-8, k + " of " + y);
                    }
                }
            }
        }
    }

    /** A gradient and the loss of each row. */
    private record Answer(float[] gradient, float[] losses) {
        double mean() {
            double sum = 0;
            for (float loss : losses) {
                sum += loss;
            }
            return sum / losses.length;
        }
    }

    private static Answer answer(Device device, int rows, double shake, float[] moved) {
        Network network = network(device);
        int count = (int) network.parameters().count();
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer weights = network.parameters().values();
                DeviceBuffer batch = device.allocate(Element.F32, (long) rows * (DIM + 1));
                DeviceBuffer gradients = device.allocate(Element.F32, count);
                DeviceBuffer losses = device.allocate(Element.F32, rows);
                Gradient gradient = objective(network).open(device, rows)) {
            float[] values = new float[count];
            stream.download(weights, 0, values, 0, count);
            for (int i = 0; i < count; i++) {
                values[i] += (float) (shake * Math.sin(1 + i)) + (moved.length == 0 ? 0 : moved[i]);
            }
            stream.upload(values, 0, weights, 0, count);
            SplittableRandom random = new SplittableRandom(8);
            float[] data = new float[rows * (DIM + 1)];
            for (int r = 0; r < rows; r++) {
                data[r * (DIM + 1)] = (float) random.nextGaussian();
                data[r * (DIM + 1) + 1] = (float) random.nextGaussian();
                data[r * (DIM + 1) + 2] = r % CLASSES;
            }
            stream.upload(data, 0, batch, 0, data.length);
            set.assign(stream, 6, 0, rows);
            View all = View.rows(batch, DIM + 1);
            gradient.queue(
                    stream,
                    set,
                    Map.of("x", all.columns(0, DIM), Classes.LABEL, all.columns(DIM, 1)),
                    List.of(gradients),
                    losses);
            Answer answer = new Answer(new float[count], new float[rows]);
            stream.download(gradients, 0, answer.gradient, 0, count);
            stream.download(losses, 0, answer.losses, 0, rows);
            return answer;
        }
    }

    private static Network network(Device device) {
        Signature signature = new Signature(
                List.of(new Signature.Port("x", Space.euclidean(DIM))),
                List.of(new Signature.Port("out", Space.euclidean(CLASSES))));
        return Architecture.parse("mlp:9x2,tanh").create(signature, Prediction.DENOISED, 5, device);
    }

    private static CrossEntropy objective(Network network) {
        return new CrossEntropy(network, PARAMETRISATION, TimeSampling.LOGNORMAL, 0);
    }

    static java.util.stream.Stream<Arguments> sizes() {
        return TestDevices.times(List.of(1, 3, 31, 33, 257));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void theGradientIsThatOfDifferencesAndHasTheBitsOfTheHost(Device device, int rows) {
        for (float loss : answer(device, rows, 0, new float[0]).losses) {
            assertEquals(Math.log(CLASSES), loss, 1e-6, "a network that says nothing");
        }
        Answer here = answer(device, rows, 0.3, new float[0]);
        float[] direction = new float[here.gradient.length];
        SplittableRandom random = new SplittableRandom(2);
        for (int i = FREQUENCIES; i < direction.length; i++) {
            direction[i] = (float) (random.nextGaussian() / Math.sqrt(direction.length));
        }
        double slope = 0;
        for (int i = 0; i < direction.length; i++) {
            slope += (double) here.gradient[i] * direction[i];
        }
        double h = 1.0 / 64;
        float[] up = direction.clone();
        float[] down = direction.clone();
        for (int i = 0; i < direction.length; i++) {
            up[i] *= (float) h;
            down[i] *= (float) -h;
        }
        double difference = (answer(device, rows, 0.3, up).mean()
                        - answer(device, rows, 0.3, down).mean())
                / (2 * h);
        // a third derivative of order 1 times h^2/6, and the rounding of losses of order 1 over 2h
        assertEquals(difference, slope, 1e-4 + 2e-4 * Math.abs(slope));
        try (Device host = Device.open("cpu:1")) {
            Answer there = answer(host, rows, 0.3, new float[0]);
            assertArrayEquals(there.gradient, here.gradient);
            assertArrayEquals(there.losses, here.losses);
        }
    }

    @Test
    void classesAreOfAColumnOrOfSets() {
        Dataset data = Dataset.of(new float[] {1, 7, 2, 3, -0f, 4, 5, 7, 6, 7, 0, 8}, "a", "kind", "b");
        Classes classes = Classes.of(data, "kind");
        assertEquals(List.of("0", "7"), classes.names());
        assertArrayEquals(new float[] {1, 0, 1, 0}, classes.rows().values(Classes.LABEL));
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, classes.rows().values(Dataset.X));
        Map<String, Dataset> sets = new LinkedHashMap<>();
        sets.put("storm", Dataset.of(new float[] {1, 2, 3, 4}, "a", "b"));
        sets.put("calm", Dataset.of(new float[] {5, 6}, "c", "d"));
        Classes joined = Classes.of(sets);
        assertEquals(List.of("storm", "calm"), joined.names());
        assertEquals(List.of("a", "b"), joined.rows().port(Dataset.X).columns());
        assertArrayEquals(new float[] {0, 0, 1}, joined.rows().values(Classes.LABEL));
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, joined.rows().values(Dataset.X));
        Dataset half = Dataset.of(new float[] {1, 0.1f, 2, 2.5f}, "x", "kind");
        assertEquals(List.of("0.1", "2.5"), Classes.of(half, "kind").names());
    }

    @Test
    void whatAreNoClassesIsSaid() {
        Dataset one = Dataset.of(new float[] {1, 7, 2, 7}, "a", "kind");
        says("column 'kind' has 1 different numbers", () -> Classes.of(one, "kind"));
        says("are not all in x", () -> Classes.of(one, "kin"));
        float[] many = new float[2 * (Classes.MOST + 1)];
        for (int i = 0; i < many.length; i++) {
            many[i] = i;
        }
        says("column 'kind' has 1001 different numbers", () -> Classes.of(Dataset.of(many, "a", "kind"), "kind"));
        says("there is no class", () -> Classes.of(Map.of()));
        says("got 1 [a]", () -> Classes.of(Map.of("a", one)));
        Map<String, Dataset> uneven = new LinkedHashMap<>();
        uneven.put("a", one);
        uneven.put("b", Dataset.of(new float[] {1}, "a"));
        says("class 'b' has", () -> Classes.of(uneven));
        says("without comma", () -> Classes.requireNames(List.of("a", "b,c")));
        says("got ' c'", () -> Classes.requireNames(List.of("a", " c")));
        says("the names of classes differ", () -> Classes.requireNames(List.of("a", "a")));
        try (Device device = Device.open("cpu:1")) {
            Network network = network(device);
            try (DeviceBuffer weights = network.parameters().values()) {
                says(
                        "from 0 to 2, got 3.0",
                        () -> objective(network).check(labelled(3).rows()));
                says(
                        "counted from 0",
                        () -> objective(network).check(labelled(0.5f).rows()));
                says(
                        "counted from 0",
                        () -> objective(network).check(labelled(-1).rows()));
                objective(network).check(labelled(2).rows());
                says(
                        "rows of 1 numbers takes them alone",
                        () -> new CrossEntropy(
                                network,
                                Parametrisation.preconditioned(new VpSde(), Prediction.DENOISED, 1),
                                TimeSampling.UNIFORM,
                                0));
                assertEquals(weights.count(), network.parameters().count());
            }
        }
    }

    private static Classes labelled(float number) {
        return new Classes(
                Dataset.of(new float[] {1, 2, 0, 3, 4, number}, "a", "b", "k").given(Classes.LABEL, "k"),
                List.of("0", "1", "2"));
    }

    private static void says(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
