package org.tweedie.sde;

import java.util.Arrays;

/**
 * Falling noise levels sigma_1 &gt; ... &gt; sigma_L for {@link AnnealedLangevin}, by the rules of its papers: NCSN, Song and Ermon, NeurIPS 2019,
 * arXiv 1907.05600, and NCSNv2, the same, NeurIPS 2020, arXiv 2006.09011, whose techniques 1, 2 and 4 are {@link #largestDistance},
 * {@link #improved} and {@link #step}; technique 3, a network divided by sigma, is {@link Prediction#NOISE}. Immutable but for its array,
 * which nobody may change while threads share it.
 *
 * @param levels sigma/alpha, falling strictly, above 0; not to be changed
 */
public record NoiseLadder(double[] levels) {
    public NoiseLadder {
        levels = levels.clone();
        if (levels.length == 0) {
            throw new IllegalArgumentException("a noise ladder has at least one level");
        }
        for (int i = 0; i < levels.length; ++i) {
            if (!(levels[i] > 0 && levels[i] < (i == 0 ? Double.POSITIVE_INFINITY : levels[i - 1]))) {
                throw new IllegalArgumentException(
                        "noise levels must fall and stay above 0, got " + Arrays.toString(levels));
            }
        }
    }

    /** {@code count} levels from {@code first} down to {@code last}, each the same part of the one before. */
    public static NoiseLadder geometric(double first, double last, int count) {
        if (count < 1 || count == 1 && first != last) {
            throw new IllegalArgumentException(
                    "from " + first + " to " + last + " takes at least 2 levels, got " + count);
        }
        double[] levels = new double[count];
        for (int i = 0; i < count; ++i) {
            levels[i] = i == count - 1 ? last : first * StrictMath.exp(StrictMath.log(last / first) * i / (count - 1));
        }
        return new NoiseLadder(levels);
    }

    /** NCSN's: ten levels from 1 to 0.01, for data in [0, 1]. */
    public static NoiseLadder ncsn() {
        return geometric(1, 0.01, 10);
    }

    /**
     * NCSNv2's: a level to the next as {@link #ratio}, so as many levels as that takes.
     *
     * @param first about {@link #largestDistance}
     * @param dimension of a row, at least 5
     */
    public static NoiseLadder improved(double first, double last, int dimension) {
        double levels = StrictMath.log(first / last) / StrictMath.log(ratio(dimension));
        return geometric(first, last, 1 + (int) StrictMath.max(1, StrictMath.ceil(levels)));
    }

    /**
     * Technique 2: the radius of noise in d dimensions is sigma sqrt(d) with a spread of sigma/sqrt(2). Neighbouring levels whose radii are
     * three such spreads of the upper one apart share half of their mass, Phi(sqrt(2d)(g - 1) + 3g) - Phi(sqrt(2d)(g - 1) - 3g) = 1/2, which is
     * g = 1/(1 - 3/sqrt(2d)) to nine digits, since Phi(6) is 1 to nine.
     *
     * @throws IllegalArgumentException below 5 dimensions, where any two levels share more
     */
    public static double ratio(int dimension) {
        if (dimension < 5) {
            throw new IllegalArgumentException("the ratio of levels has a rule from 5 dimensions on, got " + dimension
                    + "; take NoiseLadder.geometric with about ten levels");
        }
        return 1 / (1 - 3 / StrictMath.sqrt(2.0 * dimension));
    }

    /** Technique 1: the largest Euclidean distance between two rows, which the first level should be about. */
    public static double largestDistance(double[][] rows) {
        double most = 0;
        for (int i = 0; i < rows.length; ++i) {
            for (int j = 0; j < i; ++j) {
                double sum = 0;
                for (int d = 0; d < rows[i].length; ++d) {
                    sum += (rows[i][d] - rows[j][d]) * (rows[i][d] - rows[j][d]);
                }
                most = StrictMath.max(most, sum);
            }
        }
        return StrictMath.sqrt(most);
    }

    /**
     * Technique 4: the step u, in units of sigma^2, after whose {@code perLevel} steps at a level the variance is closest to sigma^2 when it came
     * from the level above, for data of one point. NCSNv2's epsilon is u sigma_L^2.
     */
    public double step(int perLevel) {
        if (perLevel < 1) {
            throw new IllegalArgumentException("steps a level must be at least 1, got " + perLevel);
        }
        if (levels.length < 2) {
            throw new IllegalArgumentException("the step follows from the ratio of two levels, got one level");
        }
        double above = levels[levels.length - 2] / levels[levels.length - 1];
        double low = 0;
        double high = 1;
        for (int i = 0; i < 200; ++i) { // one least value between 0, where nothing moves, and 1
            double a = low + (high - low) / 3;
            double b = high - (high - low) / 3;
            if (excess(above, perLevel, a) < excess(above, perLevel, b)) {
                high = b;
            } else {
                low = a;
            }
        }
        return 0.5 * (low + high);
    }

    /** Variance over sigma^2 after some steps u, from the square of {@code above}: (1 - u)^2T (above^2 - w) + w, w = 1/(1 - u/2). */
    static double excess(double above, int perLevel, double u) {
        double w = 1 / (1 - u / 2);
        return StrictMath.pow(1 - u, 2.0 * perLevel) * (above * above - w) + w;
    }

    /** The times at which a process has these levels; a first level that is that of T becomes T itself. */
    public TimeGrid grid(Sde sde) {
        double top = sde.noiseToSignal(sde.horizon());
        double[] times = new double[levels.length];
        for (int i = 0; i < times.length; ++i) {
            if (levels[i] > top * (1 + 1e-9)) {
                throw new IllegalArgumentException("noise level " + levels[i] + " is above " + top + ", the most that "
                        + sde.spec() + " has; take a process with more");
            }
            times[i] = levels[i] >= top * (1 - 1e-9) ? sde.horizon() : sde.timeOfNoiseToSignal(levels[i]);
        }
        return new TimeGrid(times);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NoiseLadder ladder && Arrays.equals(levels, ladder.levels);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(levels);
    }

    @Override
    public String toString() {
        return "NoiseLadder" + Arrays.toString(levels);
    }
}
