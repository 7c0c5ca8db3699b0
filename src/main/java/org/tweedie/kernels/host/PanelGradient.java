package org.tweedie.kernels.host;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.device.Arguments;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.SumChunks;
import org.tweedie.kernels.View;

/**
 * The gradient of a squared loss of a multilayer perceptron, on the host device. Threads take tiles of rows, each of which goes
 * through features, layers, loss and back while it is in cache; then they take blocks of the weights through all of those rows,
 * chunk by chunk ({@link SumChunks}). Rows go in waves, so that memory does not grow with the batch. The bits are those of the layers
 * one by one. For one thread at a time; the launches themselves spread over the device's threads.
 */
public final class PanelGradient implements AutoCloseable {
    /** Rows of a wave for each thread: about what its second cache holds of a network 128 wide. */
    private static final int WAVE = 256;
    /** Elements that a wave may keep; layers past this are long enough by themselves. */
    private static final long MOST_KEPT = 1 << 29;
    /** Below this, most of a panel is empty. */
    private static final int LEAST_WIDTH = 16;

    private static final LaunchShape ONE = new LaunchShape(1, 1, 1, 1, 1, 1, 0);

    /**
     * Sizes of the network, and where its tensors lie. Immutable.
     *
     * @param layers ports, widths, weights
     * @param features of the time, twice as many as frequencies, which lie first and are not trained
     * @param timeWeights from features to each hidden layer
     * @param biases of each layer, the output's last
     */
    public record Shape(PanelMlp.Shape layers, int features, List<Long> timeWeights, List<Long> biases) {
        public Shape {
            timeWeights = List.copyOf(timeWeights);
            biases = List.copyOf(biases);
        }

        int depth() {
            return layers.depth();
        }

        /** Numbers of a row that a wave keeps. */
        private long kept() {
            long hidden = ColumnPanels.elements(1, layers.width());
            return 2 * depth() * hidden
                    + ColumnPanels.elements(1, features + 1)
                    + ColumnPanels.elements(1, layers.in(0))
                    + ColumnPanels.elements(1, layers.outputs());
        }
    }

    /** Where sums begin. */
    private static final float[] ZEROS = new float[(ColumnPanels.WIDTH + ColumnPanels.ROWS) * ColumnPanels.WIDTH];

    private final Shape shape;
    private final ColumnPanels panels = Simd.best().columns().orElseThrow();
    private final GradientLayout layout;
    private final Closing owned = new Closing();
    private final DeviceBuffer kept;
    private final DeviceBuffer packed;
    /** Of the chunk that a wave has ended in, block by block. */
    private final DeviceBuffer begun;
    /** Of the chunks before, block by block. */
    private final DeviceBuffer sums;

    private final KernelEntry pack =
            KernelEntry.of("host_gradient_pack", this::pack, Parameter.POINTER, Parameter.POINTER);
    private final KernelEntry gradient = KernelEntry.of(
            "host_gradient",
            this::gradient,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.F32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER);

    /** Why a network's gradient is not computed so, or nothing. */
    public static Optional<String> refusal(Shape shape, Device device, int rows) {
        if (Simd.best().columns().isEmpty()) {
            return Optional.of("this Java has no vectors (module jdk.incubator.vector)");
        } else if (shape.layers().width() < LEAST_WIDTH) {
            return Optional.of("a network " + shape.layers().width() + " wide leaves panels of " + ColumnPanels.WIDTH
                    + " columns mostly empty");
        }
        long wave = wave(device, rows);
        long numbers = wave * shape.kept();
        return numbers <= MOST_KEPT
                ? Optional.empty()
                : Optional.of(wave + " rows at a time would keep " + numbers + " numbers, more than " + MOST_KEPT);
    }

    /** Whole chunks where one fits; whole tiles. */
    private static long wave(Device device, int rows) {
        long chunk = SumChunks.each(rows);
        long most = (long) WAVE * device.limits().processors();
        return chunk > most ? most : Math.min(most / chunk, Math.max(1, (rows + chunk - 1) / chunk)) * chunk;
    }

