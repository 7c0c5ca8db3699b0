package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.hitting.Drive;
import org.tweedie.hitting.FirstHitting;
import org.tweedie.hitting.HittingBound;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingFitting;
import org.tweedie.hitting.HittingPairs;
import org.tweedie.hitting.HittingProcess;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Table;
import org.tweedie.plan.Plan;
import org.tweedie.score.Architecture;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.sde.Method;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.Trainer;

/**
 * A model whose walks end where they first hit a set: unit vectors, rows of zeros and ones, categories, each after a time of its own (Ye, Wu, Liu, "First hitting diffusion
 * models for generating manifold, graph and categorical data", NeurIPS 2022, arXiv 2209.01170).
 *
 * <pre>{@code
 * try (FirstHittingModel model = FirstHittingModel.fit(quakes, UnitBall.of(3), HittingSpec.standard(), device)) {
 *     Samples samples = model.sample(1000, 7);
 *     float[] places = samples.rows();            // on the sphere
 *     float[] times = samples.output("tau");      // when each was hit
 * }
 * }</pre>
 *
 * <p>Any number of threads may sample at once; closing waits for them.
 */
public final class FirstHittingModel implements AutoCloseable {
    private final Device device;
    private final HittingDomain domain;
    private final FirstHitting method;
    private final Map<String, Field> fields;
    private final Columns columns;
    private final Optional<Learned> learned;
    private final Optional<TrainResult> result;
    private final SharedUse use;

    /**
     * Names of columns. Immutable.
     *
     * @param ends of rows as walks end at them
     * @param written of rows as files have them; the same where {@link HittingDomain#written} is as wide
     */
    record Columns(List<String> ends, List<String> written) {
        Columns {
            ends = List.copyOf(ends);
            written = List.copyOf(written);
        }
    }

    /**
     * What a file keeps beside domain, steps and columns. Immutable but for the weights.
     *
     * @param provenance how it was made
     */
    record Learned(Architecture architecture, Network network, Map<String, String> provenance) {}

    private FirstHittingModel(
            Device device,
            HittingDomain domain,
            FirstHitting method,
            Map<String, Field> fields,
            Columns columns,
            Optional<Learned> learned,
            Optional<TrainResult> result,
            Runnable release) {
        this.device = device;
        this.domain = domain;
        this.method = method;
        this.fields = fields;
        this.columns = columns;
        this.learned = learned;
        this.result = result;
        this.use = new SharedUse("this model", release);
    }

    /**
     * Fits a model to rows that lie on the set.
     *
     * @param data rows as walks end at them, or as files have them: levels, degrees ({@link HittingDomain#written})
     * @throws IllegalArgumentException if a row does not, or has another width; says which, and what to do
     */
    public static FirstHittingModel fit(Dataset data, HittingDomain domain, HittingSpec spec, Device device) {
        return fit(data, domain, spec, device, TrainListener.NONE, new CancelToken());
    }

