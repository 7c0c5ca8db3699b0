package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.TrajectoryMlpTwins;

/**
 * Whole trajectories of rows through a multilayer perceptron in one launch (kernels/execution/trajectory_mlp.cu): products of 16-bit
 * operands on tensor cores, sums, state and noise in f32, activations in registers. Devices agree within a bound, not in bits; on one kind
 * of device a row's bits depend on the row alone. Stateless; any thread.
 */
public final class TrajectoryMlp {
    /** Networks up to 64 wide; see {@link #MLP128_F16} for the parameters. */
    public static final KernelEntry MLP64_F16 = entry("trajectory_mlp64_f16", TrajectoryMlpTwins::mlp64F16);

    /** As {@link #MLP64_F16}. */
    public static final KernelEntry MLP64_BF16 = entry("trajectory_mlp64_bf16", TrajectoryMlpTwins::mlp64Bf16);

    /**
     * rows, io, io stride, operations, count, places, cells, weights, biases, packed, out bias, inputs, outputs, depth, activation,
     * residual, columns, state columns.
     */
    public static final KernelEntry MLP128_F16 = entry("trajectory_mlp128_f16", TrajectoryMlpTwins::mlp128F16);

    /** As {@link #MLP128_F16}. */
    public static final KernelEntry MLP128_BF16 = entry("trajectory_mlp128_bf16", TrajectoryMlpTwins::mlp128Bf16);

    private TrajectoryMlp() {}

    private static KernelEntry entry(String name, KernelEntry.Twin twin) {
        return KernelEntry.of(
                name,
                twin,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.I64,
                Parameter.POINTER,
                Parameter.I32,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.POINTER,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32,
                Parameter.I32);
    }

    /** The kernel of a network in F16 or BF16. */
    public static KernelEntry entry(MlpShape shape, Element type) {
        boolean half = type == Element.F16;
        return shape.padded() == 64 ? half ? MLP64_F16 : MLP64_BF16 : half ? MLP128_F16 : MLP128_BF16;
    }

    /**
     * What the launch does with each row. Immutable; the buffers are the caller's.
     *
     * @param operations as {@link MlpOperations} lists them, {@code count} of them
     * @param places of the inputs, as {@link MlpOperations} lists them
     * @param cells headers and
     * @param weights of the mixes, as {@link CellLayout#encode} writes them, with a register's first column for its slot
     * @param biases a row for each time, as {@link PackedMlp#biasRow} writes it
     * @param columns coordinates of all registers together
     */
    public record Program(
            DeviceBuffer operations,
            int count,
            DeviceBuffer places,
            DeviceBuffer cells,
            DeviceBuffer weights,
            DeviceBuffer biases,
            int columns) {}

    /** Warps of a block: as many as its shared memory and registers hold, 0 where not even one fits. */
    public static int warps(Device device, MlpShape shape, int columns) {
        long room = device.limits().sharedBytes() - shape.packedBytes();
        return (int) Math.max(0, Math.min(shape.mostWarps(), room / shape.warpBytes(columns)));
    }

    /**
     * Queues all operations for all rows, in blocks as full as the rows allow.
     *
     * @param io what operations load from and store to: coordinate d of row r at {@code place * ioStride + r * width + d}
     * @param ioStride rows that io has room for
     * @throws IllegalArgumentException if the weights and the state of one warp do not fit a block's shared memory
     */
    public static void run(
            Stream stream, RowSet rows, DeviceBuffer io, long ioStride, Program program, PackedMlp network) {
        Device device = stream.device();
        int fit = warps(device, network.shape(), program.columns());
        if (fit == 0) {
            throw new IllegalArgumentException("the weights of " + network.shape() + " take "
                    + network.shape().packedBytes() + " bytes and " + program.columns() + " coordinates of a state "
                    + network.shape().warpBytes(program.columns()) + "; a block of " + device.name() + " has "
                    + device.limits().sharedBytes());
        }
        long tiles = Math.max(1, (ioStride + 31) / 32);
        int processors = device.limits().processors();
        run(stream, rows, io, ioStride, program, network, (int) Math.min(fit, (tiles + processors - 1) / processors));
    }

    /** The same in blocks of so many warps. */
    static void run(
            Stream stream, RowSet rows, DeviceBuffer io, long ioStride, Program program, PackedMlp network, int warps) {
        MlpShape shape = network.shape();
        KernelEntry entry = entry(shape, network.packed().element());
        Arguments arguments = new Arguments(entry);
        rows.into(arguments)
                .buffer(io)
                .i64(ioStride)
                .buffer(program.operations())
                .i32(program.count())
                .buffer(program.places())
                .buffer(program.cells())
                .buffer(program.weights())
                .buffer(program.biases())
                .buffer(network.packed())
                .buffer(network.outBias())
                .i32(shape.inputs())
                .i32(shape.outputs())
                .i32(shape.depth())
                .i32(shape.activation().code())
                .i32(shape.residual() ? 1 : 0)
                .i32((shape.width() + 15) / 16)
                .i32(program.columns());
        long tiles = Math.max(1, (ioStride + 31) / 32);
        long blocks =
                Math.min((tiles + warps - 1) / warps, stream.device().limits().processors());
        int shared = Math.toIntExact(shape.packedBytes() + (long) warps * shape.warpBytes(program.columns()));
        stream.launch(stream.device().kernel(entry), LaunchShape.blocks(blocks, 1, 32 * warps, shared), arguments);
    }
}
