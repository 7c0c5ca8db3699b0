package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A multilayer perceptron with features of the time as {@link TrainSteps} takes it, and where its parameters lie. Immutable.
 *
 * @param inputs coordinates of all inputs together, 1 to {@value #MOST_COORDINATES}; the first {@code outputs} are those of x
 * @param outputs 1 to {@code inputs}
 * @param features of the time: even, up to {@value #MOST_FEATURES}; their frequencies are the first parameters
 * @param width of the hidden layers, up to {@value #MOST_WIDTH}
 * @param depth hidden layers, up to {@value #MOST_DEPTH}
 * @param residual whether hidden layers after the first add their input
 * @param places first parameter of weights, of the features' weights and of biases, for each layer and last for the outputs
 * @param parameters of all layers together with what lies between
 */
public record TrainStepsShape(
        int inputs,
        int outputs,
        int features,
        int width,
        int depth,
        Activation activation,
        boolean residual,
        int[] places,
        int parameters) {
    public static final int MOST_COORDINATES = 16;
    public static final int MOST_FEATURES = 64;
    public static final int MOST_WIDTH = 512;
    public static final int MOST_DEPTH = 64;

    /** int32 of a tensor of {@link #tensors()}. */
    static final int WORDS = 6;

    private static final int BIASES = 0;
    private static final int MATRIX = 1;
    private static final int INPUTS = 2;
    private static final int SQUARE = 64;
    private static final int ENTRY = 2 * SQUARE;

    public TrainStepsShape {
        require(inputs >= 1 && inputs <= MOST_COORDINATES, "inputs must be 1 to " + MOST_COORDINATES, inputs);
        require(outputs >= 1 && outputs <= inputs, "outputs must be 1 to the inputs, " + inputs, outputs);
        require(
                features >= 2 && features <= MOST_FEATURES && features % 2 == 0,
                "features must be even and up to " + MOST_FEATURES,
                features);
        require(width >= 1 && width <= MOST_WIDTH, "layers must be up to " + MOST_WIDTH + " wide", width);
        require(depth >= 1 && depth <= MOST_DEPTH, "layers must be 1 to " + MOST_DEPTH, depth);
        require(places.length == 3 * (depth + 1), "three places a layer and for the outputs", places.length);
    }

    private static void require(boolean holds, String what, int got) {
        if (!holds) {
            throw new IllegalArgumentException(what + ", got " + got);
        }
    }

    /** The width, filled up. */
    int wide() {
        return (width + SQUARE - 1) / SQUARE * SQUARE;
    }

    /** The rows of a step, filled up. */
    static long all(int rows) {
        return (rows + 127L) / 128 * 128;
    }

    private int packedAt(int l) {
        return l == 0 ? 0 : ENTRY * wide() + (l - 1) * (wide() + SQUARE) * wide();
    }

    /** 16-bit elements of the packed weights. */
    long packedElements() {
        return packedAt(depth) + (long) SQUARE * wide();
    }

    /** 16-bit elements that are kept of the rows of a step. */
    long tapeElements(int rows, TrainSteps.Form form) {
        if (form == TrainSteps.Form.NARROW) {
            return all(rows) * (ENTRY + (depth == 3 ? 2L * wide() : 0));
        }
        int entries = form == TrainSteps.Form.TILES ? 2 : 1;
        return all(rows) * (entries * ENTRY + (2L * depth + (residual ? 1 : 0)) * wide() + SQUARE);
    }

    /** What is trained, {@value #WORDS} int32 a tensor by first parameter: first, end, columns, kind, where it is packed, its pitch. */
    int[] tensors() {
        List<int[]> list = new ArrayList<>();
        for (int l = 0; l <= depth; l++) {
            int columns = l == depth ? outputs : width;
            int pitch = l == depth ? SQUARE : wide();
            int in = l == 0 ? inputs : width;
            add(list, places[3 * l], in, columns, l == 0 ? INPUTS : MATRIX, packedAt(l), pitch);
            if (l < depth) {
                int after = packedAt(l) + (l == 0 ? SQUARE : wide()) * wide();
                add(list, places[3 * l + 1], features, columns, MATRIX, after, pitch);
            }
            add(list, places[3 * l + 2], 1, columns, BIASES, 0, 0);
        }
        list.sort(Comparator.comparingInt(tensor -> tensor[0]));
        return list.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private static void add(List<int[]> list, int first, int rows, int columns, int kind, int packed, int pitch) {
        list.add(new int[] {first, first + rows * columns, columns, kind, packed, pitch});
    }

    /** Tiles of this side that the gradients of the weights are. */
    int weightTiles(int side, int chunks) {
        int across = tiles(wide(), side);
        return chunks * (across + (depth - 1) * tiles(wide() + SQUARE, side) * across + tiles(ENTRY, side) * across);
    }

    static int tiles(long numbers, int side) {
        return (int) ((numbers + side - 1) / side);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrainStepsShape that
                && inputs == that.inputs
                && outputs == that.outputs
                && features == that.features
                && width == that.width
                && depth == that.depth
                && activation == that.activation
                && residual == that.residual
                && parameters == that.parameters
                && Arrays.equals(places, that.places);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + depth) + Arrays.hashCode(places);
    }

    @Override
    public String toString() {
        return inputs + " to " + outputs + " through " + width + "x" + depth + ", " + activation
                + (residual ? ", residual" : "") + ", " + features + " features, " + parameters + " parameters";
    }
}
