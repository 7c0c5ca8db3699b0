package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.score.Parameters.Tensor;

/** Where the tensors of an {@link Mlp} lie: frequencies first, so that all that is trained is one run. */
final class MlpLayout {
    private final List<Tensor> tensors = new ArrayList<>();
    private final int[] ports;
    private final int inputs;
    private final int outputs;
    private final int width;
    private final int features;
    private final long[] timeWeights;
    private final long[] weights;
    private final long[] biases;

    MlpLayout(Mlp mlp, Signature signature) {
        if (signature.into().size() != 1 || signature.from().isEmpty()) {
            throw new IllegalArgumentException("an mlp has at least one input and one output, got "
                    + signature.from().size() + " and " + signature.into().size());
        }
        ports = signature.from().stream().mapToInt(port -> port.space().width()).toArray();
        inputs = signature.inputs();
        outputs = signature.into().get(0).space().width();
        width = mlp.width();
        features = 2 * mlp.time().count();
        timeWeights = new long[mlp.depth()];
        weights = new long[mlp.depth() + 1];
        biases = new long[mlp.depth() + 1];
        add("time.frequencies", 1, mlp.time().count(), true, false);
        for (int l = 0; l < mlp.depth(); l++) {
            timeWeights[l] = add("time." + l + ".weight", features, width, false, true);
        }
        for (int l = 0; l < mlp.depth(); l++) {
            weights[l] = add("layer." + l + ".weight", in(l), width, false, true);
            biases[l] = add("layer." + l + ".bias", 1, width, true, true);
        }
        weights[mlp.depth()] = add("out.weight", width, outputs, false, true);
        biases[mlp.depth()] = add("out.bias", 1, outputs, true, true);
    }

    private long add(String name, int in, int out, boolean vector, boolean trained) {
        long offset = Parameters.count(tensors);
        tensors.add(new Tensor(name, offset, in, out, vector, trained));
        return offset;
    }

    List<Tensor> tensors() {
        return tensors;
    }

    /** Inputs of hidden layer {@code l}. */
    int in(int l) {
        return l == 0 ? inputs : width;
    }

    /** Widths of the input ports. */
    int[] ports() {
        return ports;
    }

    int outputs() {
        return outputs;
    }

    int features() {
        return features;
    }

    /** Offset of the weights from time features to layer {@code l}. */
    long timeWeight(int l) {
        return timeWeights[l];
    }

    /** Offset of the weights of layer {@code l}; depth is the output layer. */
    long weight(int l) {
        return weights[l];
    }

    long bias(int l) {
        return biases[l];
    }
}
