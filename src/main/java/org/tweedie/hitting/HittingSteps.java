package org.tweedie.hitting;

import java.util.List;
import org.tweedie.sde.Spelling;

/**
 * How a walk steps until it hits: lengths of time h = min(most, share distance^2), so that a step is short where the set is near, until the distance is below
 * the tolerance; then the row is moved onto the set. Domains that draw whether a step crosses ({@link Cube}) take every step of length {@code most}
 * and have no need of the other two. Immutable.
 *
 * @param most length of a step, above 0 to 1; the law of what is sampled is off by about as much
 * @param share of the squared distance, above 0 to 0.25: at 0.05 the noise of a step is a fifth of the distance
 * @param tolerance distance that counts as a hit, 1e-6 to 0.1
 * @param limit steps that a row may take, at least 1; a row that has used them up is told as unfinished
 */
public record HittingSteps(double most, double share, double tolerance, int limit) {
    public HittingSteps {
        if (!(most > 0 && most <= 1)) {
            throw new IllegalArgumentException(
                    "the longest step must be above 0 and at most 1, got " + most + "; 0.01 is usual");
        }
        if (!(share > 0 && share <= 0.25)) {
            throw new IllegalArgumentException(
                    "the share of the squared distance must be above 0 and at most 0.25, got " + share
                            + "; 0.05 is usual");
        }
        if (!(tolerance >= 1e-6 && tolerance <= 0.1)) {
            throw new IllegalArgumentException(
                    "the distance of a hit must lie between 1e-6 and 0.1, got " + tolerance + "; 1e-3 is usual");
        }
        if (limit < 1) {
            throw new IllegalArgumentException("the most steps of a row must be positive, got " + limit);
        }
    }

    /** Steps of at most {@code most}, else 0.05 of the squared distance, to 1e-3. */
    public static HittingSteps of(double most) {
        return new HittingSteps(most, 0.05, 1e-3, 100_000);
    }

    /** Steps of at most 0.01. */
    public static HittingSteps standard() {
        return of(0.01);
    }

    public HittingSteps withShare(double value) {
        return new HittingSteps(most, value, tolerance, limit);
    }

    public HittingSteps withTolerance(double value) {
        return new HittingSteps(most, share, value, limit);
    }

    public HittingSteps withLimit(int value) {
        return new HittingSteps(most, share, tolerance, value);
    }

    /**
     * Reads {@code 0.01}, the longest step, or also the share, the tolerance and the limit, as {@link #spec} writes them.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static HittingSteps parse(String spec) {
        String text = spec.strip();
        List<String> numbers = Spelling.list(text);
        if (numbers.isEmpty() || numbers.size() > 4) {
            throw new IllegalArgumentException("'" + text + "' has " + numbers.size()
                    + " numbers; steps of a walk are MOST[,SHARE[,TOLERANCE[,LIMIT]]], as 0.01,0.05,1e-3,100000");
        }
        HittingSteps steps = of(Spelling.number(numbers.get(0), text));
        steps = numbers.size() < 2 ? steps : steps.withShare(Spelling.number(numbers.get(1), text));
        steps = numbers.size() < 3 ? steps : steps.withTolerance(Spelling.number(numbers.get(2), text));
        return numbers.size() < 4 ? steps : steps.withLimit(Spelling.whole(numbers.get(3), text));
    }

    /** As {@link #parse} reads it: {@code 0.01,0.05,1e-3,100000}. */
    public String spec() {
        return Spelling.number(most) + "," + Spelling.number(share) + "," + Spelling.number(tolerance) + "," + limit;
    }
}
