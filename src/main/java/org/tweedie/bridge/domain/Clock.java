package org.tweedie.bridge.domain;

import java.util.List;
import org.tweedie.sde.Spelling;

/**
 * How fast a bridge's base spends its variance on [0, 1]: sigma_t^2 = c e^(-a t), so b_t = c t for a = 0, else b (1 - e^(-a t)) with c = a b. A clock that decays moves
 * rows early and settles them late. Immutable.
 *
 * @param variance b: what is spent on the whole of [0, 1], or on [0, infinity) by a clock that decays; above 0, and c at most 1e12
 * @param decay a, at least 0, at most 100
 */
public record Clock(double variance, double decay) {
    private static final List<String> NAMES = List.of("constant", "exponential");

    public Clock {
        if (!(decay >= 0 && decay <= 100)) {
            throw new IllegalArgumentException("a clock's decay must be 0 to 100, got " + decay);
        }
        double rate = decay == 0 ? variance : decay * variance;
        if (!(rate > 0 && rate <= 1e12)) {
            throw new IllegalArgumentException("a clock's rate must be positive and at most 1e12, got " + rate);
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
        return new Clock(b, a);
    }

    /**
     * Reads {@code constant:1} or {@code exponential:3,1}.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static Clock parse(String spec) {
        String text = spec.strip();
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        if (!NAMES.contains(name)) {
            throw Spelling.unknown("clock", name, NAMES);
        }
        double[] numbers = DomainText.numbers(colon < 0 ? "" : text.substring(colon + 1), text);
        boolean constant = name.equals("constant");
        if (numbers.length != (constant ? 1 : 2)) {
            throw new IllegalArgumentException("'" + text + "' has " + numbers.length + " numbers; say "
                    + (constant ? "constant:VARIANCE, as constant:1" : "exponential:A,B, as exponential:3,1"));
        }
        return constant ? constant(numbers[0]) : exponential(numbers[0], numbers[1]);
    }

    /** sigma_t^2. */
    public double rate(double t) {
        return first() * StrictMath.exp(-decay * t);
    }

    /** b_t, the integral of sigma^2 from 0 to t. */
    public double spent(double t) {
        return first() * decayed(decay, t);
    }

    /** c. */
    private double first() {
        return decay == 0 ? variance : decay * variance;
    }

    /** The integral of e^(-c u) over u from 0 to s. */
    static double decayed(double c, double s) {
        return c == 0 ? s : -StrictMath.expm1(-c * s) / c;
    }

    /** {@code constant:1} or {@code exponential:3,1}, exact. */
    public String spec() {
        return decay == 0
                ? "constant:" + Spelling.number(variance)
                : "exponential:" + Spelling.number(decay) + "," + Spelling.number(variance);
    }
}
