package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.bridge.BridgeFitting;
import org.tweedie.bridge.BridgeFlow;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeProcess;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.BridgeWalk;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.FittedLaw;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.ThereAndBack;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.plan.Space;
import org.tweedie.sde.Method;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainResult;
import org.tweedie.train.Trainer;

/**
 * Simulates rows x given observations y in few steps: a Schrödinger bridge between p(x | y) and a normal law p_ref(x | y), for all y at once (Shi, De Bortoli,
 * Deligiannidis and Doucet, "Conditional simulation using diffusion Schrödinger bridges", UAI 2022, arXiv 2202.13460). It is fitted to pairs (x, y) alone; nobody
 * needs p(y | x).
 *
 * <pre>{@code
 * Dataset pairs = Dataset.of(rows, "x", "y").given("y", "y");
 * try (ConditionalBridge bridge = ConditionalBridge.fit(pairs, BridgeSpec.of(StepSizes.constant(20, 0.05)), device)) {
 *     Samples posterior = bridge.posterior(0.8f).sample(1000, 7);                      // x given y = 0.8
 *     Samples each = bridge.posterior().given("y", observations, 1).sample(3, 7);      // x_i given y_i
 * }
 * }</pre>
 *
 * <p>Walks go in u = (x - m(y))/s(y), so that N(m(y), diag s(y)^2) is N(0, I) for them; traces are of {@code u}. Any number of threads may sample at once; closing waits
 * for them.
 */
public final class ConditionalBridge implements Bridge {
    private final FittedHalves fitted;
    private final ConditionalUnits units;
    private final Dataset rows;
    private final SharedUse use;

    /** @param rows u and conditions, encoded */
    ConditionalBridge(FittedHalves fitted, ConditionalUnits units, Dataset rows) {
        this.fitted = fitted;
        this.units = units;
        this.rows = rows;
        this.use = new SharedUse("this bridge", fitted.owned()::close);
    }

    /**
     * Fits a bridge between rows given their conditions and one normal law, that of the means and deviations of the columns of x (N(0, I) where the spec leaves rows
     * as they are).
     *
     * @param data x, and as its other ports the observations
     * @throws IllegalArgumentException if there are no conditions
     */
    public static ConditionalBridge fit(Dataset data, BridgeSpec spec, Device device) {
        return fit(data, spec.standardise() ? ConditionalLaw.columns(data) : ConditionalLaw.standard(), spec, device);
    }

