package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.guidance.ClassifierGuidance;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.metric.Estimate;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.ClassGradient;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Guide;
import org.tweedie.score.Instant;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeSampling;
import org.tweedie.train.Classes;
import org.tweedie.train.Conditioning;
import org.tweedie.train.CrossEntropy;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.Normaliser;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * A noisy classifier p(y | x_t, t) on the process and in the units of a score model, whose samples it guides: a network of x_t and t with an output a
 * class, trained by {@link CrossEntropy}. Lives on one device.
 *
 * <p>Thread safety: any number of threads may classify or guide at once; training and closing wait for those that classify and keep others out. A
 * sampler that it guides does not: it must stay open and untrained while rows are sampled.
 */
public final class Classifier implements AutoCloseable {
    /** Rows that are classified at once. */
    private static final int PIECE = 4096;

    private final Device device;
    private final Sde process;
    private final Architecture architecture;
    private final Network network;
    private final List<String> names;
    private final Optional<Encoding> encoding;
    private final TrainedUse use;
    private volatile Dataset.Port columns;
    private volatile Map<String, String> provenance;

    /** @param encoding of rows of data; nothing where they are as the process sees them */
    Classifier(
            Device device,
            Sde process,
            Architecture architecture,
            Network network,
            Dataset.Port columns,
            Optional<Encoding> encoding,
            List<String> names,
            Map<String, String> provenance) {
        this.device = device;
        this.process = process;
        this.architecture = architecture;
        this.network = network;
        this.columns = columns;
        this.encoding = encoding;
        this.names = List.copyOf(names);
        this.provenance = ordered(provenance);
        this.use = new TrainedUse("this classifier", network.parameters().values()::close);
    }

    private static Map<String, String> ordered(Map<String, String> facts) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /**
     * An untrained classifier on the process, in the units and on the device of a score model.
     *
     * @param like of the classes it is to tell apart, with as many columns of x as the model
     * @param seed of the initial weights
     * @throws IllegalArgumentException if the model is of other columns, or its rows have velocities
     */
    public static Classifier create(ScoreModel model, Architecture architecture, Classes like, long seed) {
        Sde process = model.sde();
        if (!like.rows().port(Dataset.X).matches(model.columns())) {
            throw new IllegalArgumentException("the model's rows have the columns " + model.columns()
                    + ", those of the classes "
                    + like.rows().port(Dataset.X).columns() + "; choose the model's, in its order");
        }
        return create(
                process,
                Optional.ofNullable(model.encodings().get(Dataset.X)),
                architecture,
                like,
                seed,
                model.device());
    }

    /** An untrained classifier of rows as the process sees them, beside a score that is known. */
    public static Classifier create(Sde process, Architecture architecture, Classes like, long seed, Device device) {
        int width = like.rows().port(Dataset.X).width();
        return create(process.on(Space.euclidean(width)), Optional.empty(), architecture, like, seed, device);
    }

    private static Classifier create(
            Sde process,
            Optional<Encoding> encoding,
            Architecture architecture,
            Classes like,
            long seed,
            Device device) {
        Dataset.Port columns = like.rows().port(Dataset.X);
        Signature signature = signature(columns, like.names());
        return new Classifier(
                device,
                process,
                architecture,
                architecture.create(signature, Prediction.DENOISED, seed, device),
                columns,
                encoding,
                like.names(),
                Map.of("seed", Long.toString(seed)));
    }

    /** x to an output a class. */
    static Signature signature(Dataset.Port columns, List<String> names) {
        return new Signature(
                List.of(new Signature.Port(Dataset.X, Space.euclidean(columns.width()))),
                List.of(new Signature.Port("out", Space.euclidean(names.size()))));
    }

    /** Reads a classifier's file onto a device. */
    public static Classifier load(Path file, Device device) throws IOException {
        return ClassifierFile.read(file, ReadLimits.defaults(), device);
    }

    /** Writes its file; an existing file is not replaced. */
    public void save(Path file) throws IOException {
        save(Output.to(file));
    }

    /** Writes its file. */
    public void save(Output output) throws IOException {
        use.reading(() -> {
            ClassifierFile.write(output, this);
            return output;
        });
    }

