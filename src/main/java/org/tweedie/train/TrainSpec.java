package org.tweedie.train;

import java.util.Optional;
import java.util.function.Consumer;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Adam;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;

/**
 * How to train. Immutable; {@link #steps(long)} gives the defaults and the {@code with} methods change one thing each.
 *
 * @param steps of the optimiser, at least 1
 * @param batch rows a step, 1 to 2^24
 * @param rate learning rate after warm-up, in (0, 1]
 * @param warmup steps over which the rate rises from 0 in a straight line
 * @param average decay of the running mean of the weights, in [0, 1); it is that mean which is kept. At step k the decay is
 *     at most (1 + k)/(10 + k), so that early weights are forgotten.
 * @param clip the most the norm of the gradient may be; 0 for no limit
 * @param rule Adam's constants
 * @param evenTimes whether the times of a step are spread evenly over [0, 1] (low discrepancy)
 * @param seed of weights, order of rows, times and noise
 * @param checkpointEvery steps between checkpoints, at least 1
 * @param precision the numbers that products of the gradient are of: F32; or BF16 where the device has kernels for network and objective, else
 *     F32; or nothing, which is BF16 on CUDA where it has them, else F32: device and network alone decide. {@link Trainer#how} says which
 * @param slices how the divergence of the score is found in implicit or sliced score matching ({@link ImplicitScoreMatching}); without it the
 *     score is learned by denoising
 * @param conditioning what is done to conditions
 * @param process how a process that learns ({@link org.tweedie.sde.VdmSde}, {@link org.tweedie.sde.FlexibleSde}) is trained beside the network; others do not read it
 */
