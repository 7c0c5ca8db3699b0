package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.tweedie.kernels.Activation;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** One shape of network with rows, times and cotangents, all floats: what the gradient tests run over. */
record MlpCase(String spec, int[] ports, int outputs, int rows, int seed) {
    /** The shapes with seeds 1, 2 and 3. */
    static List<MlpCase> all() {
        return IntStream.rangeClosed(1, 3)
                .boxed()
                .flatMap(seed -> shapes(seed).stream())
                .toList();
    }

    /** Every activation, depths 1 to 5, widths 1 to 65, conditions, residual layers and each time embedding. */
    static List<MlpCase> shapes(int seed) {
        List<MlpCase> cases = new ArrayList<>();
        for (Activation activation : Activation.values()) {
            String name = activation.name().toLowerCase(java.util.Locale.ROOT);
            cases.add(new MlpCase("mlp:17x2," + name, new int[] {2}, 2, 5, seed));
            cases.add(new MlpCase("mlp:8x3," + name + ",residual", new int[] {3}, 3, 4, seed));
        }
        cases.add(new MlpCase("mlp:1x1", new int[] {1}, 1, 1, seed));
        cases.add(new MlpCase("mlp:3x1,tanh", new int[] {1, 1}, 1, 3, seed));
        cases.add(new MlpCase("mlp:31x2", new int[] {2, 3}, 2, 3, seed));
        cases.add(new MlpCase("mlp:33x2,residual", new int[] {2, 1, 4}, 2, 3, seed));
        cases.add(new MlpCase("mlp:65x1", new int[] {5}, 5, 2, seed));
        cases.add(new MlpCase("mlp:6x5,softplus", new int[] {2}, 2, 7, seed));
        cases.add(new MlpCase("mlp:12x2,gaussian:5:1", new int[] {2}, 2, 4, seed));
        cases.add(new MlpCase("mlp:12x2,sinusoidal:3:10:100,residual", new int[] {2}, 3, 4, seed));
        cases.add(new MlpCase("mlp:4x2,fourier:1:1:1", new int[] {33}, 33, 2, seed));
        return cases;
    }

    Mlp mlp() {
        return Mlp.parse(spec);
    }

    Signature signature() {
        List<Signature.Port> from = new ArrayList<>();
        for (int i = 0; i < ports.length; i++) {
            from.add(new Signature.Port(i == 0 ? "x" : "c" + i, Space.euclidean(ports[i])));
        }
        return new Signature(from, List.of(new Signature.Port("out", Space.euclidean(outputs))));
    }

    /** Weights of a trained size everywhere: the initial ones with an output layer that is not 0, and biases too. */
    float[] weights() {
        float[] weights = mlp().initial(signature(), seed);
        for (Parameters.Tensor tensor : mlp().tensors(signature())) {
            for (int i = 0;
                    tensor.trained() && (tensor.vector() || tensor.name().equals("out.weight")) && i < tensor.count();
                    i++) {
                int at = (int) tensor.offset() + i;
                weights[at] = (float) (0.6 * words(4, at).normal(0));
            }
        }
        return weights;
    }

    private Words words(int purpose, long index) {
        return Philox.words(seed, index, Purpose.values()[purpose], 7);
    }

    private float[] normals(int purpose, int width) {
        float[] values = new float[rows * width];
        for (int r = 0; r < rows; r++) {
            Words words = words(purpose, r);
            for (int d = 0; d < width; d++) {
                values[r * width + d] = (float) words.normal(d);
            }
        }
        return values;
    }

    /** Rows of all inputs side by side. */
    float[] x() {
        return normals(1, signature().inputs());
    }

    float[] times() {
        return normals(3, 1);
    }

    float[] cotangents() {
        return normals(5, outputs);
    }

    static double[] doubles(float[] values, int from, int count) {
        double[] result = new double[count];
        for (int i = 0; i < count; i++) {
            result[i] = values[from + i];
        }
        return result;
    }

    @Override
    public String toString() {
        return spec + " ports " + java.util.Arrays.toString(ports) + " seed " + seed;
    }
}
