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
import org.tweedie.rng.Law;
import org.tweedie.score.Architecture;
import org.tweedie.score.Directional;
import org.tweedie.score.Divergence;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.BlockFold;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.GridShape;
import org.tweedie.sde.Method;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.NonUniformSde;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.UniPc;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.EncodingChain;
import org.tweedie.train.HaarPyramid;
import org.tweedie.train.NonUniformMatching;
import org.tweedie.train.Normaliser;
import org.tweedie.train.Objective;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * A score model of blocks that move each at its own speed (Batzolis et al., arXiv 2207.09786): a network for each interval of the clock, of what
 * lives there. Blocks are columns, or with a {@link HaarPyramid} the scales of a row or an image: the finest details are noise first and are
 * sampled last, so that most of the way is walked in few coordinates. Lives on one device.
 *
 * <p>It has a likelihood and latent rows, by the flow of every interval in turn, and classifier-free guidance.
 *
 * <p>Thread safety: any number of threads may sample at once; training and closing wait for them and keep others out.
 */
public final class NonUniformModel implements Model {
    /** The spec of a process of scales: {@code haar:3,8x8}. */
    private static final String SCALES = HaarPyramid.HAAR + ":";

    private final Device device;
    private final NonUniformSde process;
    private final Optional<HaarPyramid> pyramid;
    private final Architecture architecture;
    private final List<Network> networks;
    private final TrainedUse use;
    private volatile List<Dataset.Port> ports;
    private volatile Map<String, Encoding> encodings;
    private volatile Map<String, String> provenance;

    NonUniformModel(
            Device device,
            NonUniformSde process,
            Optional<HaarPyramid> pyramid,
            Architecture architecture,
            List<Network> networks,
            List<Dataset.Port> ports,
            Map<String, Encoding> encodings,
            Map<String, String> provenance) {
        this.device = device;
        this.process = process;
        this.pyramid = pyramid;
        this.architecture = architecture;
        this.networks = List.copyOf(networks);
        this.use = new TrainedUse(
                "this model",
                () -> networks.forEach(network -> network.parameters().values().close()));
        this.ports = List.copyOf(ports);
        this.encodings = Map.copyOf(encodings);
        this.provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
    }

    /** Whether a process is one for this kind of model: {@code nonuniform:...} or {@code haar:DEPTH,HEIGHTxWIDTH}. */
    public static boolean is(String process) {
        return NonUniformSde.is(process) || process.strip().startsWith(SCALES);
    }

    /**
     * An untrained model of rows like these.
     *
     * @param process {@code nonuniform:2*vp/1*vp:0.1,10}, or {@code haar:DEPTH,HEIGHTxWIDTH} for the scales of an image of so many columns,
     *     {@code haar:DEPTH,1xWIDTH} for those of a row
     * @param seed of the initial weights
     */
    public static NonUniformModel create(
            String process, Architecture architecture, Dataset like, long seed, Device device) {
        return process.strip().startsWith(SCALES)
                ? create(HaarPyramid.parse(process.strip()), architecture, like, seed, device)
                : create(NonUniformSde.parse(process), architecture, like, seed, device);
    }

    /**
     * The process of a spec that {@link #is} one.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static NonUniformSde parse(String process) {
        return process.strip().startsWith(SCALES)
                ? HaarPyramid.parse(process.strip()).process()
                : NonUniformSde.parse(process);
    }

    /** An untrained model of rows like these, whose columns are the process's blocks in their order. */
    public static NonUniformModel create(
            NonUniformSde process, Architecture architecture, Dataset like, long seed, Device device) {
        return create(process, Optional.empty(), architecture, like.ports(), seed, device);
    }

    /** An untrained model of the scales of rows like these. */
    public static NonUniformModel create(
            HaarPyramid pyramid, Architecture architecture, Dataset like, long seed, Device device) {
        return create(pyramid.process(), Optional.of(pyramid), architecture, like.ports(), seed, device);
    }

