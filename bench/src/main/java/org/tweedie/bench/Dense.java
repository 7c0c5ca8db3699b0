package org.tweedie.bench;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A dense network with fixed random weights, the same for whoever runs it: {@code h <- act(W h + b)}, the last layer linear.
 *
 * @param widths of the input, the hidden layers and the output
 * @param weights a layer: [out][in], row-major
 * @param biases a layer: [out]
 */
public record Dense(int[] widths, float[][] weights, float[][] biases) {

    /** {@code 2-128x3} is the network of workload W1, 2-128-128-128-2; {@code 3-512x5} is five hidden layers of 512. */
    public static Dense named(String name) {
        int[] numbers = Arrays.stream(name.split("[-x]")).mapToInt(Integer::parseInt).toArray();
        int[] widths = new int[numbers[2] + 2];
        Arrays.fill(widths, numbers[1]);
        widths[0] = numbers[0];
        widths[widths.length - 1] = numbers[0];
        return random(1, widths);
    }

    static Dense random(long seed, int... widths) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] weights = new float[widths.length - 1][];
        float[][] biases = new float[widths.length - 1][];
        for (int layer = 0; layer < weights.length; layer++) {
            double bound = Math.sqrt(3.0 / widths[layer]);
            weights[layer] = uniform(random, widths[layer] * widths[layer + 1], bound);
            biases[layer] = uniform(random, widths[layer + 1], bound);
        }
        return new Dense(widths, weights, biases);
    }

    public int layers() {
        return weights.length;
    }

    public int in() {
        return widths[0];
    }

    public int out() {
        return widths[widths.length - 1];
    }

    /** The network on one row with SiLU, in double: the answer that every contender is checked against. */
    public double[] silu(float[] input, int at) {
        double[] h = new double[in()];
        for (int i = 0; i < h.length; i++) {
            h[i] = input[at + i];
        }
        for (int layer = 0; layer < layers(); layer++) {
            double[] next = new double[widths[layer + 1]];
            for (int o = 0; o < next.length; o++) {
                double sum = biases[layer][o];
                for (int i = 0; i < h.length; i++) {
                    sum += weights[layer][o * h.length + i] * h[i];
                }
                next[o] = layer == layers() - 1 ? sum : sum / (1 + StrictMath.exp(-sum));
            }
            h = next;
        }
        return h;
    }

    /** Fails unless {@code output} holds the network's answer for every row of {@code input}, within a relative bound. */
    public void check(String contender, float[] input, float[] output, int rows, double bound) {
        double wrong = 0;
        double size = 0;
        for (int r = 0; r < rows; r++) {
            double[] expected = silu(input, r * in());
            for (int o = 0; o < out(); o++) {
                wrong += square(output[r * out() + o] - expected[o]);
                size += square(expected[o]);
            }
        }
        if (!(wrong <= bound * bound * size)) {
            throw new IllegalStateException(contender + ": relative error " + Math.sqrt(wrong / size) + " is over " + bound);
        }
    }

    private static double square(double x) {
        return x * x;
    }

    /** Random numbers in (-1, 1), the same for every contender. */
    public static float[] uniform(long seed, int count) {
        return uniform(new SplittableRandom(seed), count, 1);
    }

    private static float[] uniform(SplittableRandom random, int count, double bound) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
        }
        return values;
    }
}
