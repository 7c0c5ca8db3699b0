package org.tweedie.train;

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
 * @param precision the numbers that products of the gradient may be of: F32, or BF16 where the device has a kernel for the network
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
        Precision precision) {

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
                precision == Precision.F32 || precision == Precision.BF16,
                "training multiplies numbers of f32 or bf16 (cotangents of a mean over a batch fall below the least of f16), got "
                        + precision.spec());
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
                Precision.F32);
    }

    /** The defaults: a minute or so on two CPU cores for {@code mlp:128x3} in two dimensions. */
    public static TrainSpec standard() {
        return steps(6000);
    }

    public TrainSpec withBatch(int value) {
        return new TrainSpec(
                steps,
                value,
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
                precision);
    }

    public TrainSpec withSteps(long value) {
        return new TrainSpec(
                value,
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
                precision);
    }

    public TrainSpec withRate(double value) {
        return new TrainSpec(
                steps,
                batch,
                value,
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
                precision);
    }

    public TrainSpec withSchedule(Schedule value, long warmupSteps) {
        return new TrainSpec(
                steps,
                batch,
                rate,
                value,
                warmupSteps,
                average,
                clip,
                rule,
                weighting,
                sampling,
                evenTimes,
                seed,
                checkpointEvery,
                precision);
    }

    public TrainSpec withAverage(double value) {
        return new TrainSpec(
                steps,
                batch,
                rate,
                schedule,
                warmup,
                value,
                clip,
                rule,
                weighting,
                sampling,
                evenTimes,
                seed,
                checkpointEvery,
                precision);
    }

    public TrainSpec withClip(double value) {
        return new TrainSpec(
                steps,
                batch,
                rate,
                schedule,
                warmup,
                average,
                value,
                rule,
                weighting,
                sampling,
                evenTimes,
                seed,
                checkpointEvery,
                precision);
    }

    public TrainSpec withRule(Adam.Rule value) {
        return new TrainSpec(
                steps,
                batch,
                rate,
                schedule,
                warmup,
                average,
                clip,
                value,
                weighting,
                sampling,
                evenTimes,
                seed,
                checkpointEvery,
                precision);
    }

    public TrainSpec withWeighting(Weighting value, TimeSampling times, boolean even) {
        return new TrainSpec(
                steps,
                batch,
                rate,
                schedule,
                warmup,
                average,
                clip,
                rule,
                value,
                times,
                even,
                seed,
                checkpointEvery,
                precision);
    }

    public TrainSpec withSeed(long value) {
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
                value,
                checkpointEvery,
                precision);
    }

    public TrainSpec withCheckpointEvery(long value) {
        return new TrainSpec(
                steps, batch, rate, schedule, warmup, average, clip, rule, weighting, sampling, evenTimes, seed, value,
                precision);
    }

    public TrainSpec withPrecision(Precision value) {
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
                value);
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

    /** Everything that decides a bit of the result, as text; how often a checkpoint is written does not. F32 is not named. */
    public String settings() {
        String all = withCheckpointEvery(1).toString();
        return precision == Precision.F32 ? all.replace(", precision=F32]", "]") : all;
    }
}
