package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Directional;
import org.tweedie.score.Divergence;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.score.NetworkScore;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.Method;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Noising;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VdmSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.Normaliser;
import org.tweedie.train.Objective;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * A score model: a process, a network, and the encodings between the data's units and the process's. Lives on one device.
 *
 * <p>Thread safety: any number of threads may sample at once; training and closing wait for them and keep others out.
 */
public final class ScoreModel implements Model {
    /** The network's name in plans and in the model file. */
    static final String NETWORK = "network";

    private final Device device;
    private volatile ModelKind kind;
    private final Architecture architecture;
    private final Network network;
    private final TrainedUse use;
    private volatile List<Dataset.Port> ports;
    private volatile Map<String, Encoding> encodings;
    private volatile Map<String, String> provenance;
    /** What carries conditions along with the rows; nothing where the network learned them clean. */
    private volatile Optional<Sde> conditionNoise;

    ScoreModel(
            Device device,
            ModelKind kind,
            Architecture architecture,
            Network network,
            List<Dataset.Port> ports,
            Map<String, Encoding> encodings,
            Optional<Sde> conditionNoise,
            Map<String, String> provenance) {
        this.device = device;
        this.kind = kind;
        this.architecture = architecture;
        this.network = network;
        this.use = new TrainedUse("this model", network.parameters().values()::close);
        this.ports = List.copyOf(ports);
        this.encodings = Map.copyOf(encodings);
        this.conditionNoise = conditionNoise;
        this.provenance = ordered(provenance);
    }

