package org.tweedie.metric;

import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * The bootstrap of a statistic of two samples: rows are drawn again with replacement, which is to say that each row gets a
 * count (Efron 1979). The interval is 1.96 standard deviations of the replicates to both sides: their spread, not their centre,
 * which distances bias upwards. Replicate r draws the same rows whatever else runs.
 */
final class Bootstrap {
    static final int REPLICATES = 200;

    private Bootstrap() {}

    /**
     * @param least the smallest value the estimate can have
     * @param statistic of the counts of the rows of x and of y; called by many threads
     */
    static Estimate interval(
            double value, double least, int xRows, int yRows, long seed, ToDoubleBiFunction<int[], int[]> statistic) {
        double[] replicates = new double[REPLICATES];
        IntStream.range(0, REPLICATES)
                .parallel()
                .forEach(r -> replicates[r] =
                        statistic.applyAsDouble(counts(xRows, seed, 2 * r), counts(yRows, seed, 2 * r + 1)));
        return interval(value, least, replicates);
    }

    /** Of the statistic of each replicate. */
    static Estimate interval(double value, double least, double[] replicates) {
        double mean = Arrays.stream(replicates).average().orElse(value);
        double square =
                Arrays.stream(replicates).map(r -> (r - mean) * (r - mean)).sum();
        double half = 1.96 * Math.sqrt(square / (replicates.length - 1));
        return new Estimate(value, Math.max(least, value - half), value + half);
    }

    static int[] counts(int rows, long seed, int replicate) {
        int[] counts = new int[rows];
        Words words = Philox.words(seed, 0, Purpose.BOOTSTRAP, replicate);
        for (int i = 0; i < rows; i++) {
            counts[(int) ((Integer.toUnsignedLong(words.word(i, 0)) * rows) >>> 32)]++;
        }
        return counts;
    }
}
