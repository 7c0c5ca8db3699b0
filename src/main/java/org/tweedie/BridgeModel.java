package org.tweedie;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.BridgeErrorReport;
import org.tweedie.bridge.domain.DomainBridge;
import org.tweedie.bridge.domain.DomainField;
import org.tweedie.bridge.domain.DomainPairs;
import org.tweedie.bridge.domain.DomainPart;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.bridge.domain.DomainWalk;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Method;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import org.tweedie.train.PairRegression;
import org.tweedie.train.TraceFeed;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * A generator of rows in a domain: levels, categories, intervals, mixed. A diffusion from a fixed start, learned from bridges to the rows of data, and pulled into the domain
 * whatever its network adds (Liu, Wu, Ye and Liu, "Learning diffusion bridges on constrained domains", ICLR 2023; arXiv 2208.14699):
 *
 * <pre>{@code
 * BridgeDomain domain = BridgeDomain.product(BridgeDomain.finite(0, 1, 2), BridgeDomain.interval(0, 1));
 * try (BridgeModel model = BridgeModel.fit(data, domain, DomainSpec.of(), device)) {
 *     float[] rows = model.sample(1000, 7).rows();   // every row in the domain
 * }
 * }</pre>
 *
 * <p>Any number of threads may sample at once; closing waits for them.
 */
public final class BridgeModel implements AutoCloseable {
    private final Device device;
    private final BridgeDomain domain;
    private final DomainBridge bridge;
    private final TimeGrid grid;
    private final Normaliser encoding;
    private final Dataset encoded;
    private final Network network;
    private final TrainResult result;
    private final SharedUse use;

    private BridgeModel(
            BridgeDomain domain,
            DomainBridge bridge,
            TimeGrid grid,
            Normaliser encoding,
            Dataset encoded,
            Network network,
            TrainResult result,
            Device device) {
        this.domain = domain;
        this.bridge = bridge;
        this.grid = grid;
        this.encoding = encoding;
        this.encoded = encoded;
        this.network = network;
        this.result = result;
        this.device = device;
        DeviceBuffer weights = network.parameters().values();
        this.use = new SharedUse("this bridge", weights::close);
    }