    private static NonUniformModel create(
            NonUniformSde process,
            Optional<HaarPyramid> pyramid,
            Architecture architecture,
            List<Dataset.Port> ports,
            long seed,
            Device device) {
        if (ports.get(0).width() != process.space().width()) {
            throw new IllegalArgumentException("a row has "
                    + ports.get(0).width() + " columns " + ports.get(0).columns() + ", the process "
                    + pyramid.map(HaarPyramid::spec).orElse(process.spec()) + " is of "
                    + process.space().width());
        }
        List<Network> networks = new ArrayList<>();
        try {
            for (int i = 0; i < process.intervals(); i++) {
                networks.add(architecture.create(signature(process, i, ports), Prediction.DENOISED, seed + i, device));
            }
            return new NonUniformModel(
                    device,
                    process,
                    pyramid,
                    architecture,
                    networks,
                    ports,
                    Map.of(),
                    Map.of("seed", Long.toString(seed)));
        } catch (RuntimeException | Error e) {
            networks.forEach(network -> network.parameters().values().close());
            throw e;
        }
    }

    /** The inputs and the output of the network of an interval: each block that lives, then the conditions, to all blocks side by side. */
    static Signature signature(NonUniformSde process, int interval, List<Dataset.Port> ports) {
        List<Signature.Port> from = new ArrayList<>();
        for (int b : process.alive(interval)) {
            NonUniformSde.Block block = process.blocks().get(b);
            from.add(new Signature.Port("x." + block.name(), block.sde().space()));
        }
        for (Dataset.Port port : ports.subList(1, ports.size())) {
            from.add(new Signature.Port(port.name(), Space.euclidean(port.width())));
        }
        return new Signature(from, List.of(new Signature.Port("out", Space.euclidean(process.width(interval)))));
    }

    /** Reads a model file onto a device. */
    public static NonUniformModel load(Path file, Device device) throws IOException {
        return NonUniformFile.read(file, ReadLimits.defaults(), device);
    }

    /** Writes the model file; an existing file is not replaced. */
    public void save(Path file) throws IOException {
        save(Output.to(file));
    }

    @Override
    public void save(Output output) throws IOException {
        use.reading(() -> {
            NonUniformFile.write(output, this);
            return output;
        });
    }

    /** Trains on the data's rows from the model's present weights. */
    public TrainResult train(Dataset data, TrainSpec spec) {
        try {
            return train(data, spec, TrainListener.NONE, new CancelToken(), null, false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

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
            Objective objective = objective(data, spec);
            Map<String, Encoding> fitted = fit(data);
            Optional<Checkpoint> newest = Resumption.newest(checkpoints, resume);
            try (Trainer trainer = Trainer.open(objective, data.encoded(fitted), spec, device)) {
                newest.ifPresent(trainer::restore);
                TrainResult result = trainer.run(listener, cancel, checkpoints);
                return use.replacing(() -> {
                    for (int i = 0; i < networks.size(); i++) {
                        trainer.copyMean(i, networks.get(i).parameters().values());
                    }
                    ports = data.ports();
                    encodings = Map.copyOf(fitted);
                    provenance =
                            Collections.unmodifiableMap(ScoreModel.provenance(provenance, data, spec, result, device));
                    return result;
                });
            }
        });
    }

    /** Haar's scales, where there are any, then each coordinate to mean 0 and deviation 1; conditions too. */
    private Map<String, Encoding> fit(Dataset data) {
        Map<String, Encoding> fitted = new LinkedHashMap<>();
        Dataset scales = pyramid.isPresent() ? data.encoded(Map.of(Dataset.X, pyramid.get())) : data;
        for (Dataset.Port port : data.ports()) {
            Encoding own = Normaliser.fit(scales, port.name()).normaliser();
            boolean chained = pyramid.isPresent() && port.name().equals(Dataset.X);
            fitted.put(port.name(), chained ? new EncodingChain(List.of(pyramid.get(), own)) : own);
        }
        return fitted;
    }

