package org.tweedie.kernels;

import org.tweedie.device.Device;

/**
 * A multilayer perceptron as {@link TrajectoryMlp} takes it: narrower layers are filled up with zeros. Immutable.
 *
 * @param width of the hidden layers, 1 to {@value #MOST_WIDTH}
 * @param inputs coordinates of all inputs together, 1 to {@value #MOST_INPUTS}
 * @param outputs 1 to {@value #MOST_OUTPUTS}
 * @param depth hidden layers, at least 1
 * @param residual whether hidden layers after the first add their input
 */
public record MlpShape(int width, int inputs, int outputs, int depth, Activation activation, boolean residual) {
    public static final int MOST_WIDTH = 256;
    public static final int MOST_INPUTS = 16;
    public static final int MOST_OUTPUTS = 16;

    /** f32 from coordinate to coordinate of a warp's 32 rows. */
    private static final int PITCH = 36;

    public MlpShape {
        if (width < 1
                || width > MOST_WIDTH
                || inputs < 1
                || inputs > MOST_INPUTS
                || outputs < 1
                || outputs > MOST_OUTPUTS
                || depth < 1) {
            throw new IllegalArgumentException("a fused mlp is up to " + MOST_WIDTH + " wide with up to " + MOST_INPUTS
                    + " inputs and " + MOST_OUTPUTS + " outputs, got " + width + "x" + depth + " from " + inputs
                    + " to " + outputs);
        }
    }

    /** Width of the layers of the kernel: 64, 128 or 256. */
    int padded() {
        return width <= 64 ? 64 : width <= 128 ? 128 : 256;
    }

    /** What the weights of the hidden layers and their biases are multiplied by: SiLU takes half its argument. */
    float scale() {
        return activation == Activation.SILU ? 0.5f : 1;
    }

    /** Rows of the packed weights of layer {@code l}: four coordinates of the inputs take sixteen. */
    int packedIn(int l) {
        return l == 0 ? (inputs + 3) / 4 * 16 : padded();
    }

    /** Columns of the packed weights of layer {@code l}; {@code depth} is the output layer. */
    int packedOut(int l) {
        return l == depth ? MOST_OUTPUTS : padded();
    }

    /** 16-bit elements of all packed layers. */
    long packedElements() {
        long elements = 0;
        for (int l = 0; l <= depth; l++) {
            elements += PackedMatrix.elements(packedIn(l), packedOut(l));
        }
        return elements;
    }

    /** Shared memory of a block for the weights. */
    long packedBytes() {
        return 2 * packedElements();
    }

    /** Shared memory for two rows of biases. */
    long biasBytes() {
        return 8L * biases();
    }

    /** Shared memory of a warp for {@code columns} coordinates of its rows. */
    static long stateBytes(int columns) {
        return 4L * columns * PITCH;
    }

    /** Columns of a hidden layer, with all their weights, that kernels of 16 rows a warp compute between two waits. */
    private int groupColumns() {
        return padded() == 256 ? 32 : padded() / 2;
    }

    /** Groups of all hidden layers after the first. */
    int groups() {
        return (depth - 1) * (padded() / groupColumns());
    }

    /** Shared memory of a group. */
    long groupBytes() {
        return 2L * groupColumns() * padded();
    }

    /** Why a block holds not even one warp. */
    public String tooLarge(int columns, Device.Limits limits) {
        return "weights of " + packedBytes() + " bytes, biases of " + biasBytes() + " and a state of "
                + stateBytes(columns) + " a warp do not fit the " + limits.sharedBytes()
                + " bytes of a block's shared memory";
    }

    /** f32 of a row of biases. */
    public int biases() {
        return depth * padded();
    }

    /** Warps whose registers a multiprocessor holds, where each has so many rows; 0 where there is no such kernel. */
    int mostWarps(int rowsAWarp) {
        return rowsAWarp == MlpLaunch.FEW ? 8 : padded() == 64 ? 12 : padded() == 128 ? 8 : 0;
    }
}
