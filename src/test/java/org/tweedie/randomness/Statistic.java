package org.tweedie.randomness;

import java.util.Arrays;
import org.apache.commons.statistics.distribution.ChiSquaredDistribution;
import org.apache.commons.statistics.distribution.NormalDistribution;

/** Counts over chunks of words, and how likely they are. Chunks are taken alone: no count goes over their border. */
abstract class Statistic {
    private static final NormalDistribution NORMAL = NormalDistribution.of(0, 1);

    /** All there is of the state: counts of two runs may be added. */
    final long[] counts;

    Statistic(int counts) {
        this.counts = new long[counts];
    }

    String name() {
        return getClass().getSimpleName();
    }

    abstract void add(int[] words);

    /** The probability of counts as far out, on either side. */
    abstract double p();

    /** Of counts that have these probabilities. */
    static double chiSquare(long[] counts, int from, double[] probabilities) {
        long total = 0;
        for (int i = 0; i < probabilities.length; i++) {
            total += counts[from + i];
        }
        double chi = 0;
        for (int i = 0; i < probabilities.length; i++) {
            double expected = total * probabilities[i];
            chi += (counts[from + i] - expected) * (counts[from + i] - expected) / expected;
        }
        return twoSided(ChiSquaredDistribution.of(probabilities.length - 1), chi);
    }

    static double twoSided(ChiSquaredDistribution law, double chi) {
        return 2 * Math.min(law.survivalProbability(chi), law.cumulativeProbability(chi));
    }

    static double evenly(long[] counts) {
        double[] even = new double[counts.length];
        Arrays.fill(even, 1.0 / counts.length);
        return chiSquare(counts, 0, even);
    }

    static double normal(double z) {
        return 2 * NORMAL.survivalProbability(Math.abs(z));
    }
}
