package org.tweedie.kernels;

import java.util.Arrays;

/**
 * A multilayer perceptron with features of the time as {@link TrainMlp} takes it, and where its parameters lie. Immutable.
 *
 * @param features of the time, 1 to {@value #MOST_FEATURES}
 * @param places first parameter of weights, of the features' weights and of biases, for each layer and last for the outputs
 * @param parameters of all layers together with what lies between
 */
public record TrainMlpShape(MlpShape mlp, int features, int[] places, int parameters) {
    public static final int MOST_FEATURES = 64;

    /** Of the hidden layers: the widest that a warp's registers hold in both directions. */
    public static final int MOST_WIDTH = 128;

    /** int32 of a matrix of {@link #matrices()}. */
    static final int WORDS = 9;

    static final int MATRIX = 0;
    static final int BIASES = 1;
    static final int INPUTS = 2;

    /** 16-byte units of a block of sixteen by sixteen. */
    private static final int UNITS = 32;

    public TrainMlpShape {
        if (mlp.width() > MOST_WIDTH) {
            throw new IllegalArgumentException("layers must be up to " + MOST_WIDTH + " wide, got " + mlp.width());
        }
        if (features < 1 || features > MOST_FEATURES) {
            throw new IllegalArgumentException("features must be 1 to " + MOST_FEATURES + ", got " + features);
        }
        if (places.length != 3 * (mlp.depth() + 1)) {
            throw new IllegalArgumentException(
                    "three places for each of " + (mlp.depth() + 1) + " layers, got " + Arrays.toString(places));
        }
    }

    /** Blocks of sixteen of the inputs, four coordinates each. */
    public int in() {
        return (mlp.inputs() + 3) / 4;
    }

    /** Blocks of the features. */
    public int time() {
        return (features + 15) / 16;
    }

    /** Blocks of a hidden layer: even. */
    public int wide() {
        return 2 * ((mlp.width() + 31) / 32);
    }

    /** Blocks of the tape for sixteen rows: inputs, features, hidden layers, what goes back into outputs and layers. */
    public int tapeBlocks() {
        return in() + time() + 1 + 2 * mlp.depth() * wide();
    }

    /** 16-bit elements of the tape of this many rows. */
    public long tapeElements(long rows) {
        return (rows + 15) / 16 * tapeBlocks() * 256L;
    }

    /** 16-byte units of a stage of weights: hidden layers, outputs both ways, hidden layers back from the last to the second. */
    private int stage(int s) {
        if (s < mlp.depth()) {
            return wide() * (4 + UNITS * ((s == 0 ? in() : wide()) + time()));
        }
        return s == mlp.depth() ? 4 + 2 * UNITS * wide() : UNITS * wide() * wide();
    }

    private int stages() {
        return 2 * mlp.depth();
    }

    /** 16-bit elements of all stages. */
    long packedElements() {
        long units = 0;
        for (int s = 0; s < stages(); s++) {
            units += stage(s);
        }
        return 8 * units;
    }

    /** Shared memory of a block of so many warps: two stages, and for each warp inputs and features of its rows. */
    public long sharedBytes(int warps) {
        int room = 0;
        for (int s = 0; s < stages(); s++) {
            room = Math.max(room, stage(s));
        }
        return 32L * room + 1024L * warps * (in() + time());
    }

    /** Everything that is packed, {@value #WORDS} int32 each: see kernels/train/train_mlp.cu. */
    int[] matrices() {
        int depth = mlp.depth();
        int width = mlp.width();
        int out = mlp.outputs();
        Matrices list = new Matrices(3 * depth + 3 + depth - 1);
        for (int l = 0; l < depth; l++) {
            list.add(BIASES, places[3 * l + 2], wide(), wide(), 0, width, 0, 0);
            if (l == 0) {
                list.add(INPUTS, places[0], in(), wide(), mlp.inputs(), width, width, 1);
            } else {
                list.add(MATRIX, places[3 * l], wide(), wide(), width, width, width, 1);
            }
            list.add(MATRIX, places[3 * l + 1], time(), wide(), features, width, width, 1);
        }
        list.add(BIASES, places[3 * depth + 2], 1, 1, 0, out, 0, 0);
        list.add(MATRIX, places[3 * depth], wide(), 1, width, out, out, 1);
        list.add(MATRIX, places[3 * depth], 1, wide(), out, width, 1, out);
        for (int l = depth - 1; l > 0; l--) {
            list.add(MATRIX, places[3 * l], wide(), wide(), width, width, 1, width);
        }
        return list.words;
    }

    private static final class Matrices {
        private final int[] words;
        private int count;
        private int units;

        Matrices(int matrices) {
            words = new int[WORDS * matrices];
        }

        void add(int kind, int from, int kBlocks, int blocks, int k, int columns, int kStride, int columnStride) {
            int[] one = {kind, from, units, kBlocks, blocks, k, columns, kStride, columnStride};
            System.arraycopy(one, 0, words, WORDS * count++, WORDS);
            units += kind == BIASES ? 4 * blocks : UNITS * kBlocks * blocks;
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrainMlpShape that
                && mlp.equals(that.mlp)
                && features == that.features
                && parameters == that.parameters
                && Arrays.equals(places, that.places);
    }

    @Override
    public int hashCode() {
        return 31 * mlp.hashCode() + Arrays.hashCode(places);
    }

    @Override
    public String toString() {
        return mlp + " with " + features + " features and " + parameters + " parameters";
    }
}