    /** The same, heard and stopped from outside: {@link #result} says how it ended, and the model walks by what was fitted. */
    public static FirstHittingModel fit(
            Dataset data,
            HittingDomain domain,
            HittingSpec spec,
            Device device,
            TrainListener listener,
            CancelToken cancel) {
        try {
            return fit(data, domain, spec, device, listener, cancel, null, false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Fits a model with checkpoints; a run that stops and goes on gives the bits of one that does not.
     *
     * @param cancel finishes the step, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     * @throws IllegalArgumentException if a row is not on the set, or the checkpoint is of other rows or settings; says which
     */
    public static FirstHittingModel fit(
            Dataset data,
            HittingDomain domain,
            HittingSpec spec,
            Device device,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        Dataset ends = ends(data, domain);
        Columns columns = data == ends ? columns(domain, data.columns()) : new Columns(ends.columns(), data.columns());
        Checkpoint newest = Resumption.newest(checkpoints, resume).orElse(null);
        HittingFitting fitting = new HittingFitting(domain, spec, device);
        try {
            TrainResult result = fitting.run(ends, listener, cancel, checkpoints, newest);
            return learned(
                    device,
                    domain,
                    spec.steps(),
                    columns,
                    new Learned(spec.network(), fitting.network(), provenance(data, spec, result, device)),
                    Optional.of(result));
        } catch (IOException | RuntimeException | Error e) {
            fitting.close();
            throw e;
        }
    }

    /**
     * What fitting would take, from a few steps that are run; nothing is kept.
     *
     * @throws IllegalArgumentException as {@link #fit(Dataset, HittingDomain, HittingSpec, Device)}
     */
    public static Trainer.Estimate estimate(Dataset data, HittingDomain domain, HittingSpec spec, Device device) {
        Dataset ends = ends(data, domain);
        try (HittingFitting fitting = new HittingFitting(domain, spec, device)) {
            return fitting.estimate(ends);
        }
    }

    /** The rows that walks are to end at. */
    private static Dataset ends(Dataset data, HittingDomain domain) {
        if (data.ports().size() != 1) {
            throw new IllegalArgumentException("a first-hitting model has no conditions, got " + data.ports());
        }
        int width = domain.ends().width();
        if (data.width() == width) {
            domain.require(data.values());
            return data;
        }
        if (data.width() != domain.written()) {
            throw new IllegalArgumentException("walks of " + domain.spec() + " end at rows of " + width
                    + " numbers, the data's are " + data.width()
                    + (domain.written() == width ? "" : "; files have " + domain.written() + " columns"));
        }
        float[] rows = domain.read(data.values());
        domain.require(rows);
        return Dataset.of(new Table(rows, data.rows(), width, domain.names(data.columns())));
    }

    private static Columns columns(HittingDomain domain, List<String> ends) {
        return new Columns(
                ends,
                domain.written() == ends.size()
                        ? ends
                        : IntStream.rangeClosed(1, domain.written())
                                .mapToObj(i -> "x" + i)
                                .toList());
    }

    private static Map<String, String> provenance(Dataset data, HittingSpec spec, TrainResult result, Device device) {
        Map<String, String> made = new TreeMap<>();
        made.put("seed", Long.toString(spec.training().seed()));
        made.put("data", data.hash());
        made.put("rows", Integer.toString(data.rows()));
        made.put("settings", spec.training().settings());
        made.put("cache", spec.walks() + " walks every " + spec.refreshEvery());
        made.put("pairs", spec.kept() + " a walk damped " + spec.damping());
        made.put("steps", Long.toString(result.step()));
        made.put("loss", Double.toString(result.smoothLoss()));
        made.put("device", device.name());
        made.put("tweedie", Tweedie.version());
        return made;
    }

    /** A model of weights that are its own from here on. */
    static FirstHittingModel learned(
            Device device,
            HittingDomain domain,
            HittingSteps steps,
            Columns columns,
            Learned learned,
            Optional<TrainResult> result) {
        return new FirstHittingModel(
                device,
                domain,
                new FirstHitting(steps, domain.learns()),
                Map.of(FirstHitting.FIELD, learned.network()),
                columns,
                Optional.of(learned),
                result,
                () -> learned.network().parameters().values().close());
    }

    /**
     * Reads the file of a model onto a device. It walks to the bits of the one that was saved.
     *
     * @throws org.tweedie.io.MalformedFileException if the file is damaged, or holds something else, such as a score model; says what
     */
    public static FirstHittingModel load(Path file, Device device) throws IOException {
        return load(file, ReadLimits.defaults(), device);
    }

    /** Reads the file of a model within limits. */
    public static FirstHittingModel load(Path file, ReadLimits limits, Device device) throws IOException {
        return HittingFile.read(file, limits, device);
    }

    /** Writes the file of a model that was fitted. The file must not exist. */
    public void save(Path file) throws IOException {
        save(Output.to(file));
    }

    /**
     * Writes the file of a model that was fitted.
     *
     * @throws IllegalStateException if nothing was: a drift of the caller's own is no data; or if fitting was stopped, or came to numbers that are not finite: its checkpoints hold
     *     what there is
     */
    public void save(Output output) throws IOException {
        Learned saved = learned.orElseThrow(
                () -> new IllegalStateException(
                        "a walk whose drift is known, or is none, has no weights to save; make it again by of or base, or fit a model"));
        if (result.isPresent() && result.get().outcome() != TrainResult.Outcome.FINISHED) {
            throw new IllegalStateException("a first-hitting model is saved when all its steps are done; "
                    + result.get().message());
        }
        use.reading(() -> {
            HittingFile.write(output, domain, method.steps(), columns, saved, device);
            return output;
        });
    }

    /** Walks by a drift that is known: a field of the place, as wide as it, such as {@link org.tweedie.score.FormulaField}. */
    public static FirstHittingModel of(HittingDomain domain, Field drift, HittingSteps steps, Device device) {
        return known(domain, new FirstHitting(steps, Drive.DRIFT), Map.of(FirstHitting.FIELD, drift), device);
    }

    /** Brownian motion of the domain: its ends have the harmonic measure of the start. */
    public static FirstHittingModel base(HittingDomain domain, HittingSteps steps, Device device) {
        return known(domain, new FirstHitting(steps, Drive.BASE), Map.of(), device);
    }

    /** Walks by a field of the caller's own. */
    static FirstHittingModel known(
            HittingDomain domain, FirstHitting method, Map<String, Field> fields, Device device) {
        List<String> ends = IntStream.rangeClosed(1, domain.ends().width())
                .mapToObj(i -> "x" + i)
                .toList();
        return new FirstHittingModel(
                device, domain, method, fields, columns(domain, ends), Optional.empty(), Optional.empty(), () -> {});
    }

    /** Walks. Beside {@code x} they put out {@code tau}, the time of the hit, {@code nfe}, the steps, and {@code remaining}, the distance left of a row that ran out of them. */
    public Sampler sampler() {
        use.requireOpen();
        return new Sampler(new Source(), method).grid(HittingProcess.grid());
    }

    /** Samples 0 to {@code count - 1} of a seed. */
    public Samples sample(int count, long seed) {
        return sampler().sample(count, seed);
    }

    /**
     * Lower bounds of the log-likelihood of rows, in nats, each by one walk to it ({@link org.tweedie.hitting.HittingBound}): in cube and categories of ln p(y), in ball and half-space of ln
     * p(y)/p_0(y), where p_0 is the density of the base's ends. A mean over rows is what the path loss says; over rows that were held out, of the law and not of the rows.
     *
     * @param data rows as for {@link #fit}
     * @return row by row; NaN where the walk ran out of steps
     * @throws IllegalStateException if no field tells what a network of the domain tells: of the base, and of drifts in cube and categories
     */
    public float[] bounds(Dataset data, long seed) {
        if (method.drive() != domain.learns()) {
            throw new IllegalStateException(
                    "only what a network of " + domain.spec() + " tells is compared with bridges; fit a model");
        }
        Dataset ends = ends(data, domain);
        float[] rows = ends.values();
        Samples walked = new Sampler(new Source(), new HittingBound(method.steps()))
                .grid(HittingProcess.grid())
                .given(HittingPairs.END, rows, ends.width())
                .sample(ends.rows(), seed);
        float[] bounds = walked.output(HittingBound.BOUND).clone();
        float[] remaining = walked.output("remaining");
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = remaining[i] == 0 ? bounds[i] : Float.NaN;
        }
        return bounds;
    }

    /** How the training ended; nothing where the drift was known, or the model was read from a file. */
    public Optional<TrainResult> result() {
        return result;
    }

    public HittingDomain domain() {
        return domain;
    }

    /** How walks step. */
    public HittingSteps steps() {
        return method.steps();
    }

    /** Names of the columns of rows as files have them, which {@link HittingDomain#write} makes of samples. */
    public List<String> written() {
        return columns.written();
    }

    /** How the model was made: seed, hash of the rows, settings; nothing where the drift was known. */
    public Map<String, String> provenance() {
        return Collections.unmodifiableMap(learned.map(Learned::provenance).orElse(Map.of()));
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
            return columns.ends();
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            throw new IllegalArgumentException("rows take steps of their own, "
                    + FirstHittingModel.this.method.steps().spec() + ", got " + steps
                    + "; set the steps where the model is made");
        }

        @Override
        public Program program(Method method, TimeGrid grid, List<Guide> guides) {
            Plan plan = method.plan(new HittingProcess(domain), grid);
            for (Guide guide : guides) {
                if (!(guide instanceof Sampler.Rewrite rewrite)) {
                    throw new IllegalArgumentException("a walk that hits has no score that '" + guide.spec()
                            + "' could steer by; only rewrites of its plan do");
                }
                plan = rewrite.steering().steer(plan);
            }
            return Program.of(plan, fields);
        }

        @Override
        public GivenRows encodeGiven(String name, GivenRows rows) {
            return rows;
        }

        @Override
        public void decode(String register, float[] rows) {}

        @Override
        public <T> T whileOpen(Supplier<T> work) {
            return use.reading(work::get);
        }
    }
}
