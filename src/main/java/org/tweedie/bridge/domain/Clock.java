package org.tweedie.bridge.domain;

import org.tweedie.sde.Spelling;

/**
 * How fast a bridge's base spends its variance on [0, 1]: sigma_t^2 = rate e^(-decay t). A clock that decays moves rows early and settles them late.
 * Immutable.
 *
 * @param rate sigma^2 at time 0, above 0
 * @param decay at least 0, at most 100
 */
public record Clock(double rate, double decay) {
    public Clock {
        if (!(rate > 0 && rate <= 1e12)) {
            throw new IllegalArgumentException("a clock's rate must be positive and at most 1e12, got " + rate);
        }
        if (!(decay >= 0 && decay <= 100)) {
            throw new IllegalArgumentException("a clock's decay must be 0 to 100, got " + decay);
        }
    }

    /** The same rate throughout: b_t = variance t. */
    public static Clock constant(double variance) {
        return new Clock(variance, 0);
    }

    /** sigma_t^2 = a b e^(-a t), so b_t = b (1 - e^(-a t)); the authors' code has a = 3 and b = 1. */
    public static Clock exponential(double a, double b) {
        if (!(a > 0 && b > 0)) {
            throw new IllegalArgumentException(
                    "an exponential clock's a and b must be positive, got " + a + " and " + b);
        }
        return new Clock(a * b, a);
    }

    /** sigma_t^2. */
    public double rate(double t) {
        return rate * StrictMath.exp(-decay * t);
    }

    /** b_t, the integral of sigma^2 from 0 to t. */
    public double spent(double t) {
        return rate * decayed(decay, t);
    }

    /** The integral of e^(-c u) over u from 0 to s. */
    static double decayed(double c, double s) {
        return c == 0 ? s : -StrictMath.expm1(-c * s) / c;
    }

    /** {@code constant:1} or {@code exponential:3,1}. */
    public String spec() {
        return decay == 0
                ? "constant:" + Spelling.number(rate)
                : "exponential:" + Spelling.number(decay) + "," + Spelling.number(rate / decay);
    }
}
