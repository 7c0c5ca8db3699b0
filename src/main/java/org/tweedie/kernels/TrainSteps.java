package org.tweedie.kernels;

import java.util.Optional;
import org.tweedie.device.Arguments;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.Team;

/**
 * Many steps of training a multilayer perceptron in one launch whose blocks wait for each other (kernels/train/train_steps.cu): rows of the
 * data set drawn by counter, denoising pairs, forward, loss, back, Adam and running mean, with products of bf16 numbers. A step's bits depend
 * on rows and network alone, not on the blocks nor on how steps are cut into launches. On CUDA alone. Stateless; any thread.
 */
public final class TrainSteps {
    private static final Parameter P = Parameter.POINTER;
    private static final Parameter I = Parameter.I32;
    private static final Parameter L = Parameter.I64;
    private static final Parameter F = Parameter.F32;
    private static final Parameter D = Parameter.F64;

    /**
     * rows; data, its rows, bits, width, columns; quantile, nodes, group; table, nodes, ln of the first time, 1 / spacing; weights, moments,
     * mean; packed, tape, numbers, sums, partial, its stride; places, tensors, their number, parameters; control, schedule, step, steps,
     * history, capacity; inputs, outputs, features, width, depth, activation, residual, chunk, chunks, held, clip, 1 - b1, 1 - b2, epsilon,
     * decay.
     */
    public static final KernelEntry STEPS = KernelEntry.of(
            "train_steps_bf16",
            TrainSteps::onTheHost,
            P,
            P,
            L,
            I,
            I,
            P,
            P,
            I,
            L,
            P,
            I,
            F,
            F,
            P,
            P,
            P,
            P,
            P,
            P,
            P,
            P,
            P,
            L,
            P,
            P,
            I,
            I,
            P,
            P,
            L,
            I,
            P,
            I,
            I,
            I,
            I,
            I,
            I,
            I,
            I,
            L,
            I,
            I,
            D,
            F,
            F,
            F,
            F);

    /** The same for many rows: a block takes its own through all layers. */
    public static final KernelEntry CHAIN = STEPS.like("train_chain_bf16", TrainSteps::onTheHost);

    /** The same for many rows through a narrow network, of which a block keeps the gradients in registers meanwhile. */
    public static final KernelEntry NARROW = STEPS.like("train_narrow_bf16", TrainSteps::onTheHost);

    /** Most steps of a launch, and losses that {@link Learned#history} has to hold. */
    public static final int MOST_STEPS = 1000;

    /** From so many rows on, blocks have tiles enough of their own. */
    private static final int CHAINED = 16_384;

    /** Up to so many rows a step is one of tiles, whatever the network. */
    public static final int FEW_ROWS = 4096;

    private static final int SCALARS = 4;
    private static final int WHOLE = 1024; // rows that one sum of a gradient takes
    private static final int MOST_CHUNKS = 6;
    private static final int MOST_PARTS = 128; // about a block a multiprocessor
    private static final int NARROW_WIDTH = 128;
    private static final int NARROW_DEPTH = 3;
    private static final int NARROW_INPUTS = 8;

    private TrainSteps() {}

    /** The host trains layer by layer: it has nothing that waits together, and its products are of f32. */
    private static void onTheHost(Arguments arguments, Team team) {
        throw new UnsupportedOperationException(arguments.entry().name() + " has no twin: it runs on CUDA alone");
    }

    /** What a block does of a step, with the sizes that its kernel has in its text. Immutable. */
    public enum Form {
        /** Tiles of 64 x 64 of a layer. */
        TILES(STEPS, 128, 64, 4 * 16_384 + 112 * 64, 4096),
        /** Rows through all layers, in tiles of 128 x 128. */
        CHAIN(TrainSteps.CHAIN, 128, 128, 3 * 32_768 + 112 * 128, 4096),
        /** Rows through all layers, weights and gradients beside them. */
        NARROW(TrainSteps.NARROW, 256, 64, 230_400, 128);

        private final KernelEntry entry;
        private final int threads;
        private final int side;
        private final int room;
        private final int run;

        Form(KernelEntry entry, int threads, int side, int room, int run) {
            this.entry = entry;
            this.threads = threads;
            this.side = side;
            this.room = room;
            this.run = run;
        }
    }

