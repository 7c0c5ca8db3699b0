package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.sde.Weighting;
import org.tweedie.testing.TestDevices;

/** Losses of derivatives: their gradient against differences, and against denoising score matching, whose gradient they share. */
class ImplicitScoreMatchingTest {
    private static final int DIM = 2;
    private static final Parametrisation PARAMETRISATION =
            Parametrisation.preconditioned(new VpSde().on(Space.euclidean(DIM)), Prediction.DENOISED, 1);

    private static final List<Slices> KINDS = List.of(
            Slices.exact(),
            Slices.sliced(1, Law.RADEMACHER),
            Slices.sliced(3, Law.NORMAL),
            Slices.reduced(1, Law.NORMAL),
            Slices.reduced(2, Law.RADEMACHER));

    private static final List<String> NETWORKS = List.of(
            "mlp:8x2", "mlp:9x2,tanh", "mlp:8x3,sin,residual", "mlp:8x2,gelu", "mlp:8x1,softplus", "mlp:8x2,relu");

    /** A gradient and the loss of each row. */
    private record Answer(float[] gradient, float[] losses) {
        double mean() {
            double sum = 0;
            for (float loss : losses) {
                sum += loss;
            }
            return sum / losses.length;
        }

        double along(float[] direction) {
            double sum = 0;
            for (int i = 0; i < gradient.length; i++) {
                sum += (double) gradient[i] * direction[i];
            }
            return sum;
        }
    }

