package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.BridgeErrorReport;
import org.tweedie.bridge.domain.DomainBridge;
import org.tweedie.bridge.domain.DomainField;
import org.tweedie.bridge.domain.DomainFitting;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.bridge.domain.DomainWalk;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.plan.Plan;
import org.tweedie.score.Architecture;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.sde.Method;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
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
    private final Parts parts;
    private final TimeGrid grid;
    private final Network network;
    private final Optional<Dataset> encoded;
    private final Optional<TrainResult> result;
    private final SharedUse use;

    /**
     * All of a model but its network's weights.
     *
     * @param domain in the units of the data
     * @param bridge in those of the encoded rows, with the weights of points
     * @param steps of a walk
     * @param provenance how it was made
     */
    record Parts(
            BridgeDomain domain,
            DomainBridge bridge,
            int steps,
            Architecture network,
            Normaliser encoding,
            List<String> columns,
            Map<String, String> provenance) {}

    /**
     * @param encoded the rows that it was fitted to, if they are at hand
     * @param result how the training ended, if it was trained here
     */
    BridgeModel(Parts parts, Network network, Optional<Dataset> encoded, Optional<TrainResult> result, Device device) {
        this.parts = parts;
        this.grid = parts.bridge().grid(parts.steps());
        this.network = network;
        this.encoded = encoded;
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
        DomainRows rows = DomainRows.of(data, domain, spec);
        Checkpoint newest = Resumption.newest(checkpoints, resume).orElse(null);
        DomainFitting fitting = rows.fitting(spec, device);
        try {
            TrainResult result = fitting.run(listener, cancel, checkpoints, newest);
            Parts parts = new Parts(
                    domain,
                    rows.bridge(),
                    spec.steps(),
                    spec.network(),
                    rows.encoding(),
                    data.columns(),
                    provenance(data, spec, device));
            return new BridgeModel(parts, fitting.network(), Optional.of(rows.encoded()), Optional.of(result), device);
        } catch (IOException | RuntimeException | Error e) {
            fitting.close();
            throw e;
        }
    }

    /**
     * What fitting would take, from a few steps that are run; nothing is kept.
     *
     * @throws IllegalArgumentException as {@link #fit(Dataset, BridgeDomain, DomainSpec, Device)}
     */
    public static Trainer.Estimate estimate(Dataset data, BridgeDomain domain, DomainSpec spec, Device device) {
        try (DomainFitting fitting = DomainRows.of(data, domain, spec).fitting(spec, device)) {
            return fitting.estimate();
        }
    }

    private static Map<String, String> provenance(Dataset data, DomainSpec spec, Device device) {
        Map<String, String> made = new TreeMap<>();
        made.put("seed", Long.toString(spec.training().seed()));
        made.put("data", data.hash());
        made.put("settings", spec.training().settings());
        made.put("cache", spec.walks() + " walks every " + spec.refreshEvery());
        made.put("shares", Boolean.toString(spec.shared()));
        made.put("device", device.name());
        made.put("tweedie", Tweedie.version());
        return made;
    }

    /**
     * Reads the file of a model onto a device. It samples the bits of the one that was saved.
     *
     * @throws org.tweedie.io.MalformedFileException if the file is damaged, or holds something else, such as a score model; says what
     */
    public static BridgeModel load(Path file, Device device) throws IOException {
        return load(file, ReadLimits.defaults(), device);
    }

    /** Reads the file of a model within limits. */
    public static BridgeModel load(Path file, ReadLimits limits, Device device) throws IOException {
        return BridgeModelFile.read(file, limits, device);
    }

    /** Writes the model's file, in which there are no rows. The file must not exist. */
    public void save(Path file) throws IOException {
        save(Output.to(file));
    }

    /**
     * Writes the model's file.
     *
     * @throws IllegalStateException if training was stopped, or came to numbers that are not finite; its checkpoints hold what there is
     */
    public void save(Output output) throws IOException {
        if (result.isPresent() && result.get().outcome() != TrainResult.Outcome.FINISHED) {
            throw new IllegalStateException("a bridge into a domain is saved when its training is done; "
                    + result.get().message());
        }
        use.reading(() -> {
            BridgeModelFile.write(output, parts, network, device);
            return output;
        });
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
     * What keeps generated rows from the data that the model was fitted to.
     *
     * @param paths bridges to average over; a few hundred
     * @throws IllegalStateException if the model was loaded: its file holds no rows
     */
    public BridgeErrorReport report(int paths, long seed) {
        return reported(
                encoded.orElseThrow(() -> new IllegalStateException(
                        "the file of a bridge into a domain holds no rows; give those to report on")),
                paths,
                seed);
    }

    /**
     * What keeps generated rows from these.
     *
     * @param data in the domain, in its own units
     * @param paths bridges to average over; a few hundred
     * @throws IllegalArgumentException if the rows have another width, or one is outside the domain, which is named
     */
    public BridgeErrorReport report(Dataset data, int paths, long seed) {
        DomainRows.requireInside(data, parts.domain());
        return reported(data.encoded(Map.of(Dataset.X, parts.encoding())), paths, seed);
    }

    private BridgeErrorReport reported(Dataset rows, int paths, long seed) {
        return use.reading(() -> BridgeErrorReport.of(parts.bridge(), grid, network, rows, paths, seed, device));
    }

    /** How the training ended; nothing for a model that was loaded. */
    public Optional<TrainResult> result() {
        return result;
    }

    /** Where rows are, in the units of the data. */
    public BridgeDomain domain() {
        return parts.domain();
    }

    /** Names of the columns. */
    public List<String> columns() {
        return parts.columns();
    }

    /** Steps of a walk. */
    public int steps() {
        return parts.steps();
    }

    /** The bridges, in the units of the encoded rows. */
    public DomainBridge bridge() {
        return parts.bridge();
    }

    /** The way from rows to the units of the bridges. */
    public Normaliser encoding() {
        return parts.encoding();
    }

    /** How the model was made: seed, hash of the rows, settings. */
    public Map<String, String> provenance() {
        return Collections.unmodifiableMap(parts.provenance());
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
            return parts.columns();
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
            Plan plan = method.plan(parts.bridge(), times);
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
                            new DomainField(
                                    parts.bridge().base(), parts.bridge().domain()),
                            DomainWalk.DRIFT,
                            network));
        }

        @Override
        public GivenRows encodeGiven(String name, GivenRows rows) {
            return rows;
        }

        @Override
        public void decode(String register, float[] rows) {
            Normaliser encoding = parts.encoding();
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
                double[] nearest = parts.domain().nearest(row);
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