    /**
     * How a step is cut, by network, rows and what a block of the device can hold. Immutable.
     *
     * @param chunk rows of a sum of gradients
     */
    public record Cut(Form form, long chunk, int chunks) {
        /** In tiles or a chain; up to {@code whole} rows are one sum. */
        static Cut of(Form form, int rows, int whole) {
            return rows <= whole ? new Cut(form, whole, 1) : parts(form, rows, MOST_CHUNKS);
        }

        static Cut parts(Form form, int rows, int most) {
            long chunk = 64 * ((rows + 64L * most - 1) / (64L * most));
            return new Cut(form, chunk, (int) ((rows + chunk - 1) / chunk));
        }

        int side() {
            return form.side;
        }

        /** Shared memory for operands, and beside them. */
        int room() {
            return form.room;
        }

        /** The kernel that takes steps so. */
        public KernelEntry entry() {
            return form.entry;
        }
    }

    /** As steps of so many rows are cut. */
    static Cut cut(Device device, TrainStepsShape shape, int rows) {
        if (rows > FEW_ROWS && narrowRefusal(device, shape).isEmpty()) {
            return Cut.parts(Form.NARROW, rows, MOST_PARTS);
        }
        return Cut.of(rows >= CHAINED ? Form.CHAIN : Form.TILES, rows, WHOLE);
    }

    /** Why {@link #NARROW} does not take steps of more than {@value #FEW_ROWS} rows through a network, or nothing. */
    public static Optional<String> narrowRefusal(Device device, TrainStepsShape shape) {
        int room = Form.NARROW.room;
        if (shape.wide() != NARROW_WIDTH) {
            return Optional.of(
                    "the network is " + shape.width() + " wide, blocks hold gradients of 65 to " + NARROW_WIDTH);
        } else if (shape.depth() > NARROW_DEPTH) {
            return Optional.of(
                    "the network has " + shape.depth() + " layers, blocks hold gradients of up to " + NARROW_DEPTH);
        } else if (shape.residual()) {
            return Optional.of("the network is residual");
        } else if (shape.inputs() > NARROW_INPUTS) {
            return Optional.of(
                    "the network has " + shape.inputs() + " inputs, blocks hold gradients of up to " + NARROW_INPUTS);
        }
        return room <= device.limits().sharedBytes()
                ? Optional.empty()
                : Optional.of("a block takes " + room + " bytes of shared memory, the device has "
                        + device.limits().sharedBytes());
    }

    /** What the kernels keep of a step and its network. Immutable; the buffers are the caller's. */
    public record Memory(
            TrainStepsShape shape,
            int rows,
            Cut cut,
            DeviceBuffer packed,
            DeviceBuffer tape,
            DeviceBuffer numbers,
            DeviceBuffer sums,
            DeviceBuffer partial,
            DeviceBuffer places,
            DeviceBuffer tensors,
            DeviceBuffer schedule) {}

    /**
     * Where rows come from. Immutable.
     *
     * @param data F32, dense rows
     * @param columns I32, of the data for each input of the network: those of x first
     * @param noising what makes pairs of them; nothing where each row is a pair: its inputs, targets, weight, and the time that the network is told
     */
    public record Source(DeviceBuffer data, long rows, int width, DeviceBuffer columns, Optional<Noising> noising) {}

    /**
     * What makes pairs of denoising score matching. Immutable.
     *
     * @param quantile F32, nodes of the quantile of times as {@link Perturb#times} takes it
     * @param group rows that share a rank of time, or 0
     */
    public record Noising(DeviceBuffer quantile, int nodes, long group, Perturb.Table table) {
        /** Of pairs: no node, and a pointer that nothing reads. */
        private static Noising none(DeviceBuffer data) {
            return new Noising(data, 0, 0, new Perturb.Table(data, 0, 0, 0));
        }
    }

    /** What learns, F32 laid out as the shape says; control of {@link Adam}; history as {@link Adam#judge} writes it. Immutable. */
    public record Learned(
            DeviceBuffer weights,
            DeviceBuffer first,
            DeviceBuffer second,
            DeviceBuffer mean,
            DeviceBuffer control,
            DeviceBuffer history) {}

    /** How the blocks of a launch are made. Immutable. */
    public record Blocks(int count, int sharedBytes, boolean held) {}

    /** The kernel that takes steps of so many rows. */
    public static KernelEntry entry(Device device, TrainStepsShape shape, int rows) {
        return cut(device, shape, rows).entry();
    }