    private static float[] data(int rows, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] data = new float[rows * DIM];
        for (int i = 0; i < data.length; i++) {
            data[i] = (float)
                    (random.nextGaussian() * 0.3 + (i % DIM == 0 ? 1 : -1) * (random.nextBoolean() ? 0.8 : -0.8));
        }
        return data;
    }

    private static Answer answer(
            Device device, String spec, float[] moved, int rows, long seed, Function<Network, Objective> objective) {
        Network network = Architecture.parse(spec)
                .create(
                        Signature.over(DIM, new Signature.Port("c", Space.euclidean(1))),
                        Prediction.DENOISED,
                        5,
                        device);
        int count = (int) network.parameters().count();
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer weights = network.parameters().values();
                DeviceBuffer x = device.allocate(Element.F32, (long) rows * DIM);
                DeviceBuffer c = device.allocate(Element.F32, rows);
                DeviceBuffer gradients = device.allocate(Element.F32, count);
                DeviceBuffer losses = device.allocate(Element.F32, rows);
                Gradient gradient = objective.apply(network).open(device, rows)) {
            float[] values = new float[count];
            stream.download(weights, 0, values, 0, count);
            for (int i = 0; i < count; i++) {
                values[i] += (float) (0.3 * Math.sin(1 + i)) + (moved.length == 0 ? 0 : moved[i]);
            }
            stream.upload(values, 0, weights, 0, count);
            stream.upload(data(rows, seed), 0, x, 0, rows * DIM);
            stream.upload(data(rows, seed + 1), 0, c, 0, rows);
            set.assign(stream, seed, 0, rows);
            gradient.queue(
                    stream, set, Map.of("x", View.rows(x, DIM), "c", View.rows(c, 1)), List.of(gradients), losses);
            Answer answer = new Answer(new float[count], new float[rows]);
            stream.download(gradients, 0, answer.gradient, 0, count);
            stream.download(losses, 0, answer.losses, 0, rows);
            return answer;
        }
    }

    private static Function<Network, Objective> implicit(Slices slices) {
        return network ->
                new ImplicitScoreMatching(network, PARAMETRISATION, Weighting.EDM, TimeSampling.LOGNORMAL, 0, slices);
    }

    static java.util.stream.Stream<Arguments> kinds() {
        return TestDevices.times(KINDS);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theGradientIsThatOfTheLoss(Device device, Slices slices) {
        for (String spec : NETWORKS) {
            Answer at = answer(device, spec, new float[0], 24, 3, implicit(slices));
            float[] direction = new float[at.gradient.length];
            SplittableRandom random = new SplittableRandom(8);
            int frequencies = 0;
            while (at.gradient[frequencies] == 0) {
                frequencies++; // what no loss reaches
            }
            for (int i = frequencies; i < direction.length; i++) {
                direction[i] = (float) (2 * random.nextDouble() - 1);
            }
            float h = spec.contains("relu") ? 1f / 4096 : 1f / 256;
            double up = answer(device, spec, scaled(direction, h), 24, 3, implicit(slices))
                    .mean();
            double down = answer(device, spec, scaled(direction, -h), 24, 3, implicit(slices))
                    .mean();
            double slope = (up - down) / (2 * h);
            assertEquals(slope, at.along(direction), 0.01 * (1 + Math.abs(slope)), spec + " " + slices);
            try (Device host = Device.open("cpu:1")) {
                Answer there = answer(host, spec, new float[0], 24, 3, implicit(slices));
                assertArrayEquals(there.gradient, at.gradient, "the host's bits");
                assertArrayEquals(there.losses, at.losses);
            }
        }
    }

    private static float[] scaled(float[] values, float by) {
        float[] scaled = values.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= by;
        }
        return scaled;
    }

    /** The mean over batches of the difference of both gradients, along a direction, is 0 within 4.5 standard errors. */
    @Test
    void theGradientIsThatOfDenoisingOnAverage() {
        int batches = 24;
        int rows = 2_000;
        for (Slices slices : List.of(Slices.exact(), Slices.reduced(1, Law.RADEMACHER), Slices.sliced(1, Law.NORMAL))) {
            double sum = 0;
            double squares = 0;
            double size = 0;
            try (Device host = Device.open("cpu")) {
                for (int b = 0; b < batches; b++) {
                    Answer here = answer(host, "mlp:8x2", new float[0], rows, 100 + b, implicit(slices));
                    Answer there = answer(
                            host,
                            "mlp:8x2",
                            new float[0],
                            rows,
                            100 + b,
                            network -> new DenoisingScoreMatching(
                                            PARAMETRISATION, Weighting.EDM, TimeSampling.LOGNORMAL, 0)
                                    .of(network));
                    float[] direction = new float[here.gradient.length];
                    for (int i = 0; i < direction.length; i++) {
                        direction[i] = (float) Math.cos(0.7 * i);
                    }
                    double apart = here.along(direction) - there.along(direction);
                    sum += apart;
                    squares += apart * apart;
                    size += there.along(direction);
                }
            }
            double mean = sum / batches;
            double error = Math.sqrt((squares / batches - mean * mean) / (batches - 1));
            assertEquals(0, mean, 4.5 * error, slices + ": " + mean + " +- " + error);
            assertTrue(
                    Math.abs(size / batches) > 6 * error,
                    "the gradient itself stands out: " + size / batches + ", " + error);
        }
    }

    /** Many directions a row and the axes: the mean difference of the losses is 0 within 4 standard errors. */
    @Test
    void slicesAreTheDivergenceOnAverage() {
        int rows = 400;
        try (Device host = Device.open("cpu")) {
            Answer exact = answer(host, "mlp:8x2", new float[0], rows, 9, implicit(Slices.exact()));
            for (int kind = 0; kind < 2; kind++) {
                Slices slices = kind == 0 ? Slices.sliced(32, Law.NORMAL) : Slices.reduced(32, Law.NORMAL);
                Answer sliced = answer(host, "mlp:8x2", new float[0], rows, 9, implicit(slices));
                double sum = 0;
                double squares = 0;
                for (int r = 0; r < rows; r++) {
                    double apart = sliced.losses[r] - exact.losses[r];
                    sum += apart;
                    squares += apart * apart;
                }
                assertEquals(0, sum / rows, 4 * Math.sqrt(squares) / rows, slices.toString());
            }
        }
    }

    /** A network that puts out 0 is the score of standard normal rows, whose Jacobian is diagonal: signs then find the divergence exactly. */
    @Test
    void signsHaveNoVarianceWhereTheJacobianIsDiagonal() {
        try (Device host = Device.open("cpu")) {
            float[] untrained =
                    new float[answer(host, "mlp:8x2", new float[0], 1, 1, implicit(Slices.exact())).gradient.length];
            for (int i = 0; i < untrained.length; i++) {
                untrained[i] = -(float) (0.3 * Math.sin(1 + i));
            }
            Answer exact = answer(host, "mlp:8x2", untrained, 300, 9, implicit(Slices.exact()));
            Answer reduced = answer(host, "mlp:8x2", untrained, 300, 9, implicit(Slices.reduced(1, Law.RADEMACHER)));
            Answer sliced = answer(host, "mlp:8x2", untrained, 300, 9, implicit(Slices.sliced(1, Law.RADEMACHER)));
            double apart = 0;
            for (int r = 0; r < 300; r++) {
                assertEquals(exact.losses[r], reduced.losses[r], 1e-4 * (1 + Math.abs(exact.losses[r])));
                apart = Math.max(apart, Math.abs(sliced.losses[r] - exact.losses[r]));
            }
            assertTrue(apart > 0.1, "(v . score)^2 differs: " + apart);
        }
    }

    @Test
    void badRequestsAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> Slices.sliced(0, Law.NORMAL));
        assertThrows(IllegalArgumentException.class, () -> Slices.reduced(1, Law.UNIFORM));
    }
}
