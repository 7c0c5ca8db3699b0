package org.tweedie.sde;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Strictly monotone times: down to sample, up to noise or encode. Every step is a pair (t, s); no one else computes a dt.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param times at least one, finite, not negative, strictly falling or rising; not to be changed
 */
public record TimeGrid(double[] times) {
    /** EDM's exponent. */
    public static final double RHO = 7;

    /** Steps of a grid, and updates of a plan, at most: a plan holds each of them. */
    public static final int MOST = 1_000_000;

    public TimeGrid {
        times = times.clone();
        if (times.length == 0) {
            throw new IllegalArgumentException("a time grid has at least one time");
        }
        for (int i = 0; i < times.length; ++i) {
            if (!(times[i] >= 0 && Double.isFinite(times[i]))) {
                throw new IllegalArgumentException(
                        "times must be finite and not negative, got " + times[i] + " at " + i);
            }
            if (i > 0 && (times[i] == times[i - 1] || times[i] > times[i - 1] != times[1] > times[0])) {
                throw new IllegalArgumentException(
                        "times must fall or rise strictly, got " + times[i - 1] + " then " + times[i] + " at " + i);
            }
        }
    }

    /** From T down to the cutoff in equal steps of time. */
    public static TimeGrid uniform(Noising process, int steps) {
        return between(process, steps, u -> process.horizon() + u * (process.cutoff() - process.horizon()));
    }

    /** From T down to the cutoff in equal steps of the square root of the time above the cutoff. */
    public static TimeGrid quadratic(Noising process, int steps) {
        return between(
                process, steps, u -> process.cutoff() + (1 - u) * (1 - u) * (process.horizon() - process.cutoff()));
    }

    /** From T down to the cutoff in equal steps of log-SNR. */
    public static TimeGrid uniformLogSnr(Sde sde, int steps) {
        double first = sde.logSnr(sde.horizon());
        double last = sde.logSnr(sde.cutoff());
        return between(sde, steps, u -> sde.timeOfLogSnr(first + u * (last - first)));
    }

    /** From T down to the cutoff in equal steps of (sigma/alpha)^(1/7): EDM's grid, Karras et al. 2022, arXiv 2206.00364. */
    public static TimeGrid karras(Sde sde, int steps) {
        return karras(sde, steps, RHO);
    }

    /** From T down to the cutoff in equal steps of (sigma/alpha)^(1/rho). */
    public static TimeGrid karras(Sde sde, int steps, double rho) {
        if (!(rho > 0 && Double.isFinite(rho))) {
            throw new IllegalArgumentException("rho must be positive, got " + rho);
        }
        double first = StrictMath.pow(sde.noiseToSignal(sde.horizon()), 1 / rho);
        double last = StrictMath.pow(sde.noiseToSignal(sde.cutoff()), 1 / rho);
        return between(sde, steps, u -> sde.timeOfNoiseToSignal(StrictMath.pow(first + u * (last - first), rho)));
    }

    private static TimeGrid between(Noising process, int steps, DoubleUnaryOperator time) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be positive, got " + steps);
        }
        requireUpdates(steps);
        double[] times = new double[steps + 1];
        times[0] = process.horizon();
        for (int i = 1; i < steps; ++i) {
            times[i] = time.applyAsDouble((double) i / steps);
        }
        times[steps] = process.cutoff();
        return new TimeGrid(times);
    }

    /** Refuses more updates than {@link #MOST}. */
    static void requireUpdates(long updates) {
        if (updates > MOST) {
            throw new IllegalArgumentException(
                    updates + " steps are too many: a plan holds each of them, and at most " + MOST);
        }
    }

    /** This grid with a last step to t = 0, as EDM's; for methods that do not evaluate the score at the end of a step. */
    public TimeGrid toZero() {
        if (!falls() || times[times.length - 1] == 0) {
            throw new IllegalArgumentException("only a falling grid that ends above 0 has a step to 0 left");
        }
        return new TimeGrid(Arrays.copyOf(times, times.length + 1));
    }

    /** The same times the other way. */
    public TimeGrid reversed() {
        double[] reversed = new double[times.length];
        for (int i = 0; i < reversed.length; ++i) {
            reversed[i] = times[times.length - 1 - i];
        }
        return new TimeGrid(reversed);
    }

    /** Steps, one fewer than times. */
    public int steps() {
        return times.length - 1;
    }

    /** Where step i, from 0, starts. */
    public double t(int i) {
        return times[i];
    }

    /** Where step i, from 0, ends. */
    public double s(int i) {
        return times[i + 1];
    }

    /** Whether the times fall: towards data. A single time counts as falling. */
    public boolean falls() {
        return times.length == 1 || times[1] < times[0];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TimeGrid grid && Arrays.equals(times, grid.times);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(times);
    }

    @Override
    public String toString() {
        return "TimeGrid[" + steps() + " steps, " + times[0] + " to " + times[times.length - 1] + "]";
    }
}
