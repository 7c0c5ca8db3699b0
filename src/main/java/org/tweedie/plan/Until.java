package org.tweedie.plan;

/**
 * Repeats a step, row by row, while the row's {@code alive} register is above 0 at the end of the step, at most {@code most} times in all.
 * Immutable.
 *
 * @param alive a register of width 1
 */
public record Until(int alive, int most) {
    public Until {
        if (most < 1) {
            throw new IllegalArgumentException("an until runs its step at least once, got most = " + most);
        }
    }
}
