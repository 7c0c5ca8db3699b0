package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
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
import org.tweedie.bridge.FrozenConditions;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.ThereAndBack;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.score.Signature;
import org.tweedie.sde.Method;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
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
    private static final String MEAN = "law.mean";
    private static final String DEVIATION = "law.deviation";
    /** The most deviations that rows may lie from a law's means, in the root of the mean square. */
    private static final double FAR = 100;

    private final FittedHalves fitted;
    private final ConditionalLaw law;
    private final Map<String, Normaliser> encodings;
    private final Dataset rows;
    private final FrozenConditions conditions;
    private final SharedUse use;

    /**
     * @param encodings of the conditions
     * @param rows u and conditions, encoded
     */
    ConditionalBridge(
            FittedHalves fitted,
            ConditionalLaw law,
            Map<String, Normaliser> encodings,
            Dataset rows,
            FrozenConditions conditions) {
        this.fitted = fitted;
        this.law = law;
        this.encodings = encodings;
        this.rows = rows;
        this.conditions = conditions;
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
            return new ConditionalBridge(
                    fitted, law, pairs.encodings(), pairs.rows(), FrozenConditions.of(pairs.rows()));
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
    private record Pairs(BridgeProcess process, Map<String, Normaliser> encodings, Dataset rows) {
        static Pairs of(Dataset data, ConditionalLaw law, Reference reference, BridgeSpec spec) {
            if (data.ports().size() < 2) {
                throw new IllegalArgumentException(
                        "a conditional bridge needs observations beside x; name their columns by given(port, columns), got "
                                + data.ports());
            }
            Map<String, Normaliser> encodings = new LinkedHashMap<>();
            for (Signature.Port port : FrozenConditions.of(data).ports()) {
                double[] ones = new double[port.space().width()];
                Arrays.fill(ones, 1);
                encodings.put(
                        port.name(),
                        spec.standardise()
                                ? Normaliser.fit(data, port.name()).normaliser()
                                : new Normaliser(new double[ones.length], ones));
            }
            BridgeProcess process = new BridgeProcess(
                    reference,
                    spec.sizes(),
                    Space.euclidean(data.port(Dataset.X).width()),
                    true);
            return new Pairs(process, encodings, encoded(data, law).encoded(encodings));
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
        if (!(law instanceof FittedLaw known)) {
            throw new IllegalArgumentException(
                    "a file holds the laws " + LawSpec.FORMS + ", got one of the caller's own;"
                            + " fit the bridge from one of those, or fit it again where it is needed");
        }
        use.reading(() -> {
            ConditionalFile.write(output, fitted, known, encodings, rows);
            return output;
        });
    }

    /** The rows with u in the place of x. */
    private static Dataset encoded(Dataset data, ConditionalLaw law) {
        int width = data.port(Dataset.X).width();
        float[] values = data.values().clone();
        double[] y = new double[data.width() - width];
        double[] mean = new double[width];
        double[] deviation = new double[width];
        double square = 0;
        for (int i = 0; i < data.rows(); i++) {
            for (int j = 0; j < y.length; j++) {
                y[j] = values[i * data.width() + width + j];
            }
            ask(law, y, mean, deviation);
            for (int j = 0; j < width; j++) {
                double u = (values[i * data.width() + j] - mean[j]) / deviation[j];
                values[i * data.width() + j] = (float) u;
                square += u * u / ((double) data.rows() * width);
            }
        }
        if (!(square <= FAR * FAR)) {
            throw new IllegalArgumentException(
                    "rows lie " + Spelling.number(StrictMath.sqrt(square))
                            + " deviations from the means of the law that the bridge starts from, in the root of the mean square, and 100 are the most; give the law larger deviations");
        }
        Dataset moved = Dataset.of(values, data.columns().toArray(String[]::new));
        for (Dataset.Port port : data.ports().subList(1, data.ports().size())) {
            moved = moved.given(port.name(), port.columns().toArray(String[]::new));
        }
        return moved;
    }

    private static void ask(ConditionalLaw law, double[] y, double[] mean, double[] deviation) {
        law.at(y, mean, deviation);
        for (int j = 0; j < mean.length; j++) {
            if (!Double.isFinite(mean[j]) || !(deviation[j] > 0 && deviation[j] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "the law that a bridge starts from has finite means and positive deviations, got " + mean[j]
                                + " and " + deviation[j] + " at y = " + Arrays.toString(y));
            }
        }
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
        return sampler(new ThereAndBack(fitted.matching(), conditions), Direction.FORWARD, Direction.BACKWARD);
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
        return new Sampler(new Flowing(flow), flow)
                .grid(flow.grid(process(), process().sizes().count()));
    }

    /**
     * Log-densities of rows given observations, ln p(x | y), under this bridge's flow to the normal law, in the units of the data; {@link Likelihood#given} takes the observations
     * by the names of the data's ports, row i for row i or a single row for all.
     */
    public Likelihood likelihood() {
        use.requireOpen();
        fitted.require(Direction.values());
        return new Likelihood(new Flowing(new BridgeFlow(Direction.FORWARD, fitted.matching())));
    }

    /**
     * Log-densities of rows given one observation.
     *
     * @param y the numbers of all conditions, in the order of the data's columns
     */
    public Likelihood likelihood(float... y) {
        Likelihood given = likelihood();
        for (Map.Entry<String, float[]> part : parts(y).entrySet()) {
            given = given.given(part.getKey(), part.getValue(), part.getValue().length);
        }
        return given;
    }

    private Sampler observed(Sampler sampler, float[] y) {
        Sampler given = sampler;
        for (Map.Entry<String, float[]> part : parts(y).entrySet()) {
            given = given.given(part.getKey(), part.getValue(), part.getValue().length);
        }
        return given;
    }

    /** One observation, condition by condition. */
    private Map<String, float[]> parts(float[] y) {
        int wanted = rows.width() - process().space().width();
        if (y.length != wanted) {
            throw new IllegalArgumentException(
                    "an observation has " + wanted + " numbers, " + conditions.ports() + ", got " + y.length);
        }
        Map<String, float[]> parts = new LinkedHashMap<>();
        int at = 0;
        for (Signature.Port port : conditions.ports()) {
            parts.put(port.name(), Arrays.copyOfRange(y, at, at += port.space().width()));
        }
        return parts;
    }

    private Sampler sampler(Method method, Direction... ways) {
        use.requireOpen();
        fitted.require(ways);
        return new Sampler(new Source(method), method).grid(grid(method));
    }

    private TimeGrid grid(Method method) {
        return method instanceof BridgeWalk walk
                ? walk.grid(process())
                : process().sizes().grid();
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
        return law;
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
    private class Source implements Sampler.Source {
        private final Method method;

        Source(Method method) {
            this.method = method;
        }

        @Override
        public Device device() {
            return fitted.device();
        }

        @Override
        public List<String> columns() {
            return ConditionalBridge.this.columns();
        }

        @Override
        public TimeGrid grid(Method asked, int steps) {
            fitted.requireSteps(steps);
            return ConditionalBridge.this.grid(asked);
        }

        @Override
        public Program program(Method asked, TimeGrid grid, List<Guide> guides) {
            Plan plan = asked.plan(process(), grid);
            if (!(asked instanceof ThereAndBack)) {
                plan = conditions.steer(plan);
            }
            plan = fitted.guided(plan, guides);
            Map<String, Field> fields = new LinkedHashMap<>();
            for (String name : plan.fields()) {
                fields.put(name, fitted.network(Direction.valueOf(name.toUpperCase(Locale.ROOT))));
            }
            return Program.of(decoded(plan), fields);
        }

        /** With x = m + s u behind the last step, put out in the place of u, which is what is traced. */
        private Plan decoded(Plan plan) {
            Space space = process().space();
            List<Register> registers = new ArrayList<>(plan.registers());
            int state = plan.outputs()[0];
            registers.set(state, new Register("u", space, false));
            int at = registers.size();
            registers.add(new Register(Dataset.X, space, false));
            registers.add(new Register(MEAN, space, true));
            registers.add(new Register(DEVIATION, space, true));
            FormulaWriter f = Formula.writer("mean and deviations");
            FormulaWriter.Value u = f.input(space.width());
            FormulaWriter.Value mean = f.input(space.width());
            FormulaWriter.Value deviation = f.input(space.width());
            Formula formula = f.output(mean.plus(deviation.times(u))).formula();
            List<Step> steps = new ArrayList<>(plan.steps());
            Step last = steps.remove(steps.size() - 1);
            List<Stage> stages = new ArrayList<>(last.stages());
            stages.add(new Stage.Apply(formula, new int[] {state, at + 1, at + 2}, new int[] {at}));
            steps.add(new Step(last.t(), last.s(), stages, last.until()));
            int[] outputs = plan.outputs().clone();
            outputs[0] = at;
            int[] trace = plan.trace().length > 0 ? plan.trace() : new int[] {state};
            return new Plan(registers, steps, outputs, trace);
        }

        /** Conditions, of the way there too; rows are encoded with theirs. */
        @Override
        public GivenRows encodeGiven(String name, GivenRows given) {
            String port = name.startsWith(ThereAndBack.OWN) ? name.substring(ThereAndBack.OWN.length()) : name;
            Normaliser encoding = encodings.get(port);
            if (encoding == null || encoding.width() != given.width()) {
                return given;
            }
            float[] encoded = new float[given.values().length];
            encoding.encode(given.values(), encoded, given.rows());
            return new GivenRows(encoded, given.width());
        }

        @Override
        public Map<String, GivenRows> encoded(Map<String, GivenRows> given) {
            Map<String, GivenRows> encoded = new LinkedHashMap<>(Sampler.Source.super.encoded(given));
            boolean back = method instanceof ThereAndBack;
            Map<String, GivenRows> asked = given;
            if (given.containsKey(Dataset.X)) {
                encoded.put(Dataset.X, encodedRows(Dataset.X, given, ""));
            } else if (given.containsKey(BridgeWalk.START)) {
                encoded.put(BridgeWalk.START, encodedRows(BridgeWalk.START, given, back ? ThereAndBack.OWN : ""));
            } else if (back) {
                conditions
                        .drawn(rows, true)
                        .forEach((name, drawn) ->
                                encoded.put(name.equals(BridgeWalk.START) ? name : ThereAndBack.OWN + name, drawn));
            } else if (startsFromRows()
                    && conditions.ports().stream().noneMatch(port -> given.containsKey(port.name()))) {
                encoded.putAll(conditions.drawn(rows, true));
                asked = new LinkedHashMap<>();
                for (Map.Entry<String, GivenRows> drawn :
                        conditions.drawn(rows, false).entrySet()) {
                    float[] decoded = drawn.getValue().values().clone();
                    encoding(drawn.getKey())
                            .decode(decoded, decoded, drawn.getValue().rows());
                    asked.put(
                            drawn.getKey(),
                            GivenRows.drawn(decoded, drawn.getValue().width()));
                }
            }
            law(asked, "").ifPresent(law -> {
                encoded.put(MEAN, law.mean());
                encoded.put(DEVIATION, law.deviation());
            });
            return encoded;
        }

        private boolean startsFromRows() {
            return method instanceof BridgeWalk walk
                    ? walk.direction() == Direction.FORWARD
                    : method instanceof BridgeFlow flow && flow.direction() == Direction.FORWARD;
        }

        private Normaliser encoding(String port) {
            return Objects.requireNonNull(encodings.get(port));
        }

        /** u of rows that the caller gives, with their conditions. */
        private GivenRows encodedRows(String name, Map<String, GivenRows> given, String before) {
            GivenRows start = Objects.requireNonNull(given.get(name));
            Optional<Law> of = law(given, before);
            int width = process().space().width();
            if (of.isEmpty() || start.width() != width) {
                return start; // what lacks or does not fit is named where the plan reads it
            }
            GivenRows mean = of.get().mean();
            GivenRows deviation = of.get().deviation();
            int count = Math.max(start.rows(), mean.rows());
            float[] u = new float[count * width];
            for (int i = 0; i < u.length; i++) {
                int x = start.rows() == 1 ? i % width : i;
                int m = mean.rows() == 1 ? i % width : i;
                if (x >= start.values().length || m >= mean.values().length) {
                    throw new IllegalArgumentException(
                            "row i of " + name + " and of its conditions belongs to sample i, got " + start.rows()
                                    + " and " + mean.rows() + " rows; give as many of both, or one");
                }
                u[i] = (start.values()[x] - mean.values()[m]) / deviation.values()[m];
            }
            return new GivenRows(u, width);
        }

        /** Mean and deviations, row by row, of conditions in the units of the data; nothing where one lacks or does not fit. */
        private Optional<Law> law(Map<String, GivenRows> given, String before) {
            int width = process().space().width();
            int count = 1;
            boolean drawn = false;
            for (Signature.Port port : conditions.ports()) {
                GivenRows rowsOf = given.get(before + port.name());
                if (rowsOf == null || rowsOf.width() != port.space().width()) {
                    return Optional.empty();
                }
                count = Math.max(count, rowsOf.rows());
                drawn = rowsOf.drawn();
            }
            double[] y = new double[rows.width() - width];
            double[] mean = new double[width];
            double[] deviation = new double[width];
            float[] means = new float[count * width];
            float[] deviations = new float[count * width];
            for (int i = 0; i < count; i++) {
                int column = 0;
                for (Signature.Port port : conditions.ports()) {
                    GivenRows rowsOf = Objects.requireNonNull(given.get(before + port.name()));
                    int row = rowsOf.rows() == 1 ? 0 : i;
                    if (row >= rowsOf.rows()) {
                        throw new IllegalArgumentException("row i of every condition belongs to sample i, and '"
                                + port.name() + "' has " + rowsOf.rows() + " of " + count
                                + "; give as many of each, or one");
                    }
                    for (int j = 0; j < rowsOf.width(); j++) {
                        y[column++] = rowsOf.values()[row * rowsOf.width() + j];
                    }
                }
                ask(law, y, mean, deviation);
                for (int j = 0; j < width; j++) {
                    means[i * width + j] = (float) mean[j];
                    deviations[i * width + j] = (float) deviation[j];
                }
            }
            return Optional.of(new Law(new GivenRows(means, width, drawn), new GivenRows(deviations, width, drawn)));
        }

        /** What the plan puts out is in the units of the data; what it traces in those of u. */
        @Override
        public void decode(String register, float[] values) {}

        @Override
        public <T> T whileOpen(Supplier<T> work) {
            return use.reading(work::get);
        }
    }

    private final class Flowing extends Source implements BridgeFlowSource {
        private final BridgeFlow flow;

        Flowing(BridgeFlow flow) {
            super(flow);
            this.flow = flow;
        }

        @Override
        public FittedHalves fitted() {
            return fitted;
        }

        @Override
        public TimeGrid grid(Method asked, int steps) {
            return flow.grid(process(), steps);
        }

        @Override
        public Plan density(Optional<org.tweedie.rng.Law> probe, TimeGrid grid) {
            return conditions.steer(BridgeFlowSource.super.density(probe, grid));
        }

        /** That of u = (x - m(y))/s(y). */
        @Override
        public double logDeterminant(float[] row, int index, Map<String, GivenRows> given) {
            double[] y = new double[rows.width() - row.length];
            int column = 0;
            for (Signature.Port port : conditions.ports()) {
                GivenRows rowsOf = Objects.requireNonNull(given.get(port.name()));
                int at = rowsOf.rows() == 1 ? 0 : index * rowsOf.width();
                for (int j = 0; j < rowsOf.width(); j++) {
                    y[column++] = rowsOf.values()[at + j];
                }
            }
            double[] deviation = new double[row.length];
            ask(law, y, new double[row.length], deviation);
            double sum = 0;
            for (double s : deviation) {
                sum -= StrictMath.log(s);
            }
            return sum;
        }
    }

    private record Law(GivenRows mean, GivenRows deviation) {}
}
