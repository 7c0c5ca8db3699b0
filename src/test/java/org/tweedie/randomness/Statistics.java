package org.tweedie.randomness;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.commons.statistics.distribution.ChiSquaredDistribution;

/** The statistics of the battery, after Knuth (The Art of Computer Programming, volume 2, 3.3.2) and Marsaglia (Diehard). */
final class Statistics {
    private Statistics() {}

    /** Those that are worth while for a view. */
    static List<Supplier<Statistic>> of(View view) {
        return switch (view) {
            case WHOLE ->
                List.of(
                        Frequency::new,
                        Bits::new,
                        Weights::new,
                        () -> new Serial(7),
                        Gap::new,
                        Birthdays::new,
                        Rank::new,
                        Collisions::new,
                        Points::new,
                        Autocorrelation::new);
            case REVERSED -> List.of(() -> new Serial(7), Gap::new, Birthdays::new, Collisions::new, Points::new);
            case LOW_BYTES -> List.of(() -> new Serial(6), Gap::new, Birthdays::new, Rank::new, Collisions::new);
            case LOW_BITS ->
                List.of(() -> new Serial(4), Birthdays::new, Rank::new, Collisions::new, Autocorrelation::new);
        };
    }

    /** Each value of each of the four bytes. */
    static class Frequency extends Statistic {
        Frequency() {
            super(4 * 256);
        }

        @Override
        void add(int[] words) {
            for (int word : words) {
                counts[word & 0xff]++;
                counts[256 + (word >>> 8 & 0xff)]++;
                counts[512 + (word >>> 16 & 0xff)]++;
                counts[768 + (word >>> 24)]++;
            }
        }

        @Override
        double p() {
            double expected = Arrays.stream(counts, 0, 256).sum() / 256.0;
            double chi = 0;
            for (long count : counts) {
                chi += (count - expected) * (count - expected) / expected;
            }
            return twoSided(ChiSquaredDistribution.of(4 * 255), chi);
        }
    }

    /** Ones at each of the 32 places. */
    static final class Bits extends Frequency {
        @Override
        double p() {
            double words = Arrays.stream(counts, 0, 256).sum();
            double chi = 0;
            for (int bit = 0; bit < 32; bit++) {
                double ones = 0;
                for (int value = 0; value < 256; value++) {
                    ones += (value >>> bit % 8 & 1) * (double) counts[bit / 8 * 256 + value];
                }
                chi += (ones - words / 2) * (ones - words / 2) / (words / 4);
            }
            return twoSided(ChiSquaredDistribution.of(32), chi);
        }
    }

    /** Numbers of ones in a word and in the next, in five classes each. */
    static final class Weights extends Statistic {
        private static final int[] CLASS = new int[33];
        private static final double[] SHARE = new double[5];

        static {
            double binomial = 0x1p-32;
            for (int ones = 0; ones <= 32; ones++) {
                CLASS[ones] = ones < 13 ? 0 : ones < 15 ? 1 : ones < 18 ? 2 : ones < 20 ? 3 : 4;
                SHARE[CLASS[ones]] += binomial;
                binomial *= (32.0 - ones) / (ones + 1);
            }
        }

        Weights() {
            super(25);
        }

        @Override
        void add(int[] words) {
            for (int i = 0; i < words.length; i += 2) {
                counts[5 * CLASS[Integer.bitCount(words[i])] + CLASS[Integer.bitCount(words[i + 1])]]++;
            }
        }

        @Override
        double p() {
            double[] shares = new double[25];
            Arrays.setAll(shares, i -> SHARE[i / 5] * SHARE[i % 5]);
            return chiSquare(counts, 0, shares);
        }
    }

    /** The first bits of a word with those of the next. */
    static final class Serial extends Statistic {
        private final int bits;

        Serial(int bits) {
            super(1 << 2 * bits);
            this.bits = bits;
        }

        @Override
        void add(int[] words) {
            for (int i = 0; i < words.length; i += 2) {
                counts[words[i] >>> 32 - bits << bits | words[i + 1] >>> 32 - bits]++;
            }
        }

        @Override
        double p() {
            return evenly(counts);
        }
    }

    /** Words between two whose first four bits are 0: as many gaps of a chunk as it has but for chances of 1e-15. */
    static final class Gap extends Statistic {
        private static final int LONGEST = 96;

        Gap() {
            super(LONGEST + 1);
        }

        @Override
        void add(int[] words) {
            double expected = words.length / 16.0;
            int wanted = (int) (expected - 8 * Math.sqrt(expected));
            int gap = 0;
            for (int i = 0; i < words.length && wanted > 0; i++) {
                if (words[i] >>> 28 == 0) {
                    counts[Math.min(gap, LONGEST)]++;
                    gap = 0;
                    wanted--;
                } else {
                    gap++;
                }
            }
            counts[LONGEST] += wanted; // gaps that never end
        }

        @Override
        double p() {
            double[] shares = new double[LONGEST + 1];
            Arrays.setAll(shares, gap -> Math.pow(15 / 16.0, gap) * (gap < LONGEST ? 1 / 16.0 : 1));
            return chiSquare(counts, 0, shares);
        }
    }

    /**
     * Of 4096 birthdays in a year of 2^32 days, the intervals between neighbours that occur again: m (m-1) (m-2) / 4k pairs, less
     * one for each three alike, m^5 / 18 k^2; Poisson.
     */
    static final class Birthdays extends Statistic {
        private static final int M = 4096;
        private static final double MEAN = M * (M - 1.0) * (M - 2.0) / 0x1p34 - Math.pow(M, 5) / (18 * 0x1p64);

        Birthdays() {
            super(2);
        }

