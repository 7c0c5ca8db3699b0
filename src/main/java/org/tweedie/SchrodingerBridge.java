package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tweedie.bridge.BridgeFitting;
import org.tweedie.bridge.BridgeFlow;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeProcess;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.BridgeWalk;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.Reference;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.plan.Plan;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Method;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import org.tweedie.train.TrainResult;
import org.tweedie.train.Trainer;

/**
 * A Schrödinger bridge: the process nearest to a reference, in KL, among those that start as rows of one set and end as rows of another, or as
 * normals (De Bortoli, Thornton, Heng and Doucet, "Diffusion Schrödinger bridge", NeurIPS 2021, arXiv 2106.01357). Both ways are samplers:
 *
 * <pre>{@code
 * try (SchrodingerBridge bridge = SchrodingerBridge.fit(quakes, volcanoes, Reference.brownian(), spec, device)) {
 *     Samples made = bridge.forward().sample(1000, 7);                           // from rows of the first set, drawn at random
 *     Samples moved = bridge.forward().given("start", rows, 2).sample(1, 7);     // from the caller's
 *     Samples back = bridge.backward().sample(1000, 7);
 * }
 * }</pre>
 *
 * <p>Any number of threads may sample at once; closing waits for them.
 */
public final class SchrodingerBridge implements Bridge {
    private final FittedHalves fitted;
    private final Normaliser encoding;
    private final Dataset from;
    private final Optional<Dataset> to;
    private final SharedUse use;

    /**
     * @param encoding from rows to the units of the chains
     * @param from rows of the first end, encoded
     * @param to those of the second; nothing for the normal law
     */
    SchrodingerBridge(FittedHalves fitted, Normaliser encoding, Dataset from, Optional<Dataset> to) {
        this.fitted = fitted;
        this.encoding = encoding;
        this.from = from;
        this.to = to;
        this.use = new SharedUse("this bridge", fitted.owned()::close);
    }

    /**
     * Fits a bridge between two sets.
     *
     * @throws IllegalArgumentException if the sets have different columns, or conditions, or the steps cannot reach from one to the other; says what would do
     */
    public static SchrodingerBridge fit(Dataset from, Dataset to, Reference reference, BridgeSpec spec, Device device) {
        return unkept(from, Optional.of(to), reference, spec, device);
    }

    /** Fits a bridge between a set and the normal law of its columns' means and deviations: generation from noise in few steps. */
    public static SchrodingerBridge fitToNormal(Dataset from, Reference reference, BridgeSpec spec, Device device) {
        return unkept(from, Optional.empty(), reference, spec, device);
    }

