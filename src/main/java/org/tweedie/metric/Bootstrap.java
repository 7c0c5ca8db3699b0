package org.tweedie.metric;

import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * The percentile bootstrap of a statistic of two samples: rows are drawn again with replacement, which is to say that each
 * row gets a count (Efron 1979). Replicate r draws the same rows whatever else runs.
 */
final class Bootstrap {
    private static final int REPLICATES = 200;

    private Bootstrap() {}

    /**
     * @param least the smallest value the estimate can have
     * @param statistic of the counts of the rows of x and of y
     */
    static Estimate interval(double value, double least, int xRows, int yRows, long seed, ToDoubleBiFunction<int[], int[]> statistic) {
        double[] replicates = new double[REPLICATES];
        for (int r = 0; r < REPLICATES; r++) {
            replicates[r] = statistic.applyAsDouble(counts(xRows, seed, 2 * r), counts(yRows, seed, 2 * r + 1));
        }
        Arrays.sort(replicates);
        // basic (reverse-percentile) interval: the spread of the replicates, reflected about the value
        double low = 2 * value - replicates[(int) (0.975 * (REPLICATES - 1))];
        double high = 2 * value - replicates[(int) (0.025 * (REPLICATES - 1))];
        return new Estimate(value, Math.max(least, Math.min(low, value)), Math.max(high, value));
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
