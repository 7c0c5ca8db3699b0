package org.tweedie.plan;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.tweedie.rng.Purpose;

/** Counts the draws of each purpose. */
final class Ordinals {
    private static final long MOST = 1L << 24;

    private final Map<Purpose, Long> next = new EnumMap<>(Purpose.class);

    /** The ordinal of the next draw of this purpose; a draw that may be repeated sets aside one for each time. */
    int next(Purpose purpose, Optional<Until> until) {
        long ordinal = next.getOrDefault(purpose, 0L);
        long after = ordinal + until.map(Until::most).orElse(1);
        if (after > MOST) {
            throw new IllegalArgumentException(
                    "a plan makes at most " + MOST + " draws of one purpose, got more of " + purpose);
        }
        next.put(purpose, after);
        return (int) ordinal;
    }
}
