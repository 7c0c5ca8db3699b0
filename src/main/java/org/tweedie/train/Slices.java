package org.tweedie.train;

import java.util.Optional;
import org.tweedie.rng.Law;

/**
 * How the divergence of the score is found in a loss that needs it. Immutable.
 *
 * @param law of the random directions; without it the divergence is the sum over the axes
 * @param count directions a row
 * @param reduced whether the square of the score stands as it is (the variance-reduced form), else (v . score)^2 for each direction
 */
public record Slices(Optional<Law> law, int count, boolean reduced) {
    public Slices {
        if (count < 1) {
            throw new IllegalArgumentException("a row needs a direction at least, got " + count);
        }
        if (law.isPresent() && law.get() != Law.NORMAL && law.get() != Law.RADEMACHER) {
            throw new IllegalArgumentException("directions have mean 0 and covariance I: NORMAL or RADEMACHER");
        }
    }

    /** Every axis: implicit score matching (Hyvarinen 2005). */
    public static Slices exact() {
        return new Slices(Optional.empty(), 1, true);
    }

    /** Random directions: sliced score matching. */
    public static Slices sliced(int count, Law law) {
        return new Slices(Optional.of(law), count, false);
    }

    /** Random directions for the divergence alone: sliced score matching with reduced variance. */
    public static Slices reduced(int count, Law law) {
        return new Slices(Optional.of(law), count, true);
    }
}