        @Override
        void add(int[] words) {
            int[] days = new int[M];
            for (int from = 0; from + M <= words.length; from += M) {
                for (int i = 0; i < M; i++) {
                    days[i] = words[from + i] ^ 0x80000000; // sorted as if unsigned
                }
                Arrays.sort(days);
                for (int i = 0; i + 1 < M; i++) {
                    days[i] = days[i + 1] - days[i] ^ 0x80000000;
                }
                Arrays.sort(days, 0, M - 1);
                for (int i = 0; i + 2 < M; i++) {
                    if (days[i] == days[i + 1]) {
                        counts[0]++;
                    }
                }
                counts[1]++;
            }
        }

        @Override
        double p() {
            double mean = counts[1] * MEAN;
            // Anscombe's root is nearly normal for a Poisson number, also in the tails
            return normal(2 * (Math.sqrt(counts[0] + 0.375) - Math.sqrt(mean + 0.125)));
        }
    }

    /** Ranks over two elements of 32 x 32 bits. */
    static final class Rank extends Statistic {
        private static final double[] SHARE = new double[4];

        static {
            double rest = 1;
            for (int lost = 0;
                    lost < 3;
                    lost++) { // 2^(-lost^2) prod (1 - 2^(i-32))^2 / (1 - 2^(i-r)) over i < r = 32 - lost
                int r = 32 - lost;
                double share = Math.pow(2, -(double) lost * lost);
                for (int i = 0; i < r; i++) {
                    double full = 1 - Math.pow(2, i - 32);
                    share *= full * full / (1 - Math.pow(2, i - r));
                }
                SHARE[lost] = share;
                rest -= share;
            }
            SHARE[3] = rest;
        }

        Rank() {
            super(4);
        }

        @Override
        void add(int[] words) {
            int[] rows = new int[32];
            for (int from = 0; from < words.length; from += 32) {
                System.arraycopy(words, from, rows, 0, 32);
                counts[Math.min(3, 32 - rank(rows))]++;
            }
        }

        static int rank(int[] rows) {
            int rank = 0;
            for (int bit = 0; bit < 32; bit++) {
                int pivot = rank;
                while (pivot < 32 && (rows[pivot] >>> bit & 1) == 0) {
                    pivot++;
                }
                if (pivot == 32) {
                    continue;
                }
                int row = rows[pivot];
                rows[pivot] = rows[rank];
                rows[rank++] = row;
                for (int i = pivot + 1; i < 32; i++) {
                    rows[i] ^= row & -(rows[i] >>> bit & 1);
                }
            }
            return rank;
        }

        @Override
        double p() {
            return chiSquare(counts, 0, SHARE);
        }
    }

    /** Balls that fall into an urn that is not empty: 2^14 balls, 2^20 urns, by the law of the number of empty urns. */
    abstract static class Urns extends Statistic {
        private static final int BALLS = 1 << 14;
        private static final double URNS = 1 << 20;
        private static final double EMPTY = URNS * Math.exp(BALLS * Math.log1p(-1 / URNS));
        private static final double MEAN = BALLS - URNS + EMPTY;
        private static final double VARIANCE =
                URNS * (URNS - 1) * Math.exp(BALLS * Math.log1p(-2 / URNS)) + EMPTY - EMPTY * EMPTY;

        private final int wordsEach;

        Urns(int wordsEach) {
            super(2);
            this.wordsEach = wordsEach;
        }

        abstract int urn(int[] words, int at);

        @Override
        void add(int[] words) {
            long[] taken = new long[1 << 14];
            for (int from = 0; from + BALLS * wordsEach <= words.length; from += BALLS * wordsEach) {
                Arrays.fill(taken, 0);
                for (int ball = 0; ball < BALLS; ball++) {
                    int urn = urn(words, from + ball * wordsEach);
                    counts[0] += taken[urn >>> 6] >>> urn & 1;
                    taken[urn >>> 6] |= 1L << urn;
                }
                counts[1]++;
            }
        }

        @Override
        double p() {
            return normal((counts[0] - counts[1] * MEAN) / Math.sqrt(counts[1] * VARIANCE));
        }
    }

    /** The first 20 bits of each word. */
    static final class Collisions extends Urns {
        Collisions() {
            super(1);
        }

        @Override
        int urn(int[] words, int at) {
            return words[at] >>> 12;
        }
    }

    /** Points of ten dimensions: the first two bits of ten words. */
    static final class Points extends Urns {
        Points() {
            super(10);
        }

        @Override
        int urn(int[] words, int at) {
            int urn = 0;
            for (int k = at; k < at + 10; k++) {
                urn = urn << 2 | words[k] >>> 30;
            }
            return urn;
        }
    }

    /** Bits that differ from those some words before. */
    static final class Autocorrelation extends Statistic {
        private static final int[] LAGS = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32, 64, 128, 256, 1024, 4096};

        Autocorrelation() {
            super(2 * LAGS.length);
        }

        @Override
        void add(int[] words) {
            for (int k = 0; k < LAGS.length; k++) {
                long differ = 0;
                for (int i = LAGS[k]; i < words.length; i++) {
                    differ += Integer.bitCount(words[i] ^ words[i - LAGS[k]]);
                }
                counts[2 * k] += differ;
                counts[2 * k + 1] += 32L * (words.length - LAGS[k]);
            }
        }

        @Override
        double p() {
            double chi = 0;
            for (int k = 0; k < LAGS.length; k++) {
                double bits = counts[2 * k + 1];
                double z = (counts[2 * k] - bits / 2) / Math.sqrt(bits / 4);
                chi += z * z;
            }
            return twoSided(ChiSquaredDistribution.of(LAGS.length), chi);
        }
    }
}
