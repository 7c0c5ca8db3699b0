package org.tweedie.randomness;

import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/** The orders in which programs meet the words of a seed: along each part of the counter, and across several. */
enum Order {
    /** The coordinates of one row: 2^26 of them, then those of the next draw. */
    COORDINATES {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, SEED, 0, Purpose.STEP, b >>> 24, 0, b, into, at);
        }
    },
    /** Rows of four, as the kernels fill them. */
    ROWS {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, SEED, b, Purpose.PRIOR, 0, 0, 0, into, at);
        }
    },
    /** Rows of one: the first word of each. */
    COLUMN {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            int[] row = new int[4];
            for (int i = 0; i < 4; i++) {
                draw(philox, SEED, 4 * b + i, Purpose.NOISE, 0, 0, 0, row, 0);
                into[at + i] = row[0];
            }
        }
    },
    /** The steps of one row: 2^24 of them, then those of the next row. */
    STEPS {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, SEED, b >>> 24, Purpose.STEP, b & Philox.MOST, 0, 0, into, at);
        }
    },
    /** The first row of consecutive seeds. */
    SEEDS {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, b, 0, Purpose.PRIOR, 0, 0, 0, into, at);
        }
    },
    /** Two seeds, two rows, two steps and two quads of coordinates in turn, then the next two rows. */
    INTERLEAVED {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, b & 1, (b >>> 4 << 1) + (b >>> 1 & 1), Purpose.STEP, b >>> 2 & 1, 0, b >>> 3 & 1, into, at);
        }
    },
    /** All purposes and attempts in turn, then the next row. */
    PURPOSES {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, SEED, b >>> 12, Purpose.values()[(int) b & 15], 0, (int) (b >>> 4) & 255, 0, into, at);
        }
    },
    /** The high words of seed and index, which differ by 2^32. */
    HIGH {
        @Override
        void block(Rounds philox, long b, int[] into, int at) {
            draw(philox, (b & 7) << 32, b >>> 3 << 32, Purpose.PRIOR, 0, 0, 0, into, at);
        }
    };

    private static final long SEED = 20261122;

    /** A function of counter and key, which {@link Philox#block} should be. */
    @FunctionalInterface
    interface Rounds {
        void block(int c0, int c1, int c2, int c3, int k0, int k1, int[] into, int at);
    }

    /** The four words of number 4b. */
    abstract void block(Rounds philox, long b, int[] into, int at);

    private static void draw(
            Rounds philox,
            long seed,
            long index,
            Purpose purpose,
            long ordinal,
            int attempt,
            long quad,
            int[] into,
            int at) {
        philox.block(
                (int) index,
                (int) (index >>> 32),
                Philox.purposeWord(purpose.code(), ordinal),
                Philox.quadWord(attempt, (int) (quad & Philox.MOST)),
                (int) seed,
                (int) (seed >>> 32),
                into,
                at);
    }

    Generator words(Rounds philox) {
        return (first, into) -> {
            for (int i = 0; i < into.length; i += 4) {
                block(philox, (first + i) >>> 2, into, i);
            }
        };
    }

    /** The words of this library. */
    Generator words() {
        return words(Philox::block);
    }
}
