package org.tweedie.bridge.domain;

import java.util.List;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Spelling;

/**
 * The process that bridges are made from: dZ = h(t) Z dt + sigma_t dW on [0, T], data at T. From Z_t = z it ends as N(m z, v I) with m = {@link #carry} and
 * v = {@link #left}, and all else follows: y = m z is Brownian motion whose clock is v. Bridges to x start as N({@link #toward} x, {@link #spread}^2 I).
 * Immutable, shared by threads.
 */
public interface BridgeBase {
    /** T. */
    double horizon();

    /** h, the factor of Z in the drift. */
    double drift(double t);

    /** sigma_t^2. */
    double rate(double t);

    /** m: the mean of Z_T from Z_t = z is m z. */
    double carry(double t);

    /** v: the variance of Z_T from Z_t; falls to 0. */
    double left(double t);

    /** What the mean of Z_0 is of the x that a bridge goes to. */
    default double toward() {
        return 0;
    }

    /** The standard deviation of Z_0, given x. */
    default double spread() {
        return 0;
    }

    /** The standard deviation of Z_0 where a model starts, with mean 0. */
    default double priorDeviation() {
        return spread();
    }

    /** As {@link #parse} reads it. */
    String spec();

    /**
     * Reads {@code brownian constant:1}, {@code ou:0.5 exponential:3,1} or {@code reversed vp:0.1,20}: a {@link LinearBase} with its {@link Clock}, or a
     * {@link ReversedBase}.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    static BridgeBase parse(String spec) {
        String text = spec.strip();
        int blank = text.indexOf(' ');
        String first = blank < 0 ? text : text.substring(0, blank);
        String rest = blank < 0 ? "" : text.substring(blank + 1);
        if (first.equals("reversed")) {
            return new ReversedBase(ProcessSpec.parse(rest));
        } else if (first.equals("brownian")) {
            return LinearBase.brownian(Clock.parse(rest));
        } else if (first.startsWith("ou:")) {
            return LinearBase.ornsteinUhlenbeck(Spelling.number(first.substring(3), text), Clock.parse(rest));
        }
        throw Spelling.unknown(
                "base",
                first,
                List.of("brownian", "ou:PULL", "reversed"),
                ", each with a clock or process behind a blank");
    }

    /** The drift at z of the bridge to x, by Doob's transform: h z + sigma^2 m (x - m z)/v. */
    default double bridge(double x, double z, double t) {
        double m = carry(t);
        return drift(t) * z + rate(t) * m * (x - m * z) / left(t);
    }

    /** The mean of Z_t on the bridge from z_0 to x. */
    default double mean(double z0, double x, double t) {
        double start = carry(0) * z0;
        return (start + (1 - left(t) / left(0)) * (x - start)) / carry(t);
    }

    /** The variance of Z_t on the bridge between two points. */
    default double variance(double t) {
        double v = left(t);
        return v * (left(0) - v) / left(0) / (carry(t) * carry(t));
    }

    /** The factor of x in the mean of Z_t, over the starts of the bridges to x. */
    default double gain(double t) {
        return mean(toward(), 1, t);
    }

    /** The standard deviation of Z_t given x, over the starts. */
    default double deviation(double t) {
        double start = carry(0) * left(t) / left(0) / carry(t) * spread();
        return StrictMath.sqrt(start * start + variance(t));
    }
}
