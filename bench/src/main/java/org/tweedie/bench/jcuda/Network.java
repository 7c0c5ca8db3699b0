package org.tweedie.bench.jcuda;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.tweedie.io.Npy;
import org.tweedie.io.Safetensors;

/**
 * A multilayer perceptron with SiLU and its schedule, {@code x <- a x + b net(x, t) + c z}, as {@code Workloads --inputs} wrote them.
 *
 * @param prior standard deviation of the start
 * @param flop of a row and step
 * @param weights a layer: [width][in], row-major; the last one is the output's
 * @param biases [step][layer][width]: what follows from the step's time is in them
 * @param outBias [dim]
 * @param steps a line a step: t, a, b, c
 * @param samples rows that Tweedie drew
 */
record Network(
        int dim,
        int width,
        double prior,
        double flop,
        float[][] weights,
        float[] biases,
        float[] outBias,
        float[] steps,
        float[] samples) {

    static Network read(Path folder, String name) throws IOException {
        Map<String, Double> about = new HashMap<>();
        try (JsonParser json =
                new JsonFactory().createParser(folder.resolve(name + ".json").toFile())) {
            while (json.nextToken() != null) {
                if (json.currentToken() == JsonToken.FIELD_NAME) {
                    String field = json.currentName();
                    json.nextToken();
                    about.put(field, json.getDoubleValue());
                }
            }
        }
        float[] steps = Npy.read(folder.resolve(name + "-steps.npy")).data();
        float[] samples = Npy.read(folder.resolve(name + "-samples.npy")).data();
        try (Safetensors file = Safetensors.open(folder.resolve(name + ".safetensors"))) {
            int depth = 0;
            while (file.has("network.layer." + depth + ".weight")) {
                depth++;
            }
            float[] frequencies = file.floats("network.time.frequencies");
            float[][] weights = new float[depth + 1][];
            float[][] bias = new float[depth][];
            float[][] time = new float[depth][];
            for (int l = 0; l < depth; l++) {
                weights[l] = file.floats("network.layer." + l + ".weight");
                bias[l] = file.floats("network.layer." + l + ".bias");
                time[l] = file.floats("network.time." + l + ".weight");
            }
            weights[depth] = file.floats("network.out.weight");
            int dim = about.get("dim").intValue();
            return new Network(
                    dim,
                    bias[0].length,
                    about.get("prior"),
                    about.get("flop"),
                    weights,
                    folded(steps, frequencies, bias, time),
                    file.floats("network.out.bias"),
                    steps,
                    samples);
        }
    }

    private static float[] folded(float[] steps, float[] frequencies, float[][] bias, float[][] time) {
        int depth = bias.length;
        int width = bias[0].length;
        int features = 2 * frequencies.length;
        float[] folded = new float[steps.length / 4 * depth * width];
        double[] feature = new double[features];
        for (int k = 0; k < steps.length / 4; k++) {
            for (int f = 0; f < frequencies.length; f++) {
                double turn = 2 * Math.PI * steps[4 * k] * frequencies[f];
                feature[f] = Math.sin(turn);
                feature[frequencies.length + f] = Math.cos(turn);
            }
            for (int l = 0; l < depth; l++) {
                for (int o = 0; o < width; o++) {
                    double sum = bias[l][o];
                    for (int f = 0; f < features; f++) {
                        sum += time[l][o * features + f] * feature[f];
                    }
                    folded[(k * depth + l) * width + o] = (float) sum;
                }
            }
        }
        return folded;
    }

    int depth() {
        return weights.length - 1;
    }

    int count() {
        return steps.length / 4;
    }

    /** The network at one step, in double. */
    double[] exact(float[] x, int row, int step) {
        double[] h = new double[dim];
        for (int d = 0; d < dim; d++) {
            h[d] = x[row * dim + d];
        }
        for (int l = 0; l <= depth(); l++) {
            boolean last = l == depth();
            double[] next = new double[last ? dim : width];
            for (int o = 0; o < next.length; o++) {
                double sum = last ? outBias[o] : biases[(step * depth() + l) * width + o];
                for (int i = 0; i < h.length; i++) {
                    sum += weights[l][o * h.length + i] * h[i];
                }
                next[o] = last ? sum : sum / (1 + Math.exp(-sum));
            }
            h = next;
        }
        return h;
    }
}