    /** Allocates and fills what the kernels need for steps of {@code rows} rows; the caller closes the buffers, which {@code own} is given. */
    public static Memory memory(Stream stream, TrainStepsShape shape, int rows, Closing own) {
        return memory(stream, shape, rows, cut(stream.device(), shape, rows), own);
    }

    static Memory memory(Stream stream, TrainStepsShape shape, int rows, Cut cut, Closing own) {
        int copies = cut.form() == Form.TILES ? 2 : 1;
        long all = TrainStepsShape.all(rows);
        long parts = Math.max(
                shape.weightTiles(cut.side(), cut.chunks()), TrainStepsShape.tiles(shape.parameters(), cut.form().run));
        int[] tensors = shape.tensors();
        Memory memory = new Memory(
                shape,
                rows,
                cut,
                zeros(stream, Element.BF16, shape.packedElements(), own),
                zeros(stream, Element.BF16, shape.tapeElements(rows, cut.form()), own),
                zeros(stream, Element.F32, copies * all * (TrainStepsShape.MOST_COORDINATES + 1), own),
                zeros(stream, Element.F64, all / cut.side() + 4 * parts, own),
                zeros(stream, Element.F32, cut.chunks() * stride(shape), own),
                zeros(stream, Element.I32, shape.places().length, own),
                zeros(stream, Element.I32, tensors.length, own),
                zeros(stream, Element.F64, (long) SCALARS * MOST_STEPS, own));
        stream.upload(shape.places(), 0, memory.places, 0, shape.places().length);
        stream.upload(tensors, 0, memory.tensors, 0, tensors.length);
        stream.synchronize();
        return memory;
    }

    private static DeviceBuffer zeros(Stream stream, Element element, long count, Closing own) {
        DeviceBuffer buffer = own.add(stream.device().allocate(element, count));
        stream.zero(buffer, 0, count);
        return buffer;
    }

    private static long stride(TrainStepsShape shape) {
        return (shape.parameters() + 3L) / 4 * 4;
    }

