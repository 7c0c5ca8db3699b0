package org.tweedie.bridge;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Field;
import org.tweedie.score.Network;
import org.tweedie.sde.Prediction;
import org.tweedie.train.Dataset;
import org.tweedie.train.PairRegression;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * Iterated proportional fitting with networks (De Bortoli et al., NeurIPS 2021, arXiv 2106.01357): half bridges, the backward one first, each
 * learned from walks the other way. Half bridge h has the h+1st part of the seed; the same seed gives the same bits, also where a run stops and resumes.
 * For one thread; holds both networks' weights until closed.
 */
public final class BridgeFitting implements AutoCloseable {
    /** Rows that the distance of a half bridge is told by. */
    private static final int JUDGED = 1000;

    private final BridgeProcess process;
    private final Dataset from;
    private final Optional<Dataset> to;
    private final FrozenConditions conditions;
    private final BridgeSpec spec;
    private final Device device;
    private final Closing owned = new Closing();
    private final Map<Direction, Network> networks = new EnumMap<>(Direction.class);
    private final List<HalfBridge> done = new ArrayList<>();

    /**
     * Opens both networks with the first weights of the spec's seed.
     *
     * @param from rows of the first end, encoded, with the conditions that walks carry along
     * @param to rows of the second, encoded, with the same conditions; nothing where it is N(0, I), as the process says, for any conditions
     */
    public BridgeFitting(BridgeProcess process, Dataset from, Optional<Dataset> to, BridgeSpec spec, Device device) {
        if (process.normal() == to.isPresent()) {
            throw new IllegalArgumentException(
                    "a process whose second end is normal has no rows of it, and one that is not has");
        }
        this.conditions = FrozenConditions.of(from);
        if (to.isPresent() && !FrozenConditions.of(to.get()).equals(conditions)) {
            throw new IllegalArgumentException("both ends have the same conditions, got " + from.ports() + " and "
                    + to.get().ports());
        }
        this.process = process;
        this.from = from;
        this.to = to;
        this.spec = spec;
        this.device = device;
        try {
            for (Direction direction : Direction.values()) {
                Network network = spec.network()
                        .create(
                                conditions.signature(process.space().width()),
                                Prediction.VELOCITY,
                                firstSeed(direction),
                                device);
                owned.add(network.parameters().values());
                networks.put(direction, network);
            }
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private long firstSeed(Direction direction) {
        return Philox.part(spec.training().seed(), direction.ordinal() - 2L); // half bridges have parts from 1
    }

    /** The network of a direction; lives as long as this. */
    public Network network(Direction direction) {
        return java.util.Objects.requireNonNull(networks.get(direction));
    }

    /** What was fitted so far. */
    public List<HalfBridge> done() {
        return List.copyOf(done);
    }

    /**
     * What fitting all of it would take, from a few seconds of steps and of refreshes of the cache for each of the first two half bridges; nothing is kept, and nothing learns.
     *
     * @return parameters of both networks; seconds of all half bridges, and those of a step with its share of the walks
     */
    public Trainer.Estimate estimate() {
        TrainSpec training = spec.training();
        long parameters = 0;
        long bytes = 0;
        double seconds = 0;
        for (int half = 0; half < 2; half++) {
            Direction learns = Direction.learned(half);
            WalkSource rows = rows(half, learns.other(), training, Long.MAX_VALUE / 2);
            Trainer.Estimate steps = Trainer.estimate(
                    new PairRegression(network(learns), rows.spec()),
                    rows.feed(),
                    spec.refreshEvery(),
                    training,
                    device);
            long alike = half == 0 ? 1 : 2L * spec.iterations() - 1;
            seconds += alike * steps.seconds();
            parameters += steps.parameters();
            bytes = Math.max(bytes, steps.deviceBytes());
        }
        return new Trainer.Estimate(
                parameters,
                bytes + Float.BYTES * parameters,
                seconds / (2.0 * spec.iterations() * training.steps()),
                seconds);
    }

    /**
     * Fits the half bridges that are left. A checkpoint is written as the training says, at the end of each half bridge, and when cancelled; its step
     * counts those of all half bridges.
     *
     * @param into where checkpoints go, or null
     * @param resumed a checkpoint to go on from, or null
     * @return how the last training ended
     * @throws IllegalArgumentException if the checkpoint is of other rows or settings; says which
     */
    public TrainResult run(
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory into,
            @Nullable Checkpoint resumed)
            throws IOException {
        Checkpoint from = resumed;
        if (from != null) {
            restore(from);
        }
        int halves = 2 * spec.iterations();
        if (done.size() >= halves) {
            throw new IllegalStateException("all " + halves + " half bridges are fitted");
        }
        while (true) {
            TrainResult result = half(done.size(), listener, cancel, into, from);
            from = null;
            if (result.outcome() != TrainResult.Outcome.FINISHED || done.size() == halves) {
                return result;
            }
        }
    }

    private TrainResult half(
            int half,
            BridgeListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory into,
            @Nullable Checkpoint resumed)
            throws IOException {
        Direction learns = Direction.learned(half);
        if (!spec.goOn()) {
            upload(learns, spec.network().initial(network(learns).signature(), firstSeed(learns)));
        }
        TrainSpec seeded = spec.training().withSeed(Philox.part(spec.training().seed(), half + 1L));
        TrainSpec training = resumed == null ? seeded : Trainer.resumed(seeded, resumed);
        WalkSource rows = rows(half, learns.other(), training, spec.refreshEvery());
        try (Trainer trainer =
                Trainer.open(new PairRegression(network(learns), rows.spec()), rows.feed(), training, device)) {
            if (resumed != null) {
                trainer.restore(resumed);
            }
            Trainer.Saving saving = into == null
                    ? null
                    : (step, checkpoint) -> into.save(half * training.steps() + step, save(checkpoint));
            TrainResult result = trainer.run(listener.began(half, 2 * spec.iterations()), cancel, saving);
            if (result.outcome() == TrainResult.Outcome.FINISHED) {
                trainer.copyMean(0, network(learns).parameters().values());
                long judging = Philox.part(spec.training().seed(), -3L - half);
                float[] ends = ends(learns, judging);
                HalfBridge fitted = new HalfBridge(learns, result.smoothLoss(), distance(learns, ends, judging));
                done.add(fitted);
                listener.fitted(half, fitted, result, ends);
            }
            return result;
        }
    }

    private WalkSource rows(int half, Direction walks, TrainSpec training, long every) {
        Optional<Matching> by = half == 0 ? Optional.empty() : Optional.of(spec.matching());
        return new WalkSource(
                process,
                new BridgePairs(new BridgeWalk(walks, by), spec.matching(), half == 0 && spec.scoreFirst()),
                rows(walks),
                half == 0 ? Optional.empty() : Optional.of(network(walks)),
                spec.walks(),
                every,
                training.seed(),
                training.precision().orElse(Precision.BF16));
    }

    /** The rows that walks of a direction start from, or, where they start from normals, have their conditions from. */
    private Optional<Dataset> rows(Direction walks) {
        boolean normals = conditions.ports().isEmpty() && to.isEmpty();
        return walks == Direction.FORWARD || (to.isEmpty() && !normals) ? Optional.of(from) : to;
    }

    /** Where walks of a direction end, conditions beside. */
    private float[] ends(Direction direction, long seed) {
        BridgeWalk walk = new BridgeWalk(direction, Optional.of(spec.matching()));
        Map<String, Field> fields = new HashMap<>();
        fields.put(direction.spec(), network(direction));
        Plan plan = conditions.told(conditions.steer(walk.plan(process, walk.grid(process))));
        Program program = Program.of(plan, fields);
        Map<String, GivenRows> given = rows(direction)
                .map(rows -> conditions.drawn(rows, !drawsStart(direction)))
                .orElse(Map.of());
        int width = from.width();
        float[] ends = new float[JUDGED * width];
        try (Sampling sampling = Sampling.open(program, device, JUDGED, false, null)) {
            sampling.run(
                    seed,
                    0,
                    JUDGED,
                    given,
                    Progress.NONE,
                    new CancelToken(),
                    (at, rows, outputs, traces) -> columns(outputs, rows, ends, (int) at));
        }
        return ends;
    }

    /** The squared energy distance of the walks' ends from the end they are to reach. */
    private double distance(Direction direction, float[] ends, long seed) {
        int width = from.width();
        for (float end : ends) {
            if (!Float.isFinite(end)) {
                return Double.POSITIVE_INFINITY;
            }
        }
        float[] wanted = drawsStart(direction.other())
                ? normals(seed)
                : twice(rows(direction.other()).orElseThrow().values(), width);
        return wanted.length < 2 * width
                ? Double.NaN
                : EnergyDistance.estimate(
                                new Points(ends, width), new Points(wanted, width).spread(JUDGED), JUDGED, device)
                        .value();
    }

    /** A single row there twice: the same law, whose rows are no distance apart. */
    private static float[] twice(float[] rows, int width) {
        if (rows.length != width) {
            return rows;
        }
        float[] both = Arrays.copyOf(rows, 2 * width);
        System.arraycopy(rows, 0, both, width, width);
        return both;
    }

    private boolean drawsStart(Direction direction) {
        return direction == Direction.BACKWARD && to.isEmpty();
    }

    /** Rows of several registers side by side, from row {@code at}. */
    private static void columns(List<float[]> registers, int rows, float[] into, int at) {
        int width = into.length / JUDGED;
        int column = 0;
        for (float[] register : registers) {
            int count = register.length / rows;
            for (int r = 0; r < rows; r++) {
                System.arraycopy(register, r * count, into, (at + r) * width + column, count);
            }
            column += count;
        }
    }

    /** Rows of the second end where it is normal: as many as there are conditions of, or as are judged. */
    private float[] normals(long seed) {
        int drawn = process.space().width();
        int width = from.width();
        int rows = width == drawn ? JUDGED : Math.min(JUDGED, from.rows());
        float[] normals = new float[rows * width];
        for (int i = 0; i < rows; i++) {
            Words words = Philox.words(seed, i, Purpose.BOOTSTRAP, 0);
            for (int d = 0; d < width; d++) {
                normals[i * width + d] = d < drawn ? (float) words.normal(d) : from.values()[i * width + d];
            }
        }
        return normals;
    }

    /** Everything that decides a bit, but for what the trainer of a half bridge knows. */
    private String settings() {
        return process.spec() + " from " + from.hash() + " to "
                + to.map(Dataset::hash).orElse("normal") + " " + spec.iterations() + " iterations "
                + spec.network().spec() + (spec.scoreFirst() ? " score first" : "")
                + (spec.goOn() ? " going on" : "");
    }

    private Checkpoint save(Checkpoint checkpoint) {
        checkpoint.put("bridge", Map.of("settings", settings(), "halves", Integer.toString(done.size())));
        for (Direction direction : Direction.values()) {
            checkpoint.put("bridge." + direction.spec(), download(direction));
        }
        double[] facts = new double[2 * done.size()];
        for (int i = 0; i < done.size(); i++) {
            facts[2 * i] = done.get(i).loss();
            facts[2 * i + 1] = done.get(i).distance();
        }
        return checkpoint.put("bridge.done", facts);
    }

    private void restore(Checkpoint checkpoint) {
        if (!checkpoint.has("bridge")) {
            throw new IllegalArgumentException(
                    "cannot resume: the checkpoint is not of a bridge's fit; go on with the command that wrote it, or fit into another directory");
        }
        Map<String, String> fields = checkpoint.fields("bridge");
        if (!settings().equals(fields.get("settings"))) {
            throw new IllegalArgumentException("cannot resume: the bridge is another. The checkpoint's: "
                    + fields.get("settings") + "; given now: " + settings()
                    + ". Resume with what it was started with, or fit into another directory");
        }
        int halves = Integer.parseInt(fields.getOrDefault("halves", "0"));
        double[] facts = checkpoint.doubles("bridge.done", 2 * halves);
        for (Direction direction : Direction.values()) {
            int count = Math.toIntExact(network(direction).parameters().count());
            upload(direction, checkpoint.floats("bridge." + direction.spec(), count));
        }
        done.clear();
        for (int i = 0; i < halves; i++) {
            done.add(new HalfBridge(Direction.learned(i), facts[2 * i], facts[2 * i + 1]));
        }
    }

    private float[] download(Direction direction) {
        float[] weights =
                new float[Math.toIntExact(network(direction).parameters().count())];
        try (Stream stream = device.stream()) {
            stream.download(network(direction).parameters().values(), 0, weights, 0, weights.length);
        }
        return weights;
    }

    private void upload(Direction direction, float[] weights) {
        try (Stream stream = device.stream()) {
            stream.upload(weights, 0, network(direction).parameters().values(), 0, weights.length);
            stream.synchronize();
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