    /**
     * Fits a model.
     *
     * @throws IllegalArgumentException if the domain has another width than the rows, or a row is outside it, which is named; or the rows have conditions
     */
    public static BridgeModel fit(Dataset data, BridgeDomain domain, DomainSpec spec, Device device) {
        try {
            return fit(data, domain, spec, device, TrainListener.NONE, new CancelToken(), null, false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Fits a model with checkpoints. Where it is cancelled or not finite, {@link #result} says so, and the model walks by what was learned.
     *
     * @param cancel finishes the step of training, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     * @throws IllegalArgumentException as {@link #fit(Dataset, BridgeDomain, DomainSpec, Device)}, or if the checkpoint is of other rows or settings
     */
    public static BridgeModel fit(
            Dataset data,
            BridgeDomain domain,
            DomainSpec spec,
            Device device,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        requireInside(data, domain);
        Normaliser encoding = encoding(data, domain, spec);
        Dataset encoded = data.encoded(Map.of(Dataset.X, encoding));
        BridgeDomain mapped = domain.mapped(encoding.means(), encoding.scales());
        DomainBridge bridge =
                new DomainBridge(spec.base(), spec.shared() ? mapped.sharing(spec.base(), encoded.values()) : mapped);
        TimeGrid grid = bridge.grid(spec.steps());
        Network network = spec.network()
                .create(
                        Signature.over(
                                domain.width(), new Signature.Port(DomainWalk.END, Space.euclidean(domain.width()))),
                        Prediction.VELOCITY,
                        spec.training().seed(),
                        device);
        try {
            TrainResult result =
                    train(network, bridge, grid, encoded, spec, device, listener, cancel, checkpoints, resume);
            return new BridgeModel(domain, bridge, grid, encoding, encoded, network, result, device);
        } catch (IOException | RuntimeException | Error e) {
            network.parameters().values().close();
            throw e;
        }
    }

    private static TrainResult train(
            Network network,
            DomainBridge bridge,
            TimeGrid grid,
            Dataset encoded,
            DomainSpec spec,
            Device device,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        Checkpoint newest = Resumption.newest(checkpoints, resume).orElse(null);
        TrainSpec training = newest == null ? spec.training() : Trainer.resumed(spec.training(), newest);
        float[] weights = new float[grid.steps()];
        float[] times = new float[grid.steps()];
        for (int j = 0; j < grid.steps(); j++) {
            weights[j] = 1;
            times[j] = (float) grid.t(j);
        }
        DomainField pull = new DomainField(bridge.base(), bridge.domain());
        Program pairs = Program.of(new DomainPairs(bridge, grid).plan(), Map.of(DomainWalk.DOMAIN, pull));
        TraceFeed.Source rows = new TraceFeed.Source(
                pairs, Optional.of(encoded), weights, times, spec.walks(), spec.refreshEvery(), training.seed());
        String known = bridge.spec() + (spec.shared() ? " shared " : " ") + spec.steps() + " steps " + spec.walks()
                + " walks every " + spec.refreshEvery() + " seed " + training.seed();
        try (Trainer trainer = Trainer.open(new PairRegression(network, known), rows, training, device)) {
            if (newest != null) {
                trainer.restore(newest);
            }
            TrainResult result = trainer.run(listener, cancel, checkpoints);
            trainer.copyMean(0, network.parameters().values());
            return result;
        }
    }

    private static void requireInside(Dataset data, BridgeDomain domain) {
        if (data.ports().size() != 1) {
            throw new IllegalArgumentException(
                    "a bridge into a domain has rows without conditions, got " + data.ports());
        }
        int width = data.width();
        if (width != domain.width()) {
            throw new IllegalArgumentException("the domain is " + domain.width() + " wide, the rows " + width + ": "
                    + data.columns() + "; give each column its factor");
        }
        double[] row = new double[width];
        for (int r = 0; r < data.rows(); r++) {
            for (int d = 0; d < width; d++) {
                row[d] = data.values()[r * width + d];
            }
            double[] nearest = domain.nearest(row);
            for (int d = 0; d < width; d++) {
                if ((float) nearest[d] != data.values()[r * width + d]) {
                    throw new IllegalArgumentException("row " + (r + 1) + ", column '"
                            + data.columns().get(d) + "' is " + Spelling.number(data.values()[r * width + d])
                            + ", outside the domain, whose nearest point has "
                            + Spelling.number((float) nearest[d]) + "; leave such rows out or widen the domain");
                }
            }
        }
    }

    private static Normaliser encoding(Dataset data, BridgeDomain domain, DomainSpec spec) {
        int width = data.width();
        double[] means = new double[width];
        double[] scales = new double[width];
        Arrays.fill(scales, 1);
        if (spec.standardise()) {
            Normaliser fitted = Normaliser.fit(data, Dataset.X).normaliser();
            int at = 0;
            for (DomainPart part : domain.parts()) {
                boolean alone = part.width() == 1 || part instanceof DomainPart.Free;
                for (int d = at; alone && d < at + part.width(); d++) {
                    means[d] = fitted.means()[d];
                    scales[d] = fitted.scales()[d];
                }
                at += part.width();
            }
        }
        return new Normaliser(means, scales);
    }

    /**
     * Samples of the model along the steps that it was fitted with. Output {@code x} is rounded to the domain; {@code z} is what was rounded, and the state that a trace
     * keeps.
     */
    public Sampler sampler() {
        use.requireOpen();
        return new Sampler(new Source(), new DomainWalk(true)).grid(grid);
    }

    /** Samples 0 to {@code count - 1} of a seed. */
    public Samples sample(int count, long seed) {
        return sampler().sample(count, seed);
    }

    /** The greatest distance of a number from the domain before it was rounded, in the units of the data: of the size of the noise of the last step. */
    public static double violation(Samples samples) {
        float[] rounded = samples.rows();
        float[] came = samples.output(DomainWalk.STATE);
        double most = 0;
        for (int i = 0; i < rounded.length; i++) {
            most = Math.max(most, Math.abs((double) came[i] - rounded[i]));
        }
        return most;
    }

    /**
     * What keeps generated rows from the data.
     *
     * @param paths bridges to average over; a few hundred
     */
    public BridgeErrorReport report(int paths, long seed) {
        return use.reading(() -> BridgeErrorReport.of(bridge, grid, network, encoded, paths, seed, device));
    }

    /** How the training ended. */
    public TrainResult result() {
        return result;
    }

    /** The bridges, in the units of the encoded rows. */
    public DomainBridge bridge() {
        return bridge;
    }

    /** The way from rows to the units of the bridges. */
    public Normaliser encoding() {
        return encoding;
    }

    @Override
    public void close() {
        use.close();
    }

    private final class Source implements Sampler.Source {
        @Override
        public Device device() {
            return device;
        }

        @Override
        public List<String> columns() {
            return encoded.columns();
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            if (steps != grid.steps()) {
                throw new IllegalArgumentException("this bridge's network learned at the starts of " + grid.steps()
                        + " steps, got " + Spelling.number(steps) + "; fit one with other steps, or pass a grid");
            }
            return grid;
        }

        @Override
        public Program program(Method method, TimeGrid times, List<Guide> guides) {
            Plan plan = method.plan(bridge, times);
            for (Guide guide : guides) {
                if (!(guide instanceof Sampler.Rewrite rewrite)) {
                    throw new IllegalArgumentException("a bridge has no score that '" + guide.spec()
                            + "' could steer by; only rewrites of its plan do");
                }
                plan = rewrite.steering().steer(plan);
            }
            return Program.of(
                    plan,
                    Map.of(
                            DomainWalk.DOMAIN,
                            new DomainField(bridge.base(), bridge.domain()),
                            DomainWalk.DRIFT,
                            network));
        }

        @Override
        public GivenRows encodeGiven(String name, GivenRows rows) {
            return rows;
        }

        @Override
        public void decode(String register, float[] rows) {
            int width = encoding.width();
            encoding.decode(rows, rows, rows.length / width);
            if (!register.equals(DomainWalk.ROWS)) {
                return;
            }
            double[] row = new double[width];
            for (int at = 0; at < rows.length; at += width) {
                for (int d = 0; d < width; d++) {
                    row[d] = rows[at + d];
                }
                double[] nearest = domain.nearest(row);
                for (int d = 0; d < width; d++) {
                    rows[at + d] = (float) nearest[d];
                }
            }
        }

        @Override
        public <T> T whileOpen(Supplier<T> work) {
            return use.reading(work::get);
        }
    }
}
