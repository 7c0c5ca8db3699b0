package org.tweedie.train;

import java.util.List;
import java.util.Optional;
import org.tweedie.rng.Law;
import org.tweedie.sde.Spelling;

/**
 * How the divergence of the score is found in a loss that needs it. Immutable.
 *
 * @param law of the random directions; without it the divergence is the sum over the axes
 * @param count directions a row
 * @param reduced whether the square of the score stands as it is (the variance-reduced form), else (v . score)^2 for each direction
 */
public record Slices(Optional<Law> law, int count, boolean reduced) {
    private static final List<String> OBJECTIVES = List.of("denoising", "implicit", "sliced", "sliced-vr");

    public Slices {
        if (count < 1) {
            throw new IllegalArgumentException("a row needs a direction at least, got " + count);
        }
        if (law.isPresent() && law.get() != Law.NORMAL && law.get() != Law.RADEMACHER) {
            throw new IllegalArgumentException("directions have mean 0 and covariance I: NORMAL or RADEMACHER");
        }
    }

    /**
     * Reads an objective of score matching: {@code denoising}, which needs no divergence, {@code implicit}, {@code sliced}, {@code sliced:4},
     * {@code sliced-vr}, {@code sliced-vr:4}, the latter with so many random signs a row.
     *
     * @return empty for {@code denoising}
     * @throws IllegalArgumentException naming the word and those that are known
     */
    public static Optional<Slices> parse(String spec) {
        String text = spec.strip();
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        if (!OBJECTIVES.contains(name)) {
            throw Spelling.unknown("objective", name, OBJECTIVES);
        }
        boolean sliced = name.startsWith("sliced");
        if (colon >= 0 && !sliced) {
            throw new IllegalArgumentException("'" + text + "' has no directions to count; say " + name);
        }
        if (!sliced) {
            return name.equals("implicit") ? Optional.of(exact()) : Optional.empty();
        }
        int count = colon < 0 ? 1 : Spelling.whole(text.substring(colon + 1), text);
        return Optional.of(name.equals("sliced") ? sliced(count, Law.RADEMACHER) : reduced(count, Law.RADEMACHER));
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
