package org.tweedie.score;

import org.jspecify.annotations.Nullable;
import org.tweedie.kernels.View;

/** The time of an evaluation: one number for all rows, or one a row (a view of width 1). Immutable. */
public record Instant(double at, @Nullable View perRow) {
    public static Instant at(double t) {
        return new Instant(t, null);
    }

    public static Instant perRow(View t) {
        return new Instant(Double.NaN, t);
    }
}