    /** Why the kernels cannot run on a device at all, or nothing; whatever the rows of a step. */
    public static Optional<String> refusal(Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return Optional.of("the host multiplies in f32");
        }
        int room = Form.CHAIN.room;
        return room <= device.limits().sharedBytes()
                ? Optional.empty()
                : Optional.of("a block takes " + room + " bytes of shared memory, the device has "
                        + device.limits().sharedBytes());
    }

    /**
     * The blocks that a device runs together, no more than have something to do. Moments and running mean stay in their shared memory where
     * that is large enough.
     */
    public static Blocks blocks(Device device, TrainStepsShape shape, int rows) {
        return blocks(device, shape, rows, cut(device, shape, rows), 0);
    }

    static Blocks blocks(Device device, Memory memory, int most) {
        return blocks(device, memory.shape(), memory.rows(), memory.cut(), most);
    }

    private static Blocks blocks(Device device, TrainStepsShape shape, int rows, Cut cut, int most) {
        Kernel kernel = device.kernel(cut.entry());
        int threads = cut.form().threads;
        int useful = work(shape, rows, cut);
        int wanted = most > 0 ? Math.min(most, useful) : useful;
        int alone = Math.min(wanted, device.limits().processors());
        long kept = cut.room() + 12L * slice(shape, alone);
        if (cut.form() == Form.TILES && kept <= device.limits().sharedBytes()) {
            return new Blocks(Math.min(alone, kernel.together(threads, (int) kept)), (int) kept, true);
        }
        return new Blocks(Math.min(wanted, kernel.together(threads, cut.room())), cut.room(), false);
    }

    /** Items of the phase that has most. */
    private static int work(TrainStepsShape shape, int rows, Cut cut) {
        int down = TrainStepsShape.tiles(TrainStepsShape.all(rows), cut.side());
        int rest = Math.max(shape.weightTiles(cut.side(), cut.chunks()), shape.parameters() / 2048 + 1);
        return switch (cut.form()) {
            case TILES ->
                Math.max(
                        down * TrainStepsShape.tiles(shape.wide(), cut.side()) + (int) (TrainStepsShape.all(rows) / 32),
                        rest);
            case CHAIN -> Math.max(down, rest);
            case NARROW -> cut.chunks();
        };
    }

    /** Parameters of a block. */
    private static int slice(TrainStepsShape shape, int blocks) {
        return (shape.parameters() + 4 * blocks - 1) / (4 * blocks) * 4;
    }

    /**
     * Queues steps {@code step} to {@code step + scalars.length - 1}. Leaves each step's gradient, before clipping, in the first parameters of
     * {@link Memory#partial}.
     *
     * @param rows seed, first sample of the first step, rows of a step
     * @param scalars for each step rate, 1 / (1 - b1^k), 1 / (1 - b2^k), 1 less the decay of the running mean; at most {@value #MOST_STEPS}
     * @param clip the most the gradient's norm may be; 0 for no limit
     */
    public static void run(
            Stream stream,
            RowSet rows,
            Memory memory,
            Source source,
            Learned learned,
            Blocks blocks,
            long step,
            double[][] scalars,
            double clip,
            Adam.Rule rule) {
        TrainStepsShape shape = memory.shape();
        Cut cut = memory.cut();
        if (scalars.length < 1
                || scalars.length > MOST_STEPS
                || learned.history().count() < 2L * scalars.length) {
            throw new IllegalArgumentException("steps of a launch must be 1 to " + MOST_STEPS
                    + ", and the history as long; got " + scalars.length + " and "
                    + learned.history().count() / 2);
        }
        int least = source.noising().isPresent() ? shape.inputs() : shape.inputs() + shape.outputs() + 2;
        if (source.columns().count() < shape.inputs()
                || source.rows() < 1
                || (source.rows() - 1) * source.width() + least > source.data().count()) {
            throw new IllegalArgumentException(
                    "the data must have rows, and a column for each of " + shape.inputs() + " inputs; got "
                            + source.rows() + " rows and " + source.columns().count() + " columns");
        }
        for (DeviceBuffer buffer :
                new DeviceBuffer[] {learned.weights(), learned.first(), learned.second(), learned.mean()}) {
            if (buffer.count() < shape.parameters()) {
                throw new IllegalArgumentException(
                        shape.parameters() + " parameters do not fit a buffer of " + buffer.count());
            }
        }
        double[] schedule = new double[SCALARS * scalars.length];
        for (int s = 0; s < scalars.length; s++) {
            System.arraycopy(scalars[s], 0, schedule, SCALARS * s, SCALARS);
        }
        stream.upload(schedule, 0, memory.schedule(), 0, schedule.length);
        Noising noising = source.noising().orElseGet(() -> Noising.none(source.data()));
        KernelEntry entry = cut.entry();
        Arguments arguments = new Arguments(entry);
        rows.into(arguments)
                .buffer(source.data())
                .i64(source.rows())
                .i32(Batch.bits(source.rows()))
                .i32(source.width())
                .buffer(source.columns())
                .buffer(noising.quantile())
                .i32(noising.nodes())
                .i64(noising.group())
                .buffer(noising.table().data())
                .i32(noising.table().nodes())
                .f32(noising.table().logFirst())
                .f32(noising.table().inverseSpacing())
                .buffer(learned.weights())
                .buffer(learned.first())
                .buffer(learned.second())
                .buffer(learned.mean())
                .buffer(memory.packed())
                .buffer(memory.tape())
                .buffer(memory.numbers())
                .buffer(memory.sums())
                .buffer(memory.partial())
                .i64(stride(shape))
                .buffer(memory.places())
                .buffer(memory.tensors())
                .i32((int) (memory.tensors().count() / TrainStepsShape.WORDS))
                .i32(shape.parameters())
                .buffer(learned.control())
                .buffer(memory.schedule())
                .i64(step)
                .i32(scalars.length)
                .buffer(learned.history())
                .i32((int) (learned.history().count() / 2))
                .i32(shape.inputs())
                .i32(shape.outputs())
                .i32(shape.features())
                .i32(shape.width())
                .i32(shape.depth())
                .i32(shape.activation().code())
                .i32(shape.residual() ? 1 : 0)
                .i64(cut.chunk())
                .i32(cut.chunks())
                .i32(blocks.held() ? 1 : 0)
                .f64(clip)
                .f32((float) (1 - rule.beta1()))
                .f32((float) (1 - rule.beta2()))
                .f32((float) rule.epsilon())
                .f32((float) rule.decay());
        stream.launchTogether(
                stream.device().kernel(entry),
                LaunchShape.blocks(blocks.count(), 1, cut.form().threads, blocks.sharedBytes()),
                arguments);
    }
}
