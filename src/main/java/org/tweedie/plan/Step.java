package org.tweedie.plan;

import java.util.List;
import java.util.Optional;

/**
 * What happens on the way from time {@code t} to time {@code s}; the step from T to T draws the start. Immutable.
 *
 * @param stages in order
 */
public record Step(double t, double s, List<Stage> stages, Optional<Until> until) {
    public Step {
        stages = List.copyOf(stages);
        if (!Double.isFinite(t) || !Double.isFinite(s)) {
            throw new IllegalArgumentException("a step goes between finite times, got " + t + " to " + s);
        }
    }
}
