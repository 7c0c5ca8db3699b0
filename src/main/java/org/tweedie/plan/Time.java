package org.tweedie.plan;

/**
 * The time of an evaluation: one number for all rows, or a register of width 1 that holds each row's own. Immutable.
 *
 * @param at the number; NaN when a register holds the time
 * @param register the register; -1 when the time is a number
 */
public record Time(double at, int register) {
    public Time {
        if (register < -1 || (register == -1) == Double.isNaN(at)) {
            throw new IllegalArgumentException(
                    "a time is a number or a register, got at = " + at + ", register = " + register);
        }
    }

    public static Time at(double t) {
        return new Time(t, -1);
    }

    public static Time of(int register) {
        return new Time(Double.NaN, register);
    }

    public boolean perRow() {
        return register >= 0;
    }
}
