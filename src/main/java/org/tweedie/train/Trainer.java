package org.tweedie.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.kernels.Adam;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.sde.Noising;
import org.tweedie.train.TrainResult.Outcome;

/**
 * Runs an objective's steps: rows of the step, gradient, Adam with a running mean of the weights. Row j of step k, from 1, is sample {@code (k - 1) batch + j}:
 * its data row, time and noise follow from that number and the seed, so the same seed gives the same bits with any number of
 * threads, and a run that stops and resumes gives the bits of one that does not.
 *
 * <p>For one thread.
 */
public final class Trainer implements AutoCloseable {
    /** Losses that wait for a look at the device. */
    private static final int RING = 1024;

    private static final double TOLD_EVERY = 0.2;

    /** Steps that an estimate may take where training takes fewer. */
    private static final long LEAST_TIMED = 200;

    /** Steps after which the host's compiler has seen a step often enough, and nanoseconds that they may take at most. */
    private static final long WARMING = 64;

    private static final long LONGEST = 20_000_000_000L;

    /** Nanoseconds of an estimate for the compiler to be done in, and of what is timed then. */
    private static final long SETTLING = 2_000_000_000L;

    private static final long TIMING = 1_000_000_000L;

    private final TrainSpec spec;
    private final Objective objective;
    private final String dataHash;
    private final Closing owned = new Closing();
    private final Stream stream;
    private final List<Learner> learners = new ArrayList<>();
    private final DeviceBuffer control;
    private final DeviceBuffer history;
    private final Steps steps;
    private final Optional<ProcessLearner> process;
    private final long bytes;

    private long step;
    private double smoothLoss = Double.NaN;
    private LossCurve curve = new LossCurve();

    /** The steps of a trainer that is being opened. */
    private interface Stepping {
        Steps open(Trainer trainer, Objective ours);
    }

