package org.tweedie.train;

/**
 * How a process that learns is trained beside its network: after every so many steps of the network, one of the process. Immutable.
 *
 * @param every steps of the network for each of the process, 1 to 10^6
 * @param after the share of all steps that the network learns alone first, in [0, 1]; 1 leaves the process as it is
 * @param rate of the process's steps at first, in (0, 1]; it falls to 0 along half a cosine
 */
public record ProcessLearning(int every, double after, double rate) {
    /** What is usual. */
    public static final ProcessLearning STANDARD = new ProcessLearning(10, 0.1, 0.05);

    public ProcessLearning {
        if (every < 1 || every > 1_000_000) {
            throw new IllegalArgumentException(
                    "steps of the network for each of the process must be 1 to 10^6, got " + every);
        }
        if (!(after >= 0 && after <= 1)) {
            throw new IllegalArgumentException(
                    "the share of the steps before the process learns must be in [0, 1], got " + after);
        }
        if (!(rate > 0 && rate <= 1)) {
            throw new IllegalArgumentException("the rate of the process must be in (0, 1], got " + rate);
        }
    }

    /** The same after another share of the steps. */
    public ProcessLearning withAfter(double value) {
        return new ProcessLearning(every, value, rate);
    }

    /** Whether the process never learns. */
    boolean never() {
        return after == 1;
    }

    /** Whether a step of the process follows step {@code k}, from 1, of {@code steps}. */
    boolean due(long k, long steps) {
        return k % every == 0 && k > after * steps && k < steps;
    }

    /** The rate of the step that follows step {@code k} of {@code steps}. */
    double rate(long k, long steps) {
        double done = (k - after * steps) / ((1 - after) * steps);
        return rate * 0.5 * (1 + StrictMath.cos(Math.PI * done));
    }
}