    /** @throws IllegalArgumentException where {@link #refusal} has something against it */
    public PanelGradient(Shape shape, Device device, int rows) {
        refusal(shape, device, rows).ifPresent(why -> {
            throw new IllegalArgumentException("no panels: " + why);
        });
        this.shape = shape;
        layout = new GradientLayout(
                shape,
                panels,
                Math.toIntExact(wave(device, rows)),
                device.limits().processors());
        try {
            kept = owned.add(device.allocate(Element.F32, layout.kept));
            packed = owned.add(device.allocate(Element.F32, layout.packed));
            begun = owned.add(device.allocate(Element.F32, layout.sums));
            sums = owned.add(device.allocate(Element.F32, layout.sums));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    Shape shape() {
        return shape;
    }

    ColumnPanels panels() {
        return panels;
    }

    GradientLayout layout() {
        return layout;
    }

    /** What runs, for a person. */
    public String how() {
        return "tiles of " + layout.tile + " rows stay in cache through forward, loss and back, " + layout.wave
                + " rows at a time, then blocks of the weights";
    }

    /**
     * Queues the gradient of {@code scale} times the sum of {@code w |out - target|^2}, and those of each row.
     *
     * @param weights where the tensors lie
     * @param from the ports side by side
     * @param time that the network is told, 1 wide
     * @param weight w, 1 wide
     * @param into laid out as {@code weights}, overwritten
     * @param losses F32, an element a row
     */
    public void gradient(
            Stream stream,
            RowSet rows,
            DeviceBuffer weights,
            View from,
            View time,
            View target,
            View weight,
            float scale,
            DeviceBuffer into,
            DeviceBuffer losses) {
        stream.launch(
                stream.device().kernel(pack),
                ONE,
                new Arguments(pack).buffer(weights).buffer(packed));
        Arguments a = new Arguments(gradient);
        rows.into(a).buffer(weights).buffer(packed).buffer(kept);
        for (View view : List.of(from, time, target, weight)) {
            view.into(a).i32(view.stride());
        }
        stream.launch(
                stream.device().kernel(gradient),
                ONE,
                a.f32(scale).buffer(into).buffer(losses).buffer(begun).buffer(sums));
    }

    private void pack(Arguments a, Team team) {
        float[] w = a.floats(0);
        float[] into = a.floats(1);
        team.forRange(shape.depth() + 1L, 1, (from, to) -> {
            for (int l = (int) from; l < to; l++) {
                pack(w, l, into);
            }
        });
    }

    private void pack(float[] w, int l, float[] into) {
        PanelMlp.Shape layers = shape.layers();
        int in = layers.in(l);
        int width = layers.out(l);
        int at = Math.toIntExact(layers.weights().get(l));
        if (l < shape.depth()) {
            float[] ofTime = new float[(shape.features() + 1) * width]; // and a row of zeros
            System.arraycopy(w, Math.toIntExact(shape.timeWeights().get(l)), ofTime, 0, shape.features() * width);
            panels.pack(ofTime, 0, width, 1, shape.features() + 1, width, into, layout.ofTime[l]);
        }
        if (l == 0) {
            panels.pack(layers.first(w, at), 0, width, 1, in, width, into, layout.forth[0]);
        } else {
            panels.pack(w, at, width, 1, in, width, into, layout.forth[l]);
            panels.pack(w, at, 1, width, width, in, into, layout.reverse[l]);
        }
        System.arraycopy(w, Math.toIntExact(shape.biases().get(l)), into, layout.start[l], width);
        Arrays.fill(into, layout.zeros, layout.zeros + ColumnPanels.elements(1, layers.width()), 0f);
    }

    private void gradient(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        float[] packed = a.floats(2);
        float[] kept = a.floats(3);
        float[] into = a.floats(13);
        GradientTile.Rows tile = new GradientTile.Rows(
                block(a, 4),
                block(a, 6),
                block(a, 8),
                block(a, 10),
                a.floats(1),
                a.offset(1),
                a.float32(12),
                a.floats(14),
                a.offset(14));
        Arrays.fill(into, a.offset(13), a.offset(13) + shape.features() / 2, 0f); // the frequencies
        float[] begunSums = a.floats(15);
        float[] allSums = a.floats(16);
        int count = Math.toIntExact(rows.count());
        int chunk = (int) SumChunks.each(count);
        int wave = layout.wave > chunk ? layout.wave / chunk * chunk : layout.wave;
        Arrays.fill(allSums, 0f);
        for (int from = 0; from == 0 || from < count; from += wave) {
            Chunks chunks = Chunks.of(rows, from, Math.min(count, from + wave), chunk);
            int tiles = (chunks.rows() + layout.tile - 1) / layout.tile;
            team.forRange(tiles, 1, (first, last) -> {
                for (int i = (int) first; i < last; i++) {
                    int at = i * layout.tile;
                    GradientTile.mine()
                            .run(this, tile, chunks, at, Math.min(layout.tile, chunks.rows() - at), kept, packed);
                }
            });
            team.forRange(layout.blocks.length, 1, (first, last) -> {
                for (int i = (int) first; i < last; i++) {
                    block(layout.blocks[i], chunks, kept, begunSums, allSums);
                }
            });
        }
        for (GradientLayout.Block block : layout.blocks) {
            for (int i = 0; i < block.height(); i++) {
                System.arraycopy(
                        allSums,
                        block.sums() + i * panels.slice(),
                        into,
                        a.offset(13) + block.into() + i * block.right().width(),
                        block.width());
            }
        }
    }

    private static Simd.Block block(Arguments a, int i) {
        return new Simd.Block(a.floats(i), a.offset(i), a.int32(i + 1));
    }

    private void block(GradientLayout.Block block, Chunks chunks, float[] kept, float[] begun, float[] all) {
        int at = block.sums();
        for (int c = 0; c < chunks.count(); c++) {
            int first = chunks.first(c);
            int some = chunks.first(c + 1) - first;
            int right = layout.at(block.right(), first, block.slice());
            float[] from = chunks.opens(c) ? ZEROS : begun;
            float[] base = chunks.closes(c) ? all : ZEROS;
            ColumnPanels.Sums sums = new ColumnPanels.Sums(
                    from, from == ZEROS ? 0 : at, base, base == ZEROS ? 0 : at, chunks.closes(c) ? all : begun, at);
            if (block.in() == 0) {
                panels.down(some, kept, right, block.width(), sums);
            } else {
                int left = layout.at(block.left(), first, block.from());
                panels.across(some, kept, left, block.in(), kept, right, block.width(), sums);
            }
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
