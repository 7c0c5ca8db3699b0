package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
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

    /** As {@link #MLP64_F16} with 16 rows a warp, of either type; two parameters more: groups held, and whether it is BF16. */
    public static final KernelEntry MLP64_ROWS16 = entry("trajectory_mlp64_rows16", TrajectoryMlpTwins::mlp64Rows16);

    /** As {@link #MLP64_ROWS16}. */
    public static final KernelEntry MLP128_ROWS16 = entry("trajectory_mlp128_rows16", TrajectoryMlpTwins::mlp128Rows16);

    /** As {@link #MLP64_ROWS16}. */
    public static final KernelEntry MLP256_ROWS16 = entry("trajectory_mlp256_rows16", TrajectoryMlpTwins::mlp256Rows16);

    /** As {@link #MLP64_F16} with 16 rows a warp and split operands; a parameter more: groups held. */
    public static final KernelEntry MLP64_F16X3 = entry("trajectory_mlp64_f16x3", TrajectoryMlpTwins::mlp64F16x3);

    /** As {@link #MLP64_F16X3}. */
    public static final KernelEntry MLP128_F16X3 = entry("trajectory_mlp128_f16x3", TrajectoryMlpTwins::mlp128F16x3);

    /** As {@link #MLP64_F16} with 64 rows a warpgroup, of either type (trajectory_wgmma.cu); a parameter more: whether it is BF16. */
    public static final KernelEntry MLP64_WGMMA = entry("trajectory_mlp64_wgmma", TrajectoryMlpTwins::mlp64Wgmma);

    /** As {@link #MLP64_WGMMA}. */
    public static final KernelEntry MLP128_WGMMA = entry("trajectory_mlp128_wgmma", TrajectoryMlpTwins::mlp128Wgmma);

    /** As {@link #MLP64_ROWS16} up to 512 wide, in pairs of blocks of 128 rows (trajectory_wide.cu): held are places of weights. */
    public static final KernelEntry MLP512_WIDE = entry("trajectory_mlp512_wide", TrajectoryMlpTwins::mlp512Wide);

    /** The same with 64 rows a block, each of whose warpgroups has half of the columns. */
    public static final KernelEntry MLP512_FEW = entry("trajectory_mlp512_few", TrajectoryMlpTwins::mlp512Wide);

    /** The same with 64 rows two blocks, each of which has half of the columns, in clusters of four. */
    public static final KernelEntry MLP512_SPLIT = entry("trajectory_mlp512_split", TrajectoryMlpTwins::mlp512Wide);

    /** As {@link #MLP64_WGMMA}; the parameters more are groups held, and whether it is BF16. */
    public static final KernelEntry MLP256_WGMMA = entry("trajectory_mlp256_wgmma", TrajectoryMlpTwins::mlp256Wgmma);

    /** Added to the code of SiLU: {@link MlpShape#special}. */
    private static final int SPECIAL = 16;

    private TrajectoryMlp() {}

    private static KernelEntry entry(String name, KernelEntry.Twin twin) {
        List<Parameter> parameters = new ArrayList<>(List.of(Parameter.POINTER, Parameter.POINTER, Parameter.I64));
        parameters.addAll(List.of(Parameter.POINTER, Parameter.I32));
        parameters.addAll(Collections.nCopies(6, Parameter.POINTER));
        int more = name.endsWith("rows16") || name.startsWith("trajectory_mlp512") || name.endsWith("256_wgmma")
                ? 2
                : name.endsWith("x3") || name.endsWith("wgmma") ? 1 : 0;
        parameters.addAll(Collections.nCopies(7 + more, Parameter.I32));
        return KernelEntry.of(name, twin, parameters.toArray(new Parameter[0]));
    }

    /** The kernel of a network, of as many rows a warp, or a warpgroup. */
    public static KernelEntry entry(MlpShape shape, int rowsAWarp) {
        int width = shape.padded();
        if (shape.wide()) {
            return rowsAWarp == MlpLaunch.SPLIT ? MLP512_SPLIT : rowsAWarp == MlpLaunch.FEW ? MLP512_FEW : MLP512_WIDE;
        }
        if (rowsAWarp == MlpLaunch.WARPGROUP) {
            return width == 64 ? MLP64_WGMMA : width == 128 ? MLP128_WGMMA : MLP256_WGMMA;
        }
        return switch (shape.operands()) {
            case F16X3 -> width == 64 ? MLP64_F16X3 : MLP128_F16X3;
            case F16, BF16 ->
                rowsAWarp == MlpLaunch.FEW
                        ? width == 64 ? MLP64_ROWS16 : width == 128 ? MLP128_ROWS16 : MLP256_ROWS16
                        : shape.operands() == Operands.F16
                                ? width == 64 ? MLP64_F16 : MLP128_F16
                                : width == 64 ? MLP64_BF16 : MLP128_BF16;
        };
    }

    /**
     * What the launch does with each row. Immutable; the buffers are the caller's.
     *
     * @param operations as {@link MlpOperations} lists them; those from {@code first} to {@code last}, exclusive
     * @param places of the inputs, as {@link MlpOperations} lists them
     * @param cells headers and
     * @param weights of the mixes, as {@link CellLayout#encode} writes them, with a register's first column for its slot
     * @param biases a row for each time, as {@link PackedMlp#biasRow} writes it
     * @param columns coordinates of all registers together
     */
    public record Program(
            DeviceBuffer operations,
            int first,
            int last,
            DeviceBuffer places,
            DeviceBuffer cells,
            DeviceBuffer weights,
            DeviceBuffer biases,
            int columns) {
        /** Some of its operations. */
        public Program part(int from, int to) {
            return new Program(operations, from, to, places, cells, weights, biases, columns);
        }
    }

    /**
     * Queues all operations for all rows.
     *
     * @param io what operations load from and store to: coordinate d of row r at {@code place * ioStride + r * width + d}
     * @param ioStride rows that io has room for
     * @param count at least as many rows as {@code rows} has; decides the launch and no bit
     * @throws IllegalArgumentException if what one warp needs does not fit a block's shared memory
     */
    public static void run(
            Stream stream,
            RowSet rows,
            DeviceBuffer io,
            long ioStride,
            long count,
            Program program,
            PackedMlp network) {
        Device device = stream.device();
        MlpLaunch launch = MlpLaunch.of(device.limits(), network.shape(), program.columns(), count);
        if (launch.warps() == 0) {
            throw new IllegalArgumentException(network.shape().tooLarge(program.columns(), device.limits()));
        }
        run(stream, rows, io, ioStride, count, program, network, launch);
    }

    /** The same as a launch says. */
    static void run(
            Stream stream,
            RowSet rows,
            DeviceBuffer io,
            long ioStride,
            long count,
            Program program,
            PackedMlp network,
            MlpLaunch launch) {
        MlpShape shape = network.shape();
        KernelEntry entry = entry(shape, launch.rowsAWarp());
        boolean together = launch.rowsAWarp() == MlpLaunch.WARPGROUP;
        boolean special = together && shape.sharesSilu() && shape.special();
        Arguments arguments = new Arguments(entry);
        rows.into(arguments)
                .buffer(io)
                .i64(ioStride)
                .buffer(program.operations(), (long) program.first() * MlpOperations.WORDS)
                .i32(program.last() - program.first())
                .buffer(program.places())
                .buffer(program.cells())
                .buffer(program.weights())
                .buffer(program.biases())
                .buffer(together && shape.tiled() ? network.tiles() : network.packed())
                .buffer(network.outBias())
                .i32(shape.inputs())
                .i32(shape.outputs())
                .i32(shape.depth())
                .i32(shape.activation().code() + (special ? SPECIAL : 0))
                .i32(shape.residual() ? 1 : 0)
                .i32((shape.width() + 15) / 16)
                .i32(program.columns());
        if (shape.wide()) {
            arguments.i32(launch.held());
        } else if (launch.rowsAWarp() == MlpLaunch.FEW || together && shape.tiled()) {
            arguments.i32(launch.passes() ? launch.held() : shape.groups());
        }
        if (launch.rowsAWarp() != MlpLaunch.MANY && shape.operands() != Operands.F16X3) {
            arguments.i32(shape.operands() == Operands.BF16 ? 1 : 0);
        }
        LaunchShape blocks = launch.shape(stream.device().limits(), shape, program.columns(), count);
        stream.launch(stream.device().kernel(entry), blocks, arguments);
    }
}
