package org.tweedie.plan;

/**
 * A named value that every row has. Immutable.
 *
 * @param name unique in the plan; outputs are found by it
 * @param given true when the caller's rows fill it before the first step; stages only read it
 */
public record Register(String name, Space space, boolean given) {
    public Register {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a register needs a name");
        }
    }

    /** Numbers a row holds. */
    public int width() {
        return space.width();
    }
}