    private Trainer(
            Objective objective,
            String dataHash,
            TrainSpec spec,
            Device device,
            Stepping stepping,
            Function<Objective, Optional<ProcessLearner>> beside) {
        this.spec = spec;
        this.objective = objective;
        this.dataHash = dataHash;
        long before = device.allocatedBytes();
        try {
            stream = owned.add(device.stream());
            for (Network network : objective.learns()) {
                learners.add(new Learner(network, device, stream, owned));
            }
            control = owned.add(Adam.control(stream));
            history = floats(device, 2 * RING);
            Objective ours =
                    objective.with(learners.stream().map(Learner::weights).toList());
            steps = owned.add(stepping.open(this, ours));
            process = beside.apply(ours).map(owned::add);
            stream.synchronize();
            bytes = device.allocatedBytes() - before;
        } catch (OutOfDeviceMemoryException e) {
            long held = Math.max(0, device.allocatedBytes() - before);
            owned.close();
            throw e.during(
                    "training with batches of " + spec.batch() + " rows",
                    held,
                    "use a smaller batch or network, or close what else holds this device's memory: a batch cannot be split,"
                            + " for the sums over its rows would be others");
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private DeviceBuffer floats(Device device, long count) {
        return owned.add(device.allocate(Element.F32, count));
    }

    /** Steps on the rows of a data set, which lies on the device. */
    private Steps steps(Objective ours, Dataset data) {
        Optional<Feed.Source> made = ours.feed(data, spec);
        if (made.isPresent()) {
            return steps(ours, made.get().open(stream, spec.batch()));
        }
        DeviceBuffer table = floats(stream.device(), data.values().length);
        stream.upload(data.values(), 0, table, 0, data.values().length);
        return ResidentSteps.refusal(ours, spec, stream.device()).isEmpty()
                ? resident(ours, new NoisedRows((Regression) ours, data, table, stream))
                : steps(ours, new TableFeed(data, table, stream.device(), spec.batch()));
    }

    private Steps resident(Objective ours, ResidentRows rows) {
        return new ResidentSteps(
                (MlpNetwork) ours.learns().get(0), spec, rows, learners.get(0), control, history, stream);
    }

    private Steps steps(Objective ours, Feed feed) {
        Optional<Feed.Table> table = feed.table();
        if (table.isPresent()
                && ours instanceof PairRegression pairs
                && ResidentSteps.refusal(ours, spec, stream.device()).isEmpty()) {
            return resident(ours, new FedPairs(pairs, feed, table.get(), stream));
        }
        return new GraphSteps(ours, spec, feed, learners, control, history, stream);
    }

    /**
     * What training would run on a device, and why not the rest: the first that is taken runs.
     *
     * @return for each way, by what it is called, why it is declined, or what it takes: kernels, registers and shared memory
     */
    public static Map<String, String> explain(Objective objective, TrainSpec spec, Device device) {
        Map<String, String> ways = new LinkedHashMap<>();
        ways.put("many steps a launch, bf16", ResidentSteps.explain(objective, spec, device));
        ways.put("three kernels a step, bf16", FusedRegressionGradient.explain(objective, spec, device));
        ways.put("tiles in cache, f32", FusedRegressionGradient.explainTiles(objective, spec, device));
        ways.put("a launch a layer, f32", "has the bits of every other device");
        return ways;
    }

    /**
     * Opens a trainer at step 0, with the weights that the objective's networks have now; those stay as they are.
     *
     * @param data rows as the process sees them (encoded)
     * @throws IllegalArgumentException if the objective cannot learn from the data
     * @throws OutOfDeviceMemoryException if a step does not fit; says what it needs and what is free
     */
    public static Trainer open(Objective objective, Dataset data, TrainSpec spec, Device device) {
        objective.check(data);
        return new Trainer(
                objective,
                data.hash(),
                spec,
                device,
                (trainer, ours) -> trainer.steps(ours, data),
                ours -> ours.processLearner(data, spec, device));
    }

    /**
     * The same with rows that a feed brings. A process that learns stays as it is: it learns from a data set.
     *
     * @throws OutOfDeviceMemoryException if a step does not fit; says what it needs and what is free
     */
    public static Trainer open(Objective objective, Feed.Source rows, TrainSpec spec, Device device) {
        return new Trainer(
                objective,
                rows.hash(),
                spec,
                device,
                (trainer, ours) -> trainer.steps(ours, rows.open(trainer.stream, spec.batch())),
                ours -> Optional.empty());
    }

    /** Steps done. */
    public long step() {
        return step;
    }

    /** The numbers that the gradient's products are of: {@code f32} or {@code bf16}. */
    public String products() {
        return steps.products();
    }

    /** What computes the gradient, for a person: its products first, and why they are not those that were allowed. */
    public String how() {
        return steps.how();
    }

    /** Bytes that this trainer holds on its device. */
    public long deviceBytes() {
        return bytes;
    }

    /** The running mean of the weights of the objective's i-th network: what training is for. Lives as long as the trainer. */
    public Parameters mean(int i) {
        return learners.get(i).mean();
    }

    /** The weights of the last step of the objective's i-th network. Lives as long as the trainer. */
    public Parameters weights(int i) {
        return learners.get(i).weights();
    }

    /** The process as it is now, where it learns beside the networks; nothing where it is fixed. */
    public Optional<Noising> process() {
        return process.map(ProcessLearner::process);
    }

    /** Copies the running mean of the i-th network's weights into a buffer on the same device, and waits for it. */
    public void copyMean(int i, DeviceBuffer into) {
        stream.copy(mean(i).values(), 0, into, 0, mean(i).count());
        stream.synchronize();
    }

    /**
     * Runs the steps that are left, without checkpoints.
     *
     * @param cancel checked before each step
     */
    public TrainResult run(TrainListener listener, CancelToken cancel) {
        try {
            return run(listener, cancel, (Saving) null);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written without a directory", e);
        }
    }

    /**
     * Runs the steps that are left. A checkpoint is written every so many steps, at the last one, and when cancelled.
     *
     * @param into where checkpoints go, or null
     */
    public TrainResult run(TrainListener listener, CancelToken cancel, @Nullable CheckpointDirectory into)
            throws IOException {
        Saving saving = into == null ? null : into::save;
        return run(listener, cancel, saving);
    }

    /** The same; checkpoints go where the caller says. */
    public TrainResult run(TrainListener listener, CancelToken cancel, @Nullable Saving into) throws IOException {
        return new Loop(listener, cancel, into).run();
    }

    /** What becomes of a checkpoint. For one thread at a time, the one that trains. */
    @FunctionalInterface
    public interface Saving {
        /**
         * Keeps the state after {@code step}.
         *
         * @return the file it is in
         */
        Path save(long step, Checkpoint checkpoint) throws IOException;
    }

    /** One call of run. */
    private final class Loop {
        private final TrainListener listener;
        private final CancelToken cancel;
        private final @Nullable Saving into;
        private final long began = System.nanoTime();
        private final long firstStep = step;
        private double told;
        private double lastLoss = Double.NaN;
        private double lastNorm = Double.NaN;
        private @Nullable Path saved;

        Loop(TrainListener listener, CancelToken cancel, @Nullable Saving into) {
            this.listener = listener;
            this.cancel = cancel;
            this.into = into;
        }

        TrainResult run() throws IOException {
            listener.opened(how());
            long queued = step;
            while (queued < spec.steps()) {
                boolean stop = cancel.isCancelled();
                if (!stop) {
                    queued = queue(queued);
                }
                boolean due = queued % spec.checkpointEvery() == 0 || queued == spec.steps();
                boolean moves = !stop && process.isPresent() && spec.process().due(queued, spec.steps());
                if (!stop && !due && !moves && queued - step < steps.look()) {
                    continue;
                }
                if (!look(queued)) {
                    return result(Outcome.NOT_FINITE, notFinite());
                }
                if (moves) {
                    move(queued);
                }
                if (stop || due) {
                    save();
                }
                tell(stop || queued == spec.steps());
                if (stop) {
                    return result(Outcome.CANCELLED, "stopped after step " + step + " of " + spec.steps());
                }
            }
            return result(Outcome.FINISHED, "all " + spec.steps() + " steps done");
        }

        /** Queues some of the steps after {@code done}, not past the next checkpoint; the last of them. */
        private long queue(long done) {
            long checkpoint = (done / spec.checkpointEvery() + 1) * spec.checkpointEvery();
            long until = Math.min(Math.min(checkpoint, spec.steps()), done + steps.atOnce(done + 1));
            if (process.isPresent()) {
                long every = spec.process().every();
                until = Math.min(until, (done / every + 1) * every);
            }
            steps.queue(stream, done + 1, (int) (until - done));
            return until;
        }

        private void move(long k) {
            process.ifPresent(learner -> steps.follow(stream, learner.step(stream, k)));
        }

        /** Waits for the steps queued and takes their losses; false if one was not finite. */
        private boolean look(long queued) {
            double[] scalars = new double[(int) control.count()];
            stream.download(control, 0, scalars, 0, scalars.length);
            steps.waited();
            long halted = (long) scalars[Adam.HALTED];
            long good = halted == 0 ? queued : halted - 1;
            float[] ring = new float[2 * RING];
            stream.download(history, 0, ring, 0, ring.length);
            for (long k = step + 1; k <= good; k++) {
                double loss = ring[(int) ((k - 1) % RING)];
                curve.add(loss);
                smoothLoss =
                        Double.isNaN(smoothLoss) ? loss : smoothLoss + Math.max(0.01, 1.0 / k) * (loss - smoothLoss);
            }
            step = good;
            lastLoss = scalars[Adam.LOSS];
            lastNorm = scalars[Adam.NORM];
            return halted == 0;
        }

        private String notFinite() {
            return "step " + (step + 1) + " was not finite (loss " + (float) lastLoss + ", norm of the gradient "
                    + (float) lastNorm
                    + "); the weights of step " + step + " are kept. Lower the learning rate (now " + spec.rate() + ")"
                    + (spec.clip() == 0 ? ", limit the norm of the gradient (clip 1)" : "")
                    + ", and look for outliers in the data";
        }

        /** Writing must not be cut short by the interrupt that asked for it. */
        private void save() throws IOException {
            if (into == null) {
                return;
            }
            boolean interrupted = Thread.interrupted();
            try {
                saved = into.save(step, checkpoint());
                listener.saved(step, saved);
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private void tell(boolean last) {
            double seconds = seconds();
            if (!last && seconds - told < TOLD_EVERY) {
                return;
            }
            told = seconds;
            double perSecond = (step - firstStep) / Math.max(1e-9, seconds);
            listener.at(new TrainListener.Progress(
                    step,
                    spec.steps(),
                    lastLoss,
                    smoothLoss,
                    lastNorm,
                    spec.rate(Math.max(1, step)),
                    perSecond * spec.batch(),
                    seconds,
                    perSecond == 0 ? Double.NaN : (spec.steps() - step) / perSecond));
        }

        private double seconds() {
            return (System.nanoTime() - began) / 1e9;
        }

        private TrainResult result(Outcome outcome, String message) {
            return new TrainResult(
                    outcome, step, smoothLoss, seconds(), curve.copy(), Optional.ofNullable(saved), message);
        }
    }

    /** The state between two steps: what {@link #restore} needs to go on to the same bits. */
    public Checkpoint checkpoint() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("settings", spec.settings());
        settings.put("objective", objective.spec());
        settings.put("data", dataHash);
        if (!products().equals("f32")) {
            settings.put("products", products());
        }
        settings.put("device", stream.device().name());
        settings.put("java", System.getProperty("java.vm.name", "") + " " + System.getProperty("java.version", ""));
        settings.put("tweedie", String.valueOf(Trainer.class.getPackage().getImplementationVersion()));
        Checkpoint checkpoint = new Checkpoint()
                .put("settings", settings)
                .put("progress", step, Double.doubleToRawLongBits(smoothLoss))
                .put("curve", curve.state());
        for (int i = 0; i < learners.size(); i++) {
            learners.get(i).save(stream, checkpoint, "network" + i);
        }
        process.ifPresent(learner -> learner.save(checkpoint));
        return checkpoint;
    }

    /**
     * Goes on from a checkpoint.
     *
     * @throws IllegalArgumentException if it is of other data, another objective or other settings; says which
     * @throws org.tweedie.io.MalformedFileException if it does not hold what a checkpoint of this objective holds
     */
    public void restore(Checkpoint checkpoint) {
        Map<String, String> settings = checkpoint.fields("settings");
        same("data", dataHash, settings.get("data"), "the rows or columns differ from those it was trained on");
        same("objective", objective.spec(), settings.get("objective"), "process, network or weighting differ");
        same("settings", spec.settings(), settings.get("settings"), "steps, batch, rates or seed differ");
        same(
                "products",
                products(),
                products(checkpoint),
                "the gradient's products were of other numbers; now it is " + how());
        long[] progress = checkpoint.longs("progress", 2);
        LossCurve restored = LossCurve.of(checkpoint.longs("curve", 2 + LossCurve.MOST));
        if (progress[0] < 0 || progress[0] > spec.steps() || restored.steps() != progress[0]) {
            throw new IllegalArgumentException("the checkpoint is at step " + progress[0] + " of " + spec.steps()
                    + " with " + restored.steps() + " losses");
        }
        for (int i = 0; i < learners.size(); i++) {
            learners.get(i).restore(stream, checkpoint, "network" + i);
        }
        process.ifPresent(learner -> steps.follow(stream, learner.restore(checkpoint)));
        stream.zero(control, 0, control.count());
        stream.synchronize();
        step = progress[0];
        smoothLoss = Double.longBitsToDouble(progress[1]);
        curve = restored;
    }

    /** The numbers that the products of a checkpoint's run are of. */
    public static String products(Checkpoint checkpoint) {
        return checkpoint.fields("settings").getOrDefault("products", "f32");
    }

    /**
     * The settings with the precision of a checkpoint's run, where none is asked for: a run goes on with what it began with.
     *
     * @throws IllegalArgumentException if another is asked for
     */
    public static TrainSpec resumed(TrainSpec spec, Checkpoint checkpoint) {
        String products = products(checkpoint);
        Precision began = products.equals("f32") ? Precision.F32 : Precision.BF16;
        if (spec.precision().isPresent() && spec.precision().get() != began) {
            throw new IllegalArgumentException("cannot resume: the run began with products of " + products
                    + ", and precision " + spec.precision().get().spec()
                    + " is asked for; ask for none, or for " + began.spec() + ", or train into another directory");
        }
        return spec.withPrecision(began);
    }

    private static void same(String what, String ours, @Nullable String theirs, String meaning) {
        if (!ours.equals(theirs)) {
            throw new IllegalArgumentException(
                    "cannot resume: " + meaning + ". Its " + what + ": " + theirs + "; given now: " + ours
                            + ". Resume with what it was started with, or train into another directory");
        }
    }

    /**
     * What training would take. Immutable.
     *
     * @param parameters weights of all networks
     * @param deviceBytes held on the device while training
     * @param secondsPerStep measured over a few steps
     * @param seconds for all steps, at that speed
     */
    public record Estimate(long parameters, long deviceBytes, double secondsPerStep, double seconds) {
        /** With the buffer that the trained weights go to, which lies on the device too. */
        public Estimate with(DeviceBuffer weights) {
            return new Estimate(parameters, deviceBytes + weights.bytes(), secondsPerStep, seconds);
        }
    }

    /** Opens a trainer, runs steps for some seconds, of which the last is timed, and closes it; nothing is kept. */
    public static Estimate estimate(Objective objective, Dataset data, TrainSpec spec, Device device) {
        return estimate(objective, spec, longer -> open(objective, data, longer, device));
    }

    /** The same with rows that a feed brings. */
    public static Estimate estimate(Objective objective, Feed.Source rows, TrainSpec spec, Device device) {
        return estimate(objective, spec, longer -> open(objective, rows, longer, device));
    }

    /**
     * The same with rows that a feed brings anew every so many steps: each step has its share of the refreshes. The first, which makes kernels, is not timed.
     *
     * @param rows of a feed that is not refreshed in as many steps as are run here
     * @param every steps of training between two refreshes
     */
    public static Estimate estimate(Objective objective, Feed.Source rows, long every, TrainSpec spec, Device device) {
        Estimate steps = estimate(objective, rows, spec, device);
        long refreshes = (spec.steps() - 1) / every + 1;
        double seconds = steps.seconds() + refreshes * refresh(rows, spec.batch(), device);
        return new Estimate(steps.parameters(), steps.deviceBytes(), seconds / spec.steps(), seconds);
    }

    /** Seconds of a refresh, the shortest of those that a second has time for. */
    private static double refresh(Feed.Source rows, int batch, Device device) {
        try (Stream stream = device.stream();
                Feed feed = rows.open(stream, batch)) {
            long[] turns = {1, feed.served(1) + 1};
            feed.prepare(stream, turns[0]);
            stream.synchronize();
            double shortest = Double.POSITIVE_INFINITY;
            long began = System.nanoTime();
            long from = began;
            for (int i = 1; from - began < TIMING; i++) {
                feed.prepare(stream, turns[i % 2]);
                stream.synchronize();
                long now = System.nanoTime();
                shortest = Math.min(shortest, (now - from) / 1e9);
                from = now;
            }
            return shortest;
        }
    }

    private static Estimate estimate(Objective objective, TrainSpec spec, Function<TrainSpec, Trainer> opening) {
        long most = Math.max(spec.steps(), LEAST_TIMED);
        try (Trainer trainer = opening.apply(spec.withSteps(most))) {
            long warm = trainer.timed(0, WARMING, LONGEST).steps();
            warm += trainer.timed(warm, most - most / 4, SETTLING).steps();
            Timed timed = trainer.timed(warm, most, TIMING);
            double each = timed.seconds() / timed.steps();
            long parameters = objective.learns().stream()
                    .mapToLong(network -> network.parameters().count())
                    .sum();
            return new Estimate(parameters, trainer.bytes, each, each * spec.steps());
        }
    }

    private record Timed(long steps, double seconds) {}

    /** Runs steps after {@code done}, at least one, until the last or for so many nanoseconds. */
    private Timed timed(long done, long last, long nanoseconds) {
        long start = System.nanoTime();
        long queued = done;
        do {
            int count = (int) Math.min(steps.atOnce(queued + 1), last - queued);
            steps.queue(stream, queued + 1, count);
            stream.synchronize();
            steps.waited();
            queued += count;
        } while (queued < last && System.nanoTime() - start < nanoseconds);
        return new Timed(queued - done, (System.nanoTime() - start) / 1e9);
    }

    @Override
    public void close() {
        owned.close();
    }
}