    /** Fits a bridge between rows given their conditions and a normal law that knows the conditions, such as {@link ConditionalLaw#regression}. */
    public static ConditionalBridge fit(Dataset data, ConditionalLaw law, BridgeSpec spec, Device device) {
        try {
            return fit(
                    data,
                    law,
                    Reference.ornsteinUhlenbeck(1),
                    spec,
                    device,
                    BridgeListener.NONE,
                    new CancelToken(),
                    null,
                    false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Fits a bridge with checkpoints. Where it is cancelled or not finite, {@link #result} says so, and the bridge walks by what was fitted.
     *
     * @param reference what the bridge stays near to, in the units of u
     * @param cancel finishes the step of training, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     * @throws IllegalArgumentException if there are no conditions, a deviation of the law is not positive, rows lie far from the law, or the checkpoint is of other rows or
     *     settings; says which
     */
    public static ConditionalBridge fit(
            Dataset data,
            ConditionalLaw law,
            Reference reference,
            BridgeSpec spec,
            Device device,
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        Pairs pairs = Pairs.of(data, law, reference, spec);
        Checkpoint newest = Resumption.newest(checkpoints, resume).orElse(null);
        BridgeFitting fitting = pairs.fitting(spec, device);
        try {
            TrainResult result = fitting.run(listener, cancel, checkpoints, newest);
            FittedHalves fitted = FittedHalves.of(
                    pairs.process(),
                    fitting,
                    spec,
                    result,
                    FittedHalves.provenance(data, Optional.empty(), spec, device),
                    device);
            return new ConditionalBridge(fitted, pairs.units(), pairs.rows());
        } catch (IOException | RuntimeException | Error e) {
            fitting.close();
            throw e;
        }
    }

    /**
     * What fitting would take, from a few steps that are run; nothing is kept.
     *
     * @throws IllegalArgumentException as fitting
     */
    public static Trainer.Estimate estimate(
            Dataset data, ConditionalLaw law, Reference reference, BridgeSpec spec, Device device) {
        try (BridgeFitting fitting = Pairs.of(data, law, reference, spec).fitting(spec, device)) {
            return fitting.estimate();
        }
    }

    /**
     * Pairs as the chains see them.
     *
     * @param rows u and conditions, encoded
     */
    private record Pairs(BridgeProcess process, ConditionalUnits units, Dataset rows) {
        static Pairs of(Dataset data, ConditionalLaw law, Reference reference, BridgeSpec spec) {
            ConditionalUnits units = ConditionalUnits.of(data, law, spec.standardise());
            BridgeProcess process = new BridgeProcess(reference, spec.sizes(), Space.euclidean(units.width()), true);
            return new Pairs(process, units, units.encoded(data));
        }

        BridgeFitting fitting(BridgeSpec spec, Device device) {
            return new BridgeFitting(process, rows, Optional.empty(), spec, device);
        }
    }

    /**
     * Reads the file of a conditional bridge onto a device. It walks to the bits of the one that was saved.
     *
     * @throws org.tweedie.io.MalformedFileException if the file is damaged, or holds something else, such as a bridge without conditions; says what
     */
    public static ConditionalBridge load(Path file, Device device) throws IOException {
        return load(file, ReadLimits.defaults(), device);
    }

    /** Whether a file, which must be one of safetensors, is a conditional bridge's. */
    public static boolean holds(Path file) throws IOException {
        return SealedFile.of(file, ReadLimits.defaults()).equals(Optional.of(SealedFile.CONDITIONAL_BRIDGE));
    }

    /** Reads the file of a conditional bridge within limits. */
    public static ConditionalBridge load(Path file, ReadLimits limits, Device device) throws IOException {
        return ConditionalFile.read(file, limits, device);
    }

    /**
     * Writes the bridge file: both networks, the law, and the pairs, which walks start from.
     *
     * @throws IllegalStateException if fitting was stopped, or came to numbers that are not finite; its checkpoints hold what there is
     * @throws IllegalArgumentException if the law is one of the caller's own, which no file can hold
     */
    @Override
    public void save(Output output) throws IOException {
        fitted.requireFinished();
        if (!(units.law() instanceof FittedLaw known)) {
            throw new IllegalArgumentException(
                    "a file holds the laws " + LawSpec.FORMS + ", got one of the caller's own;"
                            + " fit the bridge from one of those, or fit it again where it is needed");
        }
        use.reading(() -> {
            ConditionalFile.write(output, fitted, known, units.encodings(), rows);
            return output;
        });
    }

    /**
     * Rows given one observation.
     *
     * @param y the numbers of all conditions, in the order of the data's columns
     */
    public Sampler posterior(float... y) {
        return observed(posterior(), y);
    }

    /** Rows given observations, which the caller gives by the names of the data's ports: row i belongs to sample i, a single row to all. */
    public Sampler posterior() {
        return sampler(new BridgeWalk(Direction.BACKWARD, Optional.of(fitted.matching())), Direction.BACKWARD);
    }

    /**
     * Rows given one observation, from rows of the data drawn at random, walked forward with their own observations and then back with this one: less of what both half
     * bridges are wrong by is seen.
     */
    public Sampler posteriorForwardBackward(float... y) {
        return observed(posteriorForwardBackward(), y);
    }

    /** The same under observations which the caller gives by the names of the data's ports, as of {@link #posterior()}. */
    public Sampler posteriorForwardBackward() {
        return sampler(new ThereAndBack(fitted.matching(), units.conditions()), Direction.FORWARD, Direction.BACKWARD);
    }

    /** From rows with their observations to the law that the bridge starts from; rows of the data where none are given as {@code start}. */
    public Sampler forward() {
        return sampler(new BridgeWalk(Direction.FORWARD, Optional.of(fitted.matching())), Direction.FORWARD);
    }

    /**
     * The probability flow of a direction ({@link BridgeFlow}) under observations which the caller gives by the names of the data's ports: rows move without noise, by
     * the drifts of both ways, and a row that goes there and back under the same observation ends where it began, but for the error of the steps. Rows start as those of {@link
     * #forward()} and {@link #posterior()}; {@code steer(new GivenStart())} makes the flow backward start from the caller's {@code start} too. Both ends are in the units of
     * the data. {@link Sampler#steps} takes other steps than the bridge's own.
     */
    public Sampler flow(Direction direction) {
        use.requireOpen();
        fitted.require(Direction.values());
        BridgeFlow flow = new BridgeFlow(direction, fitted.matching());
        return new Sampler(flowing(flow), flow)
                .grid(flow.grid(process(), process().sizes().count()));
    }

    /**
     * Log-densities of rows given observations, ln p(x | y), under this bridge's flow to the normal law, in the units of the data; {@link Likelihood#given} takes the observations
     * by the names of the data's ports, row i for row i or a single row for all.
     */
    public Likelihood likelihood() {
        use.requireOpen();
        fitted.require(Direction.values());
        return new Likelihood(flowing(new BridgeFlow(Direction.FORWARD, fitted.matching())));
    }

    /**
     * Log-densities of rows given one observation.
     *
     * @param y the numbers of all conditions, in the order of the data's columns
     */
    public Likelihood likelihood(float... y) {
        Likelihood given = likelihood();
        for (Map.Entry<String, float[]> part : units.parts(y).entrySet()) {
            given = given.given(part.getKey(), part.getValue(), part.getValue().length);
        }
        return given;
    }

    private ConditionalFlowSource flowing(BridgeFlow flow) {
        return new ConditionalFlowSource(fitted, units, rows, use, flow);
    }

    private Sampler observed(Sampler sampler, float[] y) {
        Sampler given = sampler;
        for (Map.Entry<String, float[]> part : units.parts(y).entrySet()) {
            given = given.given(part.getKey(), part.getValue(), part.getValue().length);
        }
        return given;
    }

    private Sampler sampler(Method method, Direction... ways) {
        use.requireOpen();
        fitted.require(ways);
        ConditionalSource source = new ConditionalSource(fitted, units, rows, use, method);
        return new Sampler(source, method)
                .grid(source.grid(method, process().sizes().count()));
    }

    @Override
    public List<HalfBridge> halves() {
        return fitted.done();
    }

    @Override
    public Optional<TrainResult> result() {
        return fitted.result();
    }

    /** The chains, in the units of u. */
    @Override
    public BridgeProcess process() {
        return fitted.process();
    }

    /** The conditions with their columns, which {@link #posterior()} is given rows of. */
    public List<Dataset.Port> conditions() {
        return rows.ports().subList(1, rows.ports().size());
    }

    /** Names of the columns that are sampled. */
    public List<String> columns() {
        return rows.port(Dataset.X).columns();
    }

    /** The law that walks start from. */
    public ConditionalLaw law() {
        return units.law();
    }

    @Override
    public Map<String, String> provenance() {
        return Collections.unmodifiableMap(fitted.provenance());
    }

    @Override
    public void close() {
        use.close();
    }
}
