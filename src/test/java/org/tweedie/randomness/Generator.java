package org.tweedie.randomness;

/** Words by their number. */
@FunctionalInterface
interface Generator {
    /** Writes the words from number {@code first} on, a multiple of 4, over all of the array. */
    void fill(long first, int[] into);
}
