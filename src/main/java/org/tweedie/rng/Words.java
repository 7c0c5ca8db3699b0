package org.tweedie.rng;

/**
 * The random words of one draw of one row: an endless table of 32-bit words by (coordinate, attempt), and numbers made of
 * them. The same words whatever is asked first. For one thread: a table may keep the block it drew last.
 */
public interface Words {
    /**
     * The 32 random bits of a coordinate.
     *
     * @param coordinate 0 to 2^26 - 1
     * @param attempt 0 to 255: a fresh table for a rejection loop
     */
    int word(int coordinate, int attempt);

    /** A uniform number in (0, 1): the middles of 2^23 equal cells, so exact in f32. */
    default double uniform(int coordinate, int attempt) {
        return ((word(coordinate, attempt) >>> 9) + 0.5) * 0x1p-23;
    }

    /** {@link #uniform(int, int)} of attempt 0. */
    default double uniform(int coordinate) {
        return uniform(coordinate, 0);
    }

    /**
     * A standard normal number, by Box and Muller: coordinates 2k and 2k + 1 are r cos a and r sin a, where r^2 = -2 ln of
     * (word + 1/2) 2^-32 of coordinate 2k, and a is the word of coordinate 2k + 1 as a part of a turn. At most 6.77 in size.
     */
    default double normal(int coordinate, int attempt) {
        int pair = coordinate & ~1;
        double u = ((word(pair, attempt) & 0xffffffffL) + 0.5) * 0x1p-32;
        int turn = word(pair + 1, attempt)
                + (coordinate == pair ? 0x40000000 : 0); // the cosine is the sine a quarter turn on
        int quadrant = (turn + 0x20000000) >>> 30;
        double rest = (turn - (quadrant << 30)) * (2 * Math.PI * 0x1p-32);
        double sine = (quadrant & 1) == 0 ? StrictMath.sin(rest) : StrictMath.cos(rest);
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * ((quadrant & 2) == 0 ? sine : -sine);
    }

    /** {@link #normal(int, int)} of attempt 0. */
    default double normal(int coordinate) {
        return normal(coordinate, 0);
    }
}