    private static Map<String, String> ordered(Map<String, String> facts) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /**
     * An untrained model of rows of {@code width} numbers.
     *
     * @param seed of the initial weights
     */
    public static ScoreModel create(Noising process, Architecture architecture, int width, long seed, Device device) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= width; i++) {
            columns.add("x" + i);
        }
        return create(
                process, architecture, Optional.empty(), List.of(new Dataset.Port(Dataset.X, columns)), seed, device);
    }

    /** An untrained model of rows like these: their columns, and their conditions as inputs of the network. */
    public static ScoreModel create(
            Noising process, Architecture architecture, Dataset like, long seed, Device device) {
        return create(process, architecture, Optional.empty(), like.ports(), seed, device);
    }

    /** The same, with what the network predicts chosen, for a process of rows alone. */
    public static ScoreModel create(
            Sde process, Architecture architecture, Prediction prediction, Dataset like, long seed, Device device) {
        return create(process, architecture, Optional.of(prediction), like.ports(), seed, device);
    }

    private static ScoreModel create(
            Noising process,
            Architecture architecture,
            Optional<Prediction> prediction,
            List<Dataset.Port> ports,
            long seed,
            Device device) {
        ModelKind kind = ModelKind.of(process.on(Space.euclidean(ports.get(0).width())));
        Network network =
                architecture.create(signature(kind, ports), prediction.orElseGet(kind::prediction), seed, device);
        return new ScoreModel(
                device,
                kind,
                architecture,
                network,
                ports,
                Map.of(),
                Optional.empty(),
                Map.of("seed", Long.toString(seed)));
    }

    static Signature signature(ModelKind kind, List<Dataset.Port> ports) {
        List<Signature.Port> conditions = new ArrayList<>();
        for (Dataset.Port port : ports.subList(1, ports.size())) {
            conditions.add(new Signature.Port(port.name(), Space.euclidean(port.width())));
        }
        return kind.signature(conditions);
    }

    /** Reads a model file onto a device. */
    public static ScoreModel load(Path file, Device device) throws IOException {
        return ModelFile.read(file, ReadLimits.defaults(), device);
    }

    /** Writes the model file; an existing file is not replaced. */
    public void save(Path file) throws IOException {
        save(Output.to(file));
    }

    /** Writes the model file. */
    @Override
    public void save(Output output) throws IOException {
        use.reading(() -> {
            ModelFile.write(output, this);
            return output;
        });
    }

    /** Trains on the data's rows from the model's present weights, by denoising score matching; with velocities, by hybrid; of matrices, by the bound. */
    public TrainResult train(Dataset data, TrainSpec spec) {
        try {
            return train(data, spec, TrainListener.NONE, new CancelToken(), null, false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Trains on the data's rows. Afterwards the model holds the running mean of the weights, the data's column names and the
     * normalisers of its columns. Where training fails the model stays as it was; where the device fails in the very moment of
     * taking the new weights, the model refuses all further use.
     *
     * @param cancel finishes the step, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     * @throws IllegalArgumentException if the data do not fit the model, or the checkpoint is of other data or settings
     */
    @Override
    public TrainResult train(
            Dataset data,
            TrainSpec spec,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        return use.writing(() -> {
            Map<String, Encoding> fitted = fit(data);
            Optional<Checkpoint> newest = Resumption.newest(checkpoints, resume);
            TrainSpec settings =
                    bounded(newest.map(found -> Trainer.resumed(spec, found)).orElse(spec));
            try (Trainer trainer = Trainer.open(objective(data, settings), data.encoded(fitted), settings, device)) {
                newest.ifPresent(trainer::restore);
                TrainResult result = trainer.run(listener, cancel, checkpoints);
                return use.replacing(() -> {
                    trainer.copyMean(0, network.parameters().values());
                    trainer.process().ifPresent(learned -> kind = ModelKind.of(learned));
                    ports = data.ports();
                    encodings = Map.copyOf(fitted);
                    conditionNoise = spec.conditioning().noise();
                    Map<String, String> made = provenance(provenance, data, bounded(spec), result, device);
                    if (!trainer.products().equals("f32")) {
                        made.put("products", trainer.products());
                    }
                    provenance = ordered(made);
                    return result;
                });
            }
        });
    }

    private static Map<String, Encoding> fit(Dataset data) {
        Map<String, Encoding> fitted = new LinkedHashMap<>();
        for (Dataset.Port port : data.ports()) {
            fitted.put(port.name(), Normaliser.fit(data, port.name()).normaliser());
        }
        return fitted;
    }

    /** How a model was made that was made so before. */
    static Map<String, String> provenance(
            Map<String, String> before, Dataset data, TrainSpec spec, TrainResult result, Device device) {
        Map<String, String> made = new LinkedHashMap<>();
        String seed = before.get("seed");
        if (before.containsKey("data")) { // the weights it started from were not those of a seed
            made.put("continues", before.get("steps") + " steps on " + before.get("data"));
        } else if (seed != null) {
            made.put("seed", seed);
        }
        made.put("data", data.hash());
        made.put("rows", Integer.toString(data.rows()));
        made.put("settings", spec.settings());
        made.put("steps", Long.toString(result.step()));
        made.put("loss", Double.toString(result.smoothLoss()));
        made.put("device", device.name());
        made.put("tweedie", Tweedie.version());
        return made;
    }

    /** What {@link #train} makes small for that data and spec. */
    public Objective objective(Dataset data, TrainSpec spec) {
        Objective objective = objective(spec);
        objective.check(data);
        return objective;
    }

    /** A process that learns is trained by its own bound: each time of its clock counts what it costs there. */
    private TrainSpec bounded(TrainSpec spec) {
        if (kind.process() instanceof FlexibleSde) {
            return spec.withWeighting(Weighting.LIKELIHOOD, TimeSampling.IMPORTANCE, true);
        } else if (!(kind.process() instanceof VdmSde)) {
            return spec;
        } else if (spec.slices().isPresent()) {
            throw new IllegalArgumentException("a schedule that learns is learned by denoising, got "
                    + spec.slices().get() + " score matching; take denoising, or vp");
        }
        return spec.withWeighting(Weighting.LIKELIHOOD, TimeSampling.UNIFORM, spec.evenTimes());
    }

    private Objective objective(TrainSpec spec) {
        return kind.objective(network, bounded(spec));
    }

    /** What training on that data would take; nothing is changed. */
    @Override
    public Trainer.Estimate estimate(Dataset data, TrainSpec spec) {
        return use.reading(() -> Trainer.estimate(objective(data, spec), data.encoded(fit(data)), spec, device));
    }

    /** What {@link #train} would run, and why not the rest, as {@link Trainer#explain}. */
    @Override
    public Map<String, String> explainTraining(TrainSpec spec) {
        return use.reading(() -> Trainer.explain(objective(spec), spec, device));
    }

    /** Samples by a method along its own grid; {@link Sampler#steps} sets how many steps. */
    public Sampler sampler(Method method) {
        use.require();
        return new Sampler(new Source(), method);
    }

    /** Samples by a method, steps and grid in one: {@code MethodSpec.parse("dpm2m@20,karras")}. */
    @Override
    public Sampler sampler(MethodSpec spec) {
        return sampler(spec.method()).grid(spec.grid(process()));
    }

    /** Log-densities of rows under this model, by its probability-flow ODE; lower bounds of them where each row has a velocity. */
    @Override
    public Likelihood likelihood() {
        return new Likelihood(new Source());
    }

    /** Bounds of log-densities of rows under this model, as the hierarchical model whose steps noise a row. */
    public VariationalBound bound() {
        return new VariationalBound(new Source());
    }

    @Override
    public LatentMap latentMap() {
        if (conditionNoise().isPresent()) {
            throw new IllegalArgumentException(
                    "a model of noised conditions draws noise on its way, so rows have no latent rows of their own;"
                            + " train one with clean conditions");
        }
        return new LatentMap(new Source());
    }

    /** How many dimensions the data have near rows, by the spectrum of the score there. */
    public LocalDimension localDimension() {
        if (conditionNoise().isPresent()) {
            throw new IllegalArgumentException(
                    "a model of noised conditions scatters its scores with them, so that they show no dimension;"
                            + " train one with clean conditions");
        }
        return new LocalDimension(new Source());
    }

    @Override
    public Device device() {
        return device;
    }

    /** The process, as wide as the rows: an {@link Sde}, {@link FlexibleSde} or {@link org.tweedie.sde.CldSde}. */
    @Override
    public Noising process() {
        return kind.process();
    }

    /**
     * The process where it is one of rows alone, by numbers.
     *
     * @throws IllegalArgumentException where it carries velocities, or its coefficients are matrices
     */
    public Sde sde() {
        return kind.sde();
    }

    public Architecture architecture() {
        return architecture;
    }

    /** The network; its weights belong to this model. */
    public Network network() {
        return network;
    }

    @Override
    public List<Network> networks() {
        return List.of(network);
    }

    /** The inputs of the network with their columns: x first, then the conditions. */
    @Override
    public List<Dataset.Port> ports() {
        return ports;
    }

    /** What carries conditions along with the rows; nothing where the network learned them clean. */
    public Optional<Sde> conditionNoise() {
        return conditionNoise;
    }

    /** Names of the columns that are sampled. */
    @Override
    public List<String> columns() {
        return ports.get(0).columns();
    }

    @Override
    public Map<String, Encoding> encodings() {
        return encodings;
    }

    /** How the model was made: seed of the first weights, data hash, settings, steps, loss, device, version. */
    @Override
    public Map<String, String> provenance() {
        return provenance;
    }

    /** Adds to the provenance. */
    @Override
    public void note(Map<String, String> facts) {
        use.writing(() -> {
            Map<String, String> more = new LinkedHashMap<>(provenance);
            more.putAll(facts);
            provenance = ordered(more);
            return more;
        });
    }

    /** How network and score translate: preconditioned for standardised data. */
    public Parametrisation parametrisation() {
        return Parametrisation.preconditioned(sde(), network.prediction(), 1);
    }

    /** The weights, laid out as {@link Parameters} says. */
    public float[] weights() {
        return use.reading(() -> {
            float[] weights = new float[Math.toIntExact(network.parameters().count())];
            try (Stream stream = device.stream()) {
                stream.download(network.parameters().values(), 0, weights, 0, weights.length);
            }
            return weights;
        });
    }

    static Network network(
            Architecture architecture, Signature signature, Prediction prediction, float[] weights, Device device) {
        DeviceBuffer values = device.allocate(Element.F32, weights.length);
        try (Stream stream = device.stream()) {
            stream.upload(weights, 0, values, 0, weights.length);
            stream.synchronize();
            return architecture.network(signature, prediction, new Parameters(architecture.tensors(signature), values));
        } catch (RuntimeException | Error e) {
            values.close();
            throw e;
        }
    }

    @Override
    public void close() {
        use.close();
    }

    private final class Source implements DensitySource {
        @Override
        public Device device() {
            return device;
        }

        @Override
        public List<String> columns() {
            return ScoreModel.this.columns();
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            return new MethodSpec(method, steps).grid(kind.process());
        }

        @Override
        public Program program(Method method, TimeGrid grid, List<Guide> guides) {
            return networks().program(method.plan(kind.process(), grid), guides, this::target);
        }

        @Override
        public Program scored(Plan plan) {
            return networks().program(plan, List.of(), this::target);
        }

        private ScoreNetworks networks() {
            ScoreNetworks.Fold fold = (score, name) -> kind.fold(network.prediction(), score, name);
            return new ScoreNetworks(
                    List.of(new ScoreNetworks.Part(
                            Sde.SCORE, NETWORK, network, kind.state().size(), fold)),
                    conditionNoise);
        }

        private Guide.Target target() {
            int width = kind.process().space().width();
            double[] shift = new double[width];
            double[] scale = new double[width];
            Arrays.fill(scale, 1);
            if (encodings.get(Dataset.X) instanceof Normaliser normaliser) {
                shift = normaliser.means();
                scale = normaliser.scales();
            }
            return new Guide.Target(kind.guided(), shift, scale, () -> new NetworkScore(network, parametrisation()));
        }

        @Override
        public Program derivatives(Plan plan) {
            if (conditionNoise.isPresent()) {
                throw new IllegalArgumentException(
                        "a model of noised conditions has no likelihood under the conditions themselves;"
                                + " train one with clean conditions");
            }
            Map<String, Field> fields = new HashMap<>();
            ScoreNetworks networks = networks();
            Plan folded = plan;
            for (String name : plan.fields()) {
                boolean tangent = name.equals(FlowDensity.TANGENT);
                String place = NETWORK + (tangent ? ".tangent" : ".divergence");
                int port = kind.state().size() - 1; // the score is by the last of what the process moves
                fields.put(place, tangent ? new Directional(network, port) : new Divergence(network, port));
                folded = networks.conditions(networks.parts().get(0), name).steer(folded);
                folded = kind.foldDerivative(network.prediction(), name, place).steer(folded);
            }
            return Program.of(folded, fields);
        }

        @Override
        public ModelKind kind() {
            return kind;
        }

        @Override
        public double logDeterminant(float[] row, int index, Map<String, GivenRows> given) {
            Encoding encoding = encodings.get(Dataset.X);
            return encoding == null ? 0 : encoding.logDeterminant(row);
        }

        @Override
        public Optional<Sde> conditionNoise() {
            return conditionNoise;
        }

        @Override
        public GivenRows encodeGiven(String name, GivenRows rows) {
            Encoding encoding = encodings.get(name);
            if (encoding == null || encoding.width() != rows.width()) {
                return rows;
            }
            float[] encoded = new float[rows.values().length];
            encoding.encode(rows.values(), encoded, rows.rows());
            return new GivenRows(encoded, rows.width());
        }

        @Override
        public void decode(String register, float[] rows) {
            Encoding encoding = register.equals(Dataset.X) ? encodings.get(register) : null;
            if (encoding != null) {
                encoding.decode(rows, rows, rows.length / encoding.width());
            }
        }

        @Override
        public <T> T whileOpen(Supplier<T> work) {
            return use.reading(work::get);
        }
    }
}
