package org.tweedie.bridge.domain;

import org.tweedie.sde.Spelling;

/**
 * dZ = -pull Z dt + sigma_t dW from Z_0 = 0 on [0, 1]: Brownian motion, or Ornstein and Uhlenbeck's process, by a clock. Immutable.
 *
 * @param pull 0 for Brownian motion; from -20, away from 0, to 20
 */
public record LinearBase(Clock clock, double pull) implements BridgeBase {
    public LinearBase {
        if (!(pull >= -20 && pull <= 20)) {
            throw new IllegalArgumentException("a base pulls with -20 to 20, got " + pull);
        }
    }

    public static LinearBase brownian(Clock clock) {
        return new LinearBase(clock, 0);
    }

    public static LinearBase ornsteinUhlenbeck(double pull, Clock clock) {
        return new LinearBase(clock, pull);
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double drift(double t) {
        return -pull;
    }

    @Override
    public double rate(double t) {
        return clock.rate(t);
    }

    @Override
    public double carry(double t) {
        return StrictMath.exp(-pull * (1 - t));
    }

    @Override
    public double left(double t) {
        return clock.rate(1) * Clock.decayed(2 * pull - clock.decay(), 1 - t);
    }

    /** {@code brownian constant:1} or {@code ou:0.5 exponential:3,1}. */
    @Override
    public String spec() {
        return (pull == 0 ? "brownian" : "ou:" + Spelling.number(pull)) + " " + clock.spec();
    }
}
