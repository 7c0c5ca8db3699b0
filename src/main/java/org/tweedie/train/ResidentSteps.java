package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Adam;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TrainSteps;
import org.tweedie.kernels.TrainStepsShape;
import org.tweedie.score.HalfMlpSteps;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Signature;

/** Many steps a launch: the kernel stays, the data set with it. A launch takes a tenth of a second, so that it can be cancelled. */
final class ResidentSteps implements Steps {
    private static final double LAUNCH_SECONDS = 0.1;
    private static final int FIRST_LAUNCH = 8;

    /** Up to so wide, more than a few rows a step take less in three kernels than in a chain of tiles. */
    private static final int NARROW = 128;

    private final TrainSpec spec;
    private final Closing owned = new Closing();
    private final RowSet rows;
    private final TrainSteps.Memory memory;
    private final PairTables tables;
    private final TrainSteps.Source source;
    private final TrainSteps.Learned learned;
    private final TrainSteps.Blocks blocks;
    private int atOnce = FIRST_LAUNCH;
    private int queued;
    private long began;

    /** Why training does not go so, or nothing. Depends on network, rows of a step and the device's kind and shared memory alone. */
    static Optional<String> refusal(Objective objective, TrainSpec spec, Device device) {
        if (spec.precision().equals(Optional.of(Precision.F32))) {
            return Optional.of("products of f32 are asked for");
        }
        if (objective instanceof FlexibleMatching) {
            return Optional.of("pairs of a process of matrices are made on the host");
        }
        if (!(objective instanceof Regression regression) || !(regression.network() instanceof MlpNetwork mlp)) {
            return Optional.of("the network is no multilayer perceptron");
        }
        if (regression.denoising().isEmpty()) {
            return Optional.of("the kernel makes pairs of denoising score matching alone");
        }
        Optional<String> refusal = HalfMlpSteps.refusal(mlp, device);
        if (refusal.isPresent() || mlp.architecture().width() > NARROW || spec.batch() <= TrainSteps.FEW_ROWS) {
            return refusal;
        }
        return TrainSteps.narrowRefusal(device, HalfMlpSteps.shape(mlp))
                .map(why -> "steps of more than " + TrainSteps.FEW_ROWS + " rows through a network up to " + NARROW
                        + " wide take three kernels each, and not " + TrainSteps.NARROW.name() + ": " + why);
    }

    /** What runs, or why not. */
    static String explain(Objective objective, TrainSpec spec, Device device) {
        Optional<String> refusal = refusal(objective, spec, device);
        if (refusal.isPresent()) {
            return "declined: " + refusal.get();
        }
        TrainStepsShape shape = HalfMlpSteps.shape((MlpNetwork) ((Regression) objective).network());
        TrainSteps.Blocks blocks = TrainSteps.blocks(device, shape, spec.batch());
        return "taken: " + name(device, TrainSteps.entry(device, shape, spec.batch())) + ", " + text(blocks);
    }

    private static String name(Device device, KernelEntry entry) {
        Kernel kernel = device.kernel(entry);
        return kernel.entry().name() + " with " + kernel.resources().registers() + " registers";
    }

    private static String text(TrainSteps.Blocks blocks) {
        return blocks.count() + " blocks that wait for each other, " + blocks.sharedBytes()
                + " bytes of shared memory each" + (blocks.held() ? ", moments in it" : "");
    }

    ResidentSteps(
            Regression regression,
            TrainSpec spec,
            Dataset data,
            DeviceBuffer table,
            Learner learner,
            DeviceBuffer control,
            DeviceBuffer history,
            Stream stream) {
        this.spec = spec;
        Device device = stream.device();
        MlpNetwork network = (MlpNetwork) regression.network();
        TrainStepsShape shape = HalfMlpSteps.shape(network);
        try {
            rows = owned.add(RowSet.on(device));
            memory = TrainSteps.memory(stream, shape, spec.batch(), owned);
            int[] columns = columns(network, data);
            DeviceBuffer columnTable = owned.add(device.allocate(Element.I32, columns.length));
            stream.upload(columns, 0, columnTable, 0, columns.length);
            DenoisingScoreMatching matching = regression.denoising().orElseThrow();
            tables = owned.add(new PairTables(matching, device));
            source = new TrainSteps.Source(
                    table,
                    data.rows(),
                    data.width(),
                    columnTable,
                    tables.quantile(),
                    tables.nodes(),
                    matching.group(),
                    tables.table());
            learned = new TrainSteps.Learned(
                    learner.weights().values(),
                    learner.first(),
                    learner.second(),
                    learner.mean().values(),
                    control,
                    history);
            blocks = TrainSteps.blocks(device, shape, spec.batch());
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static int[] columns(MlpNetwork network, Dataset data) {
        List<Integer> columns = new ArrayList<>();
        for (Signature.Port port : network.signature().from()) {
            int first = data.offset(columns.isEmpty() ? Dataset.X : port.name());
            for (int d = 0; d < port.space().width(); d++) {
                columns.add(first + d);
            }
        }
        return columns.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public String products() {
        return "bf16 in steps";
    }

    @Override
    public String how() {
        return "bf16: " + memory.cut().entry().name() + " for steps many a launch; " + text(blocks);
    }

    @Override
    public int atOnce() {
        return atOnce;
    }

    @Override
    public int look() {
        return 1;
    }

    @Override
    public void queue(Stream stream, long first, int count) {
        began = System.nanoTime();
        queued = count;
        rows.assign(stream, spec.seed(), (first - 1) * spec.batch(), spec.batch());
        double[][] scalars = new double[count][];
        for (int i = 0; i < count; i++) {
            long k = first + i;
            scalars[i] = new double[] {
                spec.rate(k),
                Adam.correction(spec.rule().beta1(), k),
                Adam.correction(spec.rule().beta2(), k),
                spec.towards(k)
            };
        }
        TrainSteps.run(stream, rows, memory, source, learned, blocks, first, scalars, spec.clip(), spec.rule());
    }

    @Override
    public void follow(Stream stream, Objective objective) {
        tables.follow(stream, ((Regression) objective).denoising().orElseThrow());
    }

    @Override
    public void waited() {
        double seconds = Math.max(1e-9, (System.nanoTime() - began) / 1e9);
        double fit = queued * LAUNCH_SECONDS / seconds;
        atOnce = (int) Math.max(1, Math.min(TrainSteps.MOST_STEPS, Math.min(8.0 * atOnce, fit)));
    }

    @Override
    public void close() {
        owned.close();
    }
}