    private static SchrodingerBridge unkept(
            Dataset from, Optional<Dataset> to, Reference reference, BridgeSpec spec, Device device) {
        try {
            return fit(from, to, reference, spec, device, BridgeListener.NONE, new CancelToken(), null, false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Fits a bridge with checkpoints. Where it is cancelled or not finite, {@link #result} says so, and the bridge walks by what was fitted.
     *
     * @param to the second set, or nothing for the normal law
     * @param cancel finishes the step of training, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     * @throws IllegalArgumentException as {@link #fit(Dataset, Dataset, Reference, BridgeSpec, Device)}, or if the checkpoint is of other rows or settings
     */
    public static SchrodingerBridge fit(
            Dataset from,
            Optional<Dataset> to,
            Reference reference,
            BridgeSpec spec,
            Device device,
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        BridgeEnds ends = BridgeEnds.of(from, to, reference, spec);
        Checkpoint newest = Resumption.newest(checkpoints, resume).orElse(null);
        BridgeFitting fitting = ends.fitting(spec, device);
        try {
            TrainResult result = fitting.run(listener, cancel, checkpoints, newest);
            FittedHalves fitted = FittedHalves.of(
                    ends.process(), fitting, spec, result, FittedHalves.provenance(from, to, spec, device), device);
            return new SchrodingerBridge(fitted, ends.encoding(), ends.from(), ends.to());
        } catch (IOException | RuntimeException | Error e) {
            fitting.close();
            throw e;
        }
    }

    /**
     * What fitting would take, from a few steps that are run; nothing is kept.
     *
     * @throws IllegalArgumentException as {@link #fit(Dataset, Dataset, Reference, BridgeSpec, Device)}
     */
    public static Trainer.Estimate estimate(
            Dataset from, Optional<Dataset> to, Reference reference, BridgeSpec spec, Device device) {
        try (BridgeFitting fitting = BridgeEnds.of(from, to, reference, spec).fitting(spec, device)) {
            return fitting.estimate();
        }
    }

    /**
     * Reads a bridge file onto a device. It walks to the bits of the one that was saved.
     *
     * @throws org.tweedie.io.MalformedFileException if the file is damaged, or holds something else, such as a score model; says what
     */
    public static SchrodingerBridge load(Path file, Device device) throws IOException {
        return load(file, ReadLimits.defaults(), device);
    }

    /** Reads a bridge file within limits. */
    public static SchrodingerBridge load(Path file, ReadLimits limits, Device device) throws IOException {
        return JoinedFile.read(file, limits, device);
    }

    /** Whether a file, which must be one of safetensors, is such a bridge's, and no model's or conditional bridge's. */
    public static boolean holds(Path file) throws IOException {
        return SealedFile.of(file, ReadLimits.defaults()).equals(Optional.of(SealedFile.BRIDGE));
    }

    @Override
    public void save(Output output) throws IOException {
        fitted.requireFinished();
        use.reading(() -> {
            JoinedFile.write(output, fitted, encoding, from, to);
            return output;
        });
    }

    /** From the first end to the second. Rows start from those given as {@code start}, else from rows of the first set drawn at random. */
    public Sampler forward() {
        return sampler(Direction.FORWARD);
    }

    /** From the second end to the first. Rows start from those given as {@code start}, else from rows of the second set, or normals. */
    public Sampler backward() {
        return sampler(Direction.BACKWARD);
    }

    private Sampler sampler(Direction direction) {
        use.requireOpen();
        fitted.require(direction);
        BridgeWalk walk = new BridgeWalk(direction, Optional.of(fitted.matching()));
        return new Sampler(new Walking(direction, walk), walk).grid(walk.grid(fitted.process()));
    }

    /**
     * The probability flow of a direction ({@link BridgeFlow}): rows move without noise, by the drifts of both ways, and a row that goes there and back ends where it began,
     * but for the error of the steps. Rows start as those of {@link #way}; where the second end is normal, {@code steer(new GivenStart())} makes the flow backward start from the
     * caller's too. {@link Sampler#steps} takes other steps than the bridge's own.
     */
    public Sampler flow(Direction direction) {
        use.requireOpen();
        fitted.require(Direction.values());
        BridgeFlow flow = new BridgeFlow(direction, fitted.matching());
        return new Sampler(new Flowing(direction), flow)
                .grid(flow.grid(fitted.process(), fitted.process().sizes().count()));
    }

    /**
     * Log-densities of rows of the first end under this bridge's flow to the normal law, in the units of the data.
     *
     * @throws IllegalStateException if the second end is rows, whose density nobody knows
     */
    public Likelihood likelihood() {
        use.requireOpen();
        fitted.require(Direction.values());
        if (!fitted.process().normal()) {
            throw new IllegalStateException(
                    "densities need an end whose density is known, and this bridge joins two sets of rows; "
                            + "fit the rows to the normal law, by fitToNormal or --to normal");
        }
        return new Likelihood(new Flowing(Direction.FORWARD));
    }

    /** The way of a direction, as {@link #forward} or {@link #backward}. */
    public Sampler way(Direction direction) {
        return direction == Direction.FORWARD ? forward() : backward();
    }

    /** Names of the columns that a way ends in; the other way starts in them. */
    public List<String> columns(Direction direction) {
        return (direction == Direction.FORWARD ? to.orElse(from) : from).columns();
    }

    @Override
    public List<HalfBridge> halves() {
        return fitted.done();
    }

    @Override
    public Optional<TrainResult> result() {
        return fitted.result();
    }

    /** The chains, in the units of the encoded rows. */
    @Override
    public BridgeProcess process() {
        return fitted.process();
    }

    /** The way from rows to the units of the chains. */
    public Normaliser encoding() {
        return encoding;
    }

    @Override
    public Map<String, String> provenance() {
        return Collections.unmodifiableMap(fitted.provenance());
    }

    @Override
    public void close() {
        use.close();
    }

    /** What walks and flows share. */
    private abstract class Source implements Sampler.Source {
        private final Direction direction;

        Source(Direction direction) {
            this.direction = direction;
        }

        @Override
        public Device device() {
            return fitted.device();
        }

        @Override
        public List<String> columns() {
            return SchrodingerBridge.this.columns(direction);
        }

        @Override
        public Program program(Method method, TimeGrid grid, List<Guide> guides) {
            Plan plan = fitted.guided(method.plan(fitted.process(), grid), guides);
            Map<String, Field> fields = new HashMap<>();
            fitted.networks().forEach((way, network) -> fields.put(way.spec(), network));
            fields.keySet().retainAll(plan.fields());
            return Program.of(plan, fields);
        }

        @Override
        public GivenRows encodeGiven(String name, GivenRows rows) {
            if (rows.width() != encoding.width()) {
                return rows;
            }
            float[] encoded = new float[rows.values().length];
            encoding.encode(rows.values(), encoded, rows.rows());
            return new GivenRows(encoded, rows.width());
        }

        /** Where no rows are given, those of the set; already encoded. */
        @Override
        public Map<String, GivenRows> encoded(Map<String, GivenRows> given) {
            Map<String, GivenRows> encoded = new LinkedHashMap<>(Sampler.Source.super.encoded(given));
            (direction == Direction.FORWARD ? Optional.of(from) : to)
                    .ifPresent(rows ->
                            encoded.putIfAbsent(BridgeWalk.START, GivenRows.drawn(rows.values(), rows.width())));
            return encoded;
        }

        @Override
        public void decode(String register, float[] rows) {
            if (register.equals(Dataset.X)) {
                encoding.decode(rows, rows, rows.length / encoding.width());
            }
        }

        @Override
        public <T> T whileOpen(Supplier<T> work) {
            return use.reading(work::get);
        }
    }

    private final class Walking extends Source {
        private final BridgeWalk walk;

        Walking(Direction direction, BridgeWalk walk) {
            super(direction);
            this.walk = walk;
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            fitted.requireSteps(steps);
            return walk.grid(fitted.process());
        }
    }

    private final class Flowing extends Source implements BridgeFlowSource {
        private final BridgeFlow flow;

        Flowing(Direction direction) {
            super(direction);
            flow = new BridgeFlow(direction, fitted.matching());
        }

        @Override
        public FittedHalves fitted() {
            return fitted;
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            return flow.grid(fitted.process(), steps);
        }

        @Override
        public double logDeterminant(float[] row, int index, Map<String, GivenRows> given) {
            return encoding.logDeterminant(row);
        }
    }
}
