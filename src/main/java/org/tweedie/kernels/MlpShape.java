package org.tweedie.kernels;

import org.tweedie.device.Device;

/**
 * A multilayer perceptron as {@link TrajectoryMlp} takes it: narrower layers are filled up with zeros. Immutable.
 *
 * @param operands of its products
 * @param width of the hidden layers, 1 to {@link #mostWidth}
 * @param inputs coordinates of all inputs together, 1 to {@value #MOST_INPUTS}
 * @param outputs 1 to {@value #MOST_OUTPUTS}
 * @param depth hidden layers, at least 1
 * @param residual whether hidden layers after the first add their input
 * @param special whether activations are by the hardware's special functions alone, also where a share of them would be faster by products
 */
public record MlpShape(
        Operands operands,
        int width,
        int inputs,
        int outputs,
        int depth,
        Activation activation,
        boolean residual,
        boolean special) {
    private static final int MOST_WIDTH = 512;
    private static final int MOST_SPLIT_WIDTH = 128;
    public static final int MOST_INPUTS = 16;
    public static final int MOST_OUTPUTS = 16;

    /** f32 from coordinate to coordinate of a warp's 32 rows. */
    private static final int PITCH = 36;

    public MlpShape {
        if (width < 1
                || width > mostWidth(operands)
                || inputs < 1
                || inputs > MOST_INPUTS
                || outputs < 1
                || outputs > MOST_OUTPUTS
                || depth < 1) {
            throw new IllegalArgumentException("a fused mlp of " + operands + " is up to " + mostWidth(operands)
                    + " wide with up to " + MOST_INPUTS
                    + " inputs and " + MOST_OUTPUTS + " outputs, got " + width + "x" + depth + " from " + inputs
                    + " to " + outputs);
        }
    }

    /** As is fastest. */
    public MlpShape(
            Operands operands, int width, int inputs, int outputs, int depth, Activation activation, boolean residual) {
        this(operands, width, inputs, outputs, depth, activation, residual, false);
    }

    /** The widest hidden layers: split operands of more would not fit the registers. */
    public static int mostWidth(Operands operands) {
        return operands.parts() == 2 ? MOST_SPLIT_WIDTH : MOST_WIDTH;
    }

    /** Width of the layers of the kernel: 64, 128, 256 or 512. */
    int padded() {
        return width <= 64 ? 64 : width <= 128 ? 128 : width <= 256 ? 256 : 512;
    }

    /** Whether the network is for the kernel whose weights stream, which only GPUs with warpgroups have. */
    public boolean wide() {
        return padded() == 512;
    }

    /** What the weights of the hidden layers and their biases are multiplied by: SiLU takes half its argument. */
    float scale() {
        return activation == Activation.SILU ? 0.5f : 1;
    }

    /** Rows of the packed weights of layer {@code l}, of each part. */
    int packedIn(int l) {
        int a = operands.inputsABlock();
        return l == 0 ? (inputs + a - 1) / a * 16 : padded();
    }

    /** Columns of the packed weights of layer {@code l}; {@code depth} is the output layer. */
    int packedOut(int l) {
        return l == depth ? MOST_OUTPUTS : padded();
    }

    /** 16-bit elements of all packed layers. */
    long packedElements() {
        long elements = 0;
        for (int l = 0; l <= depth; l++) {
            elements += PackedMatrix.elements(operands.parts() * packedIn(l), packedOut(l));
        }
        return elements;
    }

    /** Tensor instructions of an evaluation for sixteen rows; of split operands three for two packed parts. */
    public long products() {
        return packedElements() / 128 * (operands.parts() + 1) / 2;
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
        return padded() >= 256 || operands.parts() == 2 ? 32 : padded() / 2;
    }

    /** Groups of all hidden layers after the first. */
    int groups() {
        return (depth - 1) * (padded() / groupColumns());
    }

    /** Shared memory of a group. */
    long groupBytes() {
        return 2L * operands.parts() * groupColumns() * padded();
    }

    /** Why a block holds not even one warp. */
    public String tooLarge(int columns, Device.Limits limits) {
        if (wide()) {
            return "three places of weights, the layers of 128 rows and a state of " + stateBytes(columns)
                    + " a warp do not fit the " + limits.sharedBytes() + " bytes of a block's shared memory";
        }
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
        if (wide()) {
            return 0;
        }
        if (rowsAWarp == MlpLaunch.FEW) {
            return 8;
        }
        if (rowsAWarp == MlpLaunch.WARPGROUP) {
            return operands.parts() == 2 || depth == 1 ? 0 : padded() == 256 ? 8 : 12;
        }
        return operands.parts() == 2 || padded() > 128 ? 0 : padded() == 64 ? 12 : 8;
    }

    /** Whether the weights of warpgroups lie in another order than those of warps: then what a block does not hold may pass. */
    boolean tiled() {
        return padded() == 256 && mostWarps(MlpLaunch.WARPGROUP) > 0;
    }

    /** Whether the kernels of warpgroups take SiLU of every fourth column by products, unless {@link #special} forbids. */
    public boolean sharesSilu() {
        return activation == Activation.SILU && padded() < 256 && mostWarps(MlpLaunch.WARPGROUP) > 0;
    }
}