public record TrainSpec(
        long steps,
        int batch,
        double rate,
        Schedule schedule,
        long warmup,
        double average,
        double clip,
        Adam.Rule rule,
        Weighting weighting,
        TimeSampling sampling,
        boolean evenTimes,
        long seed,
        long checkpointEvery,
        Optional<Precision> precision,
        Optional<Slices> slices,
        Conditioning conditioning,
        ProcessLearning process) {

    /** What the learning rate does after its warm-up. Immutable. */
    public enum Schedule {
        /** Stays. */
        CONSTANT,
        /** Falls to 0 at the last step along half a cosine. */
        COSINE
    }

    public TrainSpec {
        range(steps >= 1 && steps <= 1_000_000_000_000L, "steps must be 1 to 10^12, got " + steps);
        range(batch >= 1 && batch <= 1 << 24, "batch must be 1 to 2^24, got " + batch);
        range(rate > 0 && rate <= 1, "learning rate must be in (0, 1], got " + rate);
        range(warmup >= 0, "warm-up steps must not be negative, got " + warmup);
        range(average >= 0 && average < 1, "decay of the running mean must be in [0, 1), got " + average);
        range(clip >= 0 && clip < Double.POSITIVE_INFINITY, "clip must be at least 0 (0: no limit), got " + clip);
        range(checkpointEvery >= 1, "steps between checkpoints must be positive, got " + checkpointEvery);
        range(
                precision.isEmpty() || precision.get() == Precision.F32 || precision.get() == Precision.BF16,
                "training multiplies numbers of f32 or bf16 (cotangents of a mean over a batch fall below the least of f16), got "
                        + precision.map(Precision::spec).orElse("auto"));
        range(
                slices.isEmpty() || conditioning.equals(Conditioning.CLEAN),
                "implicit and sliced score matching learn from conditions as they are, got " + conditioning
                        + "; take denoising");
        range(
                steps <= Long.MAX_VALUE / batch,
                "steps times batch must stay below 2^63, got " + steps + " times " + batch);
    }

    private static void range(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /** The defaults with this many steps. */
    public static TrainSpec steps(long steps) {
        return new TrainSpec(
                steps,
                1024,
                4e-3,
                Schedule.COSINE,
                200,
                0.999,
                1,
                Adam.Rule.standard(),
                Weighting.EDM,
                TimeSampling.LOGNORMAL,
                true,
                0,
                1000,
                Optional.empty(),
                Optional.empty(),
                Conditioning.CLEAN,
                ProcessLearning.STANDARD);
    }

    /** The defaults: a minute or so on two CPU cores for {@code mlp:128x3} in two dimensions. */
    public static TrainSpec standard() {
        return steps(6000);
    }

    public TrainSpec withBatch(int value) {
        return with(spec -> spec.batch = value);
    }

    public TrainSpec withSteps(long value) {
        return with(spec -> spec.steps = value);
    }

    public TrainSpec withRate(double value) {
        return with(spec -> spec.rate = value);
    }

    public TrainSpec withSchedule(Schedule value, long warmupSteps) {
        return with(spec -> {
            spec.schedule = value;
            spec.warmup = warmupSteps;
        });
    }

    public TrainSpec withAverage(double value) {
        return with(spec -> spec.average = value);
    }

    public TrainSpec withClip(double value) {
        return with(spec -> spec.clip = value);
    }

    public TrainSpec withRule(Adam.Rule value) {
        return with(spec -> spec.rule = value);
    }

    public TrainSpec withWeighting(Weighting value, TimeSampling times, boolean even) {
        return with(spec -> {
            spec.weighting = value;
            spec.sampling = times;
            spec.evenTimes = even;
        });
    }

    public TrainSpec withSeed(long value) {
        return with(spec -> spec.seed = value);
    }

    public TrainSpec withCheckpointEvery(long value) {
        return with(spec -> spec.checkpointEvery = value);
    }

    /** F32 has the host's bits on every device; BF16 is taken where there are kernels of it, and F32 else, which {@link Trainer#how} tells. */
    public TrainSpec withPrecision(Precision value) {
        return with(spec -> spec.precision = Optional.of(value));
    }

    /** With conditions dropped, or noised. */
    public TrainSpec withConditioning(Conditioning value) {
        return with(spec -> spec.conditioning = value);
    }

    /** With a process that learns trained so. */
    public TrainSpec withProcess(ProcessLearning value) {
        return with(spec -> spec.process = value);
    }

    /** The precision that device and network give. */
    public TrainSpec withAutomaticPrecision() {
        return with(spec -> spec.precision = Optional.empty());
    }

    /** By implicit or sliced score matching, which never looks at the noise that made a row; a step costs a derivative a direction more. */
    public TrainSpec withSlices(Slices value) {
        return with(spec -> spec.slices = Optional.of(value));
    }

    private TrainSpec with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.spec();
    }

    /** A copy that one thing is changed in. */
    private static final class Draft {
        private long steps;
        private int batch;
        private double rate;
        private Schedule schedule;
        private long warmup;
        private double average;
        private double clip;
        private Adam.Rule rule;
        private Weighting weighting;
        private TimeSampling sampling;
        private boolean evenTimes;
        private long seed;
        private long checkpointEvery;
        private Optional<Precision> precision;
        private Optional<Slices> slices;
        private Conditioning conditioning;
        private ProcessLearning process;

        Draft(TrainSpec from) {
            steps = from.steps;
            batch = from.batch;
            rate = from.rate;
            schedule = from.schedule;
            warmup = from.warmup;
            average = from.average;
            clip = from.clip;
            rule = from.rule;
            weighting = from.weighting;
            sampling = from.sampling;
            evenTimes = from.evenTimes;
            seed = from.seed;
            checkpointEvery = from.checkpointEvery;
            precision = from.precision;
            slices = from.slices;
            conditioning = from.conditioning;
            process = from.process;
        }

        TrainSpec spec() {
            return new TrainSpec(
                    steps,
                    batch,
                    rate,
                    schedule,
                    warmup,
                    average,
                    clip,
                    rule,
                    weighting,
                    sampling,
                    evenTimes,
                    seed,
                    checkpointEvery,
                    precision,
                    slices,
                    conditioning,
                    process);
        }
    }

    /** The learning rate of step {@code k}, from 1. */
    public double rate(long k) {
        double risen = k <= warmup ? (double) k / (warmup + 1) : 1;
        if (schedule == Schedule.CONSTANT) {
            return rate * risen;
        }
        double done = steps <= warmup ? 0 : Math.max(0, (double) (k - 1 - warmup) / (steps - warmup));
        return rate * risen * 0.5 * (1 + StrictMath.cos(Math.PI * done));
    }

    /** How far the running mean moves towards the weights at step {@code k}, from 1. */
    public double towards(long k) {
        return 1 - Math.min(average, (1.0 + k) / (10.0 + k));
    }

    /**
     * Everything that decides a bit of the result, as text, but the precision, which is told as it was resolved ({@link Trainer#products}); how
     * often a checkpoint is written decides none.
     */
    public String settings() {
        String all = withCheckpointEvery(1).withAutomaticPrecision().toString();
        return all.replace(", precision=Optional.empty", "")
                .replace(", slices=Optional.empty", "")
                .replace(", conditioning=" + Conditioning.CLEAN, "")
                .replace(", process=" + ProcessLearning.STANDARD, "");
    }
}
