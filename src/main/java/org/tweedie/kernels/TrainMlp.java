package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.TrainMlpTwins;

/**
 * The gradient of the squared loss of a multilayer perceptron in a few launches (kernels/train/train_mlp.cu): products of bf16 operands on
 * tensor cores, sums, loss and the gradient of the weights in f32, activations and slopes in registers from layer to layer. Devices agree
 * within a bound, not in bits; on one kind of device a gradient's bits depend on the rows alone. Stateless; any thread.
 */
public final class TrainMlp {
    /** parameters, packed, matrices, count. */
    public static final KernelEntry PACK = KernelEntry.of(
            "train_mlp_pack_bf16",
            TrainMlpTwins::pack,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32);

    /**
     * rows, x, features, target, weight, packed, tape, loss, inputs, features, outputs, width, depth, x stride, features stride, target stride, weight stride,
     * activation, residual, scale.
     */
    public static final KernelEntry ROWS = KernelEntry.of(
            "train_mlp_rows_bf16",
            TrainMlpTwins::rows,
            Parameter.POINTER,
            Parameter.POINTER,
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
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.F32);

    /** rows, tape, places, partial, parameters, inputs, features, outputs, width, depth. */
    public static final KernelEntry WEIGHTS = KernelEntry.of(
            "train_mlp_weights_bf16",
            TrainMlpTwins::weights,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    private static final int MOST_WARPS = 8;

    private TrainMlp() {}

    /** What the kernels keep of a batch and its network. Immutable; the buffers are the caller's. */
    public record Memory(
            TrainMlpShape shape,
            int rows,
            DeviceBuffer matrices,
            DeviceBuffer places,
            DeviceBuffer packed,
            DeviceBuffer tape,
            DeviceBuffer partial) {

        /** Elements of {@link #partial}. */
        static long partials(TrainMlpShape shape, int rows) {
            return SumChunks.most(rows) * (shape.parameters() + 1L);
        }
    }

    /** Allocates and fills what the kernels need for up to {@code rows} rows; the caller closes the buffers, which {@code own} is given. */
    public static Memory memory(Stream stream, TrainMlpShape shape, int rows, org.tweedie.device.Closing own) {
        Device device = stream.device();
        int[] matrices = shape.matrices();
        DeviceBuffer matrixTable = own.add(device.allocate(Element.I32, matrices.length));
        DeviceBuffer places = own.add(device.allocate(Element.I32, shape.places().length));
        DeviceBuffer packed = own.add(device.allocate(Element.BF16, shape.packedElements()));
        DeviceBuffer tape = own.add(device.allocate(Element.BF16, Math.max(1, shape.tapeElements(rows))));
        DeviceBuffer partial = own.add(device.allocate(Element.F32, Memory.partials(shape, rows)));
        stream.upload(matrices, 0, matrixTable, 0, matrices.length);
        stream.upload(shape.places(), 0, places, 0, shape.places().length);
        stream.zero(partial, 0, partial.count()); // what is not trained stays 0
        stream.synchronize();
        return new Memory(shape, rows, matrixTable, places, packed, tape, partial);
    }

    /** Warps of a block: as many as its shared memory holds, 0 where not even one fits. */
    public static int warps(Device device, TrainMlpShape shape) {
        int warps = MOST_WARPS;
        while (warps > 0 && shape.sharedBytes(warps) > device.limits().sharedBytes()) {
            warps--;
        }
        return warps;
    }

    /**
     * Queues the gradient of {@code scale} times the sum of the rows' losses {@code w |out - target|^2}, and those losses.
     *
     * @param parameters of the network, at the places of its shape
     * @param x the network's inputs side by side
     * @param features of the rows' times
     * @param weight 1 wide (stride 0: one for all), or null for 1
     * @param gradient laid out as the parameters; overwritten
     * @param losses F32, an element a row
     */
    public static void gradient(
            Stream stream,
            RowSet rows,
            Memory memory,
            DeviceBuffer parameters,
            View x,
            View features,
            View target,
            @Nullable View weight,
            float scale,
            DeviceBuffer gradient,
            DeviceBuffer losses) {
        int fit = warps(stream.device(), memory.shape());
        if (fit == 0) {
            throw new IllegalArgumentException(memory.shape() + " takes "
                    + memory.shape().sharedBytes(1) + " bytes of shared memory, a block of "
                    + stream.device().name() + " has "
                    + stream.device().limits().sharedBytes());
        }
        long tiles = (memory.rows() + 31L) / 32;
        int processors = stream.device().limits().processors();
        int warps = (int) Math.max(1, Math.min(fit, (tiles + processors - 1) / processors));
        pack(stream, memory, parameters);
        rows(stream, rows, memory, x, features, target, weight, scale, losses, warps);
        weights(stream, rows, memory, gradient);
    }

    static void pack(Stream stream, Memory memory, DeviceBuffer parameters) {
        int count = Math.toIntExact(memory.matrices().count() / TrainMlpShape.WORDS);
        Arguments arguments = new Arguments(PACK)
                .buffer(parameters)
                .buffer(memory.packed())
                .buffer(memory.matrices())
                .i32(count);
        int wide = memory.shape().wide();
        stream.launch(
                stream.device().kernel(PACK),
                LaunchShape.blocks((32L * wide * wide + 255) / 256, count, 256, 0),
                arguments);
    }

    /** By blocks of so many warps. */
    static void rows(
            Stream stream,
            RowSet rows,
            Memory memory,
            View x,
            View features,
            View target,
            @Nullable View weight,
            float scale,
            DeviceBuffer losses,
            int warps) {
        TrainMlpShape shape = memory.shape();
        MlpShape mlp = shape.mlp();
        Grid.require(x.width() == mlp.inputs(), "inputs must be " + mlp.inputs() + " wide", x);
        Grid.require(features.width() == shape.features(), "features must be " + shape.features() + " wide", features);
        Grid.require(target.width() == mlp.outputs(), "target must be " + mlp.outputs() + " wide", target);
        Arguments arguments = rows.into(new Arguments(ROWS));
        x.into(arguments);
        features.into(arguments);
        target.into(arguments);
        if (weight == null) {
            arguments.buffer(null);
        } else {
            Grid.require(weight.width() == 1, "weight must be 1 wide", weight);
            weight.into(arguments);
        }
        arguments
                .buffer(memory.packed())
                .buffer(memory.tape())
                .buffer(losses)
                .i32(mlp.inputs())
                .i32(shape.features())
                .i32(mlp.outputs())
                .i32(mlp.width())
                .i32(mlp.depth())
                .i32(x.stride())
                .i32(features.stride())
                .i32(target.stride())
                .i32(weight == null ? 0 : weight.stride())
                .i32(mlp.activation().code())
                .i32(mlp.residual() ? 1 : 0)
                .f32(scale);
        long blocks = Math.max(1, (memory.rows() + 32L * warps - 1) / (32L * warps));
        stream.launch(
                stream.device().kernel(ROWS),
                LaunchShape.blocks(
                        Math.min(blocks, stream.device().limits().processors()),
                        1,
                        32 * warps,
                        Math.toIntExact(shape.sharedBytes(warps))),
                arguments);
    }

    static void weights(Stream stream, RowSet rows, Memory memory, DeviceBuffer gradient) {
        TrainMlpShape shape = memory.shape();
        MlpShape mlp = shape.mlp();
        if (gradient.count() < shape.parameters()) {
            throw new IllegalArgumentException(
                    "a gradient of " + shape.parameters() + " parameters does not fit " + gradient.count());
        }
        Arguments arguments = rows.into(new Arguments(WEIGHTS))
                .buffer(memory.tape())
                .buffer(memory.places())
                .buffer(memory.partial())
                .i32(shape.parameters())
                .i32(mlp.inputs())
                .i32(shape.features())
                .i32(mlp.outputs())
                .i32(mlp.width())
                .i32(mlp.depth());
        int across = (Math.max(shape.in(), shape.wide()) + shape.time() + 3) / 4;
        stream.launch(
                stream.device().kernel(WEIGHTS),
                new LaunchShape(across, mlp.depth() + 1, SumChunks.most(memory.rows()), 128, 1, 1, 0),
                arguments);
        Linear.sum(stream, rows, memory.partial(), shape.parameters(), gradient);
    }
}