    /** Trains on the rows of classes from the present weights. */
    public TrainResult train(Classes data, TrainSpec spec) {
        try {
            return train(data, spec, TrainListener.NONE, new CancelToken(), null, false);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Trains on the rows of classes; afterwards the classifier holds the running mean of the weights. Times are uniform in log-SNR, whatever the spec
     * says of them and of weighting: a class is decided at the great noise levels, which a score's lognormal times hardly see. Where training fails the classifier
     * stays as it was; where the device fails in the very moment of taking the new weights, it refuses all further use.
     *
     * @param cancel finishes the step, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     * @throws IllegalArgumentException if the classes are others, or the checkpoint is of other data or settings
     */
    public TrainResult train(
            Classes data,
            TrainSpec spec,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException {
        return use.writing(() -> {
            CrossEntropy objective = objective(data, spec);
            Optional<Checkpoint> newest = Resumption.newest(checkpoints, resume);
            try (Trainer trainer = Trainer.open(objective, encoded(data), spec, device)) {
                newest.ifPresent(trainer::restore);
                TrainResult result = trainer.run(listener, cancel, checkpoints);
                return use.replacing(() -> {
                    trainer.copyMean(0, network.parameters().values());
                    columns = data.rows().port(Dataset.X);
                    provenance = ordered(ScoreModel.provenance(provenance, data.rows(), spec, result, device));
                    return result;
                });
            }
        });
    }

    /**
     * What {@link #train} makes small.
     *
     * @throws IllegalArgumentException if the classes are others, or the spec asks for another objective or for conditions dropped or noised
     */
    public CrossEntropy objective(Classes data, TrainSpec spec) {
        if (!data.names().equals(names)) {
            throw new IllegalArgumentException(
                    "the classifier tells the classes " + names + " apart, the data have " + data.names());
        }
        if (spec.slices().isPresent() || !spec.conditioning().equals(Conditioning.CLEAN)) {
            throw new IllegalArgumentException("a classifier learns by cross-entropy and has no conditions; got "
                    + spec.slices().map(slices -> slices + " score matching").orElse("conditions ")
                    + (spec.slices().isPresent() ? "" : spec.conditioning()));
        }
        CrossEntropy objective = objective(spec);
        objective.check(data.rows());
        return objective;
    }

    private CrossEntropy objective(TrainSpec spec) {
        return new CrossEntropy(
                network, parametrisation(), TimeSampling.IMPORTANCE, spec.evenTimes() ? spec.batch() : 0);
    }

    private Dataset encoded(Classes data) {
        return encoding.map(of -> data.rows().encoded(Map.of(Dataset.X, of))).orElse(data.rows());
    }

    /** What training on those rows would take; nothing is changed. */
    public Trainer.Estimate estimate(Classes data, TrainSpec spec) {
        return use.reading(() -> Trainer.estimate(objective(data, spec), encoded(data), spec, device));
    }

    /**
     * Steers a sampler to a class: {@code weight} grad_x ln p(y | x_t) is added to the score. The sampler is that of a model with this process and
     * these units; another is refused when the sampler is made ready.
     *
     * @param name of the class
     * @throws IllegalArgumentException if there is no such class, or the weight is not finite
     */
    public Guide guidance(String name, double weight) {
        use.require();
        if (!names.contains(name)) {
            throw Spelling.unknown("class", name, names);
        }
        return new TowardClass(
                process.spec(),
                columns.width(),
                encoding,
                ClassifierGuidance.of(new ClassGradient(network, parametrisation(), names.indexOf(name)), weight));
    }

    /** Refuses what is of another process or of other units, and guides the rest. */
    private record TowardClass(String process, int width, Optional<Encoding> encoding, ClassifierGuidance guidance)
            implements Guide {
        private static final int LONGEST_SPEC = 120;

        @Override
        public Guided on(Target target) {
            if (target.scale().length != width) {
                throw new IllegalArgumentException(
                        "the classifier knows rows of " + width + " numbers, the model's have " + target.scale().length
                                + "; train a classifier for this model");
            }
            Guided guided = guidance.on(target);
            if (!target.process().spec().equals(process)) {
                throw new IllegalArgumentException("the classifier knows rows noised by " + begin(process)
                        + ", the model's are noised by "
                        + begin(target.process().spec()) + "; train a classifier for this model");
            }
            double[] ones = new double[target.scale().length];
            Arrays.fill(ones, 1);
            Encoding units = new Normaliser(target.shift(), target.scale());
            Encoding own = encoding.orElseGet(() -> new Normaliser(new double[ones.length], ones));
            if (!own.spec().equals(units.spec())) {
                throw new IllegalArgumentException("the classifier knows rows in the units " + begin(own.spec())
                        + ", the model's are " + begin(units.spec()) + "; train a classifier for this model");
            }
            return guided;
        }

        /** What a message has room for: a process that learned has a number for each of its knots. */
        private static String begin(String spec) {
            return spec.length() <= LONGEST_SPEC ? spec : spec.substring(0, LONGEST_SPEC) + "...";
        }

        @Override
        public String spec() {
            return guidance.spec();
        }
    }

    /**
     * ln p(y | x_t, t) of each class.
     *
     * @param noisy rows x_t as the process sees them at t, in its units, row-major
     * @param t a time of the process, from its cutoff to its horizon
     * @return a row of as many numbers as there are classes for each
     */
    public float[] logProbabilities(float[] noisy, double t) {
        int width = columns.width();
        if (noisy.length % width != 0) {
            throw new IllegalArgumentException(
                    noisy.length + " numbers are no rows of " + width + ", the width of the classifier");
        }
        if (!(t >= process.cutoff() && t <= process.horizon())) {
            throw new IllegalArgumentException("times of " + process.spec() + " are " + process.cutoff() + " to "
                    + process.horizon() + ", got " + t);
        }
        return use.reading(() -> {
            int rows = noisy.length / width;
            int most = Math.max(1, Math.min(rows, PIECE));
            float[] all = new float[Math.multiplyExact(rows, names.size())];
            try (Stream stream = device.stream();
                    RowSet set = RowSet.on(device);
                    DeviceBuffer x = device.allocate(Element.F32, (long) most * width);
                    DeviceBuffer gradient = device.allocate(Element.F32, (long) most * width);
                    DeviceBuffer out = device.allocate(Element.F32, (long) most * names.size());
                    Evaluator evaluator = new ClassGradient(network, parametrisation(), 0).open(device, most)) {
                for (int at = 0; at < rows; at += most) {
                    int count = Math.min(most, rows - at);
                    set.assign(stream, 0, at, count);
                    stream.upload(noisy, at * width, x, 0, count * width);
                    evaluator.evaluate(
                            stream,
                            set,
                            List.of(View.rows(x, width)),
                            Instant.at(t),
                            List.of(View.rows(gradient, width), View.rows(out, names.size())));
                    stream.download(out, 0, all, at * names.size(), count * names.size());
                    stream.synchronize();
                }
            }
            return all;
        });
    }

    /**
     * The share of rows whose likeliest class, at the process's cutoff, where next to no noise is, is their own.
     *
     * @param data in the units of the data
     */
    public Estimate accuracy(Classes data) {
        if (!data.names().equals(names)) {
            throw new IllegalArgumentException(
                    "the classifier tells the classes " + names + " apart, the data have " + data.names());
        }
        Dataset rows = encoded(data);
        float[] x = rows.values(Dataset.X);
        double alpha = process.alpha(process.cutoff());
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (alpha * x[i]);
        }
        float[] of = logProbabilities(x, process.cutoff());
        float[] label = rows.values(Classes.LABEL);
        int right = 0;
        for (int r = 0; r < rows.rows(); r++) {
            int best = 0;
            for (int k = 1; k < names.size(); k++) {
                best = of[r * names.size() + k] > of[r * names.size() + best] ? k : best;
            }
            right += best == (int) label[r] ? 1 : 0;
        }
        return Estimate.ofShare(right, rows.rows());
    }

    public Device device() {
        return device;
    }

    /** The process that noises the rows. */
    public Sde process() {
        return process;
    }

    public Architecture architecture() {
        return architecture;
    }

    /** The network; its weights belong to this classifier. */
    public Network network() {
        return network;
    }

    /** The names of the classes, in the order of the network's outputs. */
    public List<String> classes() {
        return names;
    }

    /** Names of the columns of a row. */
    public List<String> columns() {
        return columns.columns();
    }

    /** What takes rows of data to the units of the process; nothing where they are in them. */
    public Optional<Encoding> encoding() {
        return encoding;
    }

    /** How the classifier was made. */
    public Map<String, String> provenance() {
        return provenance;
    }

    /** The weights, laid out as {@link org.tweedie.score.Parameters} says. */
    public float[] weights() {
        return use.reading(() -> {
            float[] weights = new float[Math.toIntExact(network.parameters().count())];
            try (Stream stream = device.stream()) {
                stream.download(network.parameters().values(), 0, weights, 0, weights.length);
            }
            return weights;
        });
    }

    Dataset.Port port() {
        return columns;
    }

    private Parametrisation parametrisation() {
        return Parametrisation.preconditioned(process, network.prediction(), 1);
    }

    @Override
    public void close() {
        use.close();
    }
}