    /**
     * What {@link #train} makes small: of the spec its weighting counts, not its time sampling, which is uniform in the mean log-SNR of what lives
     * in an interval.
     *
     * @throws IllegalArgumentException if the data do not fit, or the spec asks for another objective or for noised conditions
     */
    public Objective objective(Dataset data, TrainSpec spec) {
        Objective objective = objective(spec);
        objective.check(data);
        return objective;
    }

    private Objective objective(TrainSpec spec) {
        if (spec.slices().isPresent()) {
            throw new IllegalArgumentException(
                    "blocks that move each at its own speed are learned by denoising, not by implicit or sliced score matching");
        }
        if (spec.conditioning().noise().isPresent()) {
            throw new IllegalArgumentException("blocks that move each at its own speed take conditions as they are, or"
                    + " dropped, not " + spec.conditioning());
        }
        return new NonUniformMatching(process, networks, spec.weighting(), spec.evenTimes() ? spec.batch() : 0)
                .under(spec.conditioning());
    }

    @Override
    public Trainer.Estimate estimate(Dataset data, TrainSpec spec) {
        return use.reading(() -> Trainer.estimate(objective(data, spec), data.encoded(fit(data)), spec, device));
    }

    @Override
    public Map<String, String> explainTraining(TrainSpec spec) {
        return use.reading(() -> Trainer.explain(objective(spec), spec, device));
    }

    /** Samples by a method along the process's grid; {@link Sampler#steps} sets how many steps, of all intervals together. */
    public Sampler sampler(Method method) {
        use.require();
        return new Sampler(new Source(), method);
    }

    @Override
    public Sampler sampler(MethodSpec spec) {
        return sampler(spec.method()).grid(spec.grid(process));
    }

    /** Log-densities of rows under this model, by its probability-flow ODE, interval after interval. */
    @Override
    public Likelihood likelihood() {
        return new Likelihood(new Source());
    }

