package org.tweedie.rng;

/**
 * Philox4x32-10, a counter-based generator: four random words are a function of a 64-bit key and a 128-bit counter.
 *
 * <p>Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; words as in Random123.
 *
 * <p>Thread-safe: no state.
 */
public final class Philox {
    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    /** Ordinals and coordinate quads have 24 bits. */
    public static final int MOST = (1 << 24) - 1;

    private Philox() {}

    /** Writes the four words of counter (c0, c1, c2, c3) under key (k0, k1) into {@code into} from {@code at}. */
    public static void block(int c0, int c1, int c2, int c3, int k0, int k1, int[] into, int at) {
        for (int round = 0; round < 10; round++) {
            long product0 = (MULTIPLIER_0 & 0xffffffffL) * (c0 & 0xffffffffL);
            long product1 = (MULTIPLIER_1 & 0xffffffffL) * (c2 & 0xffffffffL);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        into[at] = c0;
        into[at + 1] = c1;
        into[at + 2] = c2;
        into[at + 3] = c3;
    }

    /** The third counter word: purpose in the high byte, ordinal below. */
    public static int purposeWord(int purpose, long ordinal) {
        return purpose << 24 | (int) (ordinal & MOST);
    }

    /** The fourth counter word: attempt in the high byte, the quad of coordinates below. */
    public static int quadWord(int attempt, int quad) {
        return attempt << 24 | quad;
    }

    /** The seed of a part of the work of {@code seed}: part 0 has the seed itself, the others have 64 random bits each. */
    public static long part(long seed, long part) {
        if (part == 0) {
            return seed;
        }
        Words words = words(seed, part, Purpose.SPLIT, 1);
        return Integer.toUnsignedLong(words.word(0, 0)) << 32 | Integer.toUnsignedLong(words.word(1, 0));
    }

    /**
     * The words of the {@code ordinal}-th draw for {@code purpose} of sample {@code index}. Not for use by several threads
     * at once.
     *
     * @param ordinal 0 to 2^24 - 1
     * @throws IllegalArgumentException if the ordinal is outside its range
     */
    public static Words words(long seed, long index, Purpose purpose, long ordinal) {
        if (ordinal < 0 || ordinal > MOST) {
            throw new IllegalArgumentException("ordinal of a draw must be 0 to " + MOST + ", got " + ordinal);
        }
        return new Table(seed, index, purposeWord(purpose.code(), ordinal));
    }

    private static final class Table implements Words {
        private final long seed;
        private final long index;
        private final int purposeWord;
        private final int[] block = new int[4];
        private int at;
        private boolean filled;

        Table(long seed, long index, int purposeWord) {
            this.seed = seed;
            this.index = index;
            this.purposeWord = purposeWord;
        }

        @Override
        public int word(int coordinate, int attempt) {
            if (coordinate < 0 || coordinate >> 2 > MOST || attempt < 0 || attempt > 255) {
                throw new IllegalArgumentException("coordinate must be 0 to " + (4L * MOST + 3)
                        + " and attempt 0 to 255, got " + coordinate + " and " + attempt);
            }
            int wanted = quadWord(attempt, coordinate >> 2);
            if (!filled || at != wanted) {
                block(
                        (int) index,
                        (int) (index >>> 32),
                        purposeWord,
                        wanted,
                        (int) seed,
                        (int) (seed >>> 32),
                        block,
                        0);
                at = wanted;
                filled = true;
            }
            return block[coordinate & 3];
        }
    }
}
