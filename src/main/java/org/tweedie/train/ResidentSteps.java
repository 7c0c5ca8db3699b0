package org.tweedie.train;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
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
    private final ResidentRows from;
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
            return Optional.of("pairs of a process of matrices are products with those of their times");
        }
        if (objective.learns().size() != 1 || !(objective.learns().get(0) instanceof MlpNetwork mlp)) {
            return Optional.of("the network is no multilayer perceptron");
        }
        boolean denoises = objective instanceof Regression regression
                && regression.denoising().isPresent();
        if (!denoises && !(objective instanceof PairRegression)) {
            return Optional.of("the kernel makes pairs of denoising score matching, or takes those of a table, alone");
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
        TrainStepsShape shape =
                HalfMlpSteps.shape((MlpNetwork) objective.learns().get(0));
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

    /** @param from owned by this from now on */
    ResidentSteps(
            MlpNetwork network,
            TrainSpec spec,
            ResidentRows from,
            Learner learner,
            DeviceBuffer control,
            DeviceBuffer history,
            Stream stream) {
        this.spec = spec;
        this.from = owned.add(from);
        Device device = stream.device();
        TrainStepsShape shape = HalfMlpSteps.shape(network);
        try {
            rows = owned.add(RowSet.on(device));
            memory = TrainSteps.memory(stream, shape, spec.batch(), owned);
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

    @Override
    public String products() {
        return "bf16 in steps";
    }

    @Override
    public String how() {
        return "bf16: " + memory.cut().entry().name() + " for steps many a launch; " + text(blocks);
    }

    @Override
    public int atOnce(long first) {
        return (int) Math.min(atOnce, from.served(first) - first + 1);
    }

    @Override
    public int look() {
        return 1;
    }

    @Override
    public void queue(Stream stream, long first, int count) {
        from.prepare(stream, first);
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
        TrainSteps.run(stream, rows, memory, from.source(), learned, blocks, first, scalars, spec.clip(), spec.rule());
    }

    @Override
    public void follow(Stream stream, Objective objective) {
        from.follow(stream, objective);
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