    @Override
    public LatentMap latentMap() {
        return new LatentMap(new Source());
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public NonUniformSde process() {
        return process;
    }

    /** The scales that the blocks are, where they are no columns. */
    public Optional<HaarPyramid> pyramid() {
        return pyramid;
    }

    /** The networks' architecture. */
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public List<Network> networks() {
        return networks;
    }

    @Override
    public List<Dataset.Port> ports() {
        return ports;
    }

    @Override
    public List<String> columns() {
        return ports.get(0).columns();
    }

    @Override
    public Map<String, Encoding> encodings() {
        return encodings;
    }

    @Override
    public Map<String, String> provenance() {
        return provenance;
    }

    @Override
    public void note(Map<String, String> facts) {
        use.writing(() -> {
            Map<String, String> more = new LinkedHashMap<>(provenance);
            more.putAll(facts);
            provenance = Collections.unmodifiableMap(more);
            return more;
        });
    }

    /** The weights of a network. */
    float[] weights(int i) {
        return use.reading(() -> {
            float[] weights =
                    new float[Math.toIntExact(networks.get(i).parameters().count())];
            try (Stream stream = device.stream()) {
                stream.download(networks.get(i).parameters().values(), 0, weights, 0, weights.length);
            }
            return weights;
        });
    }

    /** How the networks stand in plans and files. */
    BlockFold fold() {
        return new BlockFold(process, networks.get(0).prediction(), 1, ScoreModel.NETWORK);
    }

    @Override
    public void close() {
        use.close();
    }

    private final class Source implements LatentSource {
        @Override
        public Device device() {
            return device;
        }

        @Override
        public List<String> columns() {
            return NonUniformModel.this.columns();
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            return new MethodSpec(method, steps).grid(process);
        }

        @Override
        public Program program(Method method, TimeGrid grid, List<Guide> guides) {
            return scores().program(process.plan(method, grid), guides, this::target);
        }

        /** Third order: that of {@link ScoreModel}'s, with steps for every interval. */
        @Override
        public MethodSpec latentMethod() {
            return new MethodSpec(new UniPc(3), 100);
        }

        @Override
        public Plan flow(Method method, TimeGrid grid) {
            return process.flow(method, grid);
        }

        @Override
        public Program scored(Plan plan) {
            return scores().program(plan, List.of(), this::target);
        }

        private ScoreNetworks scores() {
            List<ScoreNetworks.Part> parts = new ArrayList<>();
            for (int i = 0; i < networks.size(); i++) {
                int interval = i;
                parts.add(new ScoreNetworks.Part(
                        process.field(i),
                        fold().network(i),
                        networks.get(i),
                        process.alive(i).size(),
                        (score, network) -> fold().fold(interval, score, network)));
            }
            return new ScoreNetworks(parts, Optional.empty());
        }

        /** In the units of the process: none of what steers blocks asks for others. */
        private Guide.Target target() {
            double[] ones = new double[process.space().width()];
            Arrays.fill(ones, 1);
            return new Guide.Target(process, new double[ones.length], ones, () -> {
                throw new IllegalStateException("no guide of blocks asks for the score of whole rows");
            });
        }

        @Override
        public int flowSteps() {
            return 100;
        }

        @Override
        public TimeGrid rising(int steps) {
            return process.grid(GridShape.LOGSNR, steps).reversed();
        }

        @Override
        public Plan density(Optional<Law> probe, TimeGrid grid) {
            return new FlowDensity(probe).plan(process, grid);
        }

        @Override
        public Program derivatives(Plan plan) {
            Map<String, Field> fields = new HashMap<>();
            ScoreNetworks scores = scores();
            Plan folded = plan;
            for (int i = 0; i < networks.size(); i++) {
                Network joined = joined(i, scores.parts().get(i).conditions());
                String score = process.field(i);
                String network = fold().network(i);
                ScoreNetworks.Part part = scores.parts().get(i);
                folded = scores.conditions(part, FlowDensity.divergence(score)).steer(folded);
                folded = scores.conditions(part, FlowDensity.tangent(score)).steer(folded);
                fields.put(FlowDensity.divergence(network), new Divergence(joined, process.widths(i)));
                fields.put(FlowDensity.tangent(network), new Directional(joined));
            }
            folded = fold().derivatives().steer(folded);
            fields.keySet().retainAll(folded.fields());
            return Program.of(folded, fields);
        }

        /** The network of an interval with its blocks as one input: weights count inputs side by side. */
        private Network joined(int interval, List<Signature.Port> conditions) {
            Network network = networks.get(interval);
            Signature signature = Signature.over(process.width(interval), conditions.toArray(Signature.Port[]::new));
            return architecture.network(signature, network.prediction(), network.parameters());
        }

        /** That of the coordinate's block. */
        @Override
        public double priorDeviation(int coordinate) {
            int end = 0;
            for (NonUniformSde.Block block : process.blocks()) {
                end += block.width();
                if (coordinate < end) {
                    return block.sde().priorDeviation();
                }
            }
            throw new IllegalArgumentException("a row has " + end + " coordinates, got " + coordinate);
        }

        @Override
        public double logVolume(TimeGrid grid) {
            double sum = 0;
            for (NonUniformSde.Block block : process.blocks()) {
                Sde sde = block.sde();
                sum += block.width() * StrictMath.log(sde.alpha(sde.horizon()) / sde.alpha(grid.t(0)));
            }
            return sum;
        }

        @Override
        public double logDeterminant(float[] row, int index, Map<String, GivenRows> given) {
            Encoding encoding = encodings.get(Dataset.X);
            return encoding == null ? 0 : encoding.logDeterminant(row);
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
