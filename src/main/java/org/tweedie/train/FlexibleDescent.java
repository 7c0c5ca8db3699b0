package org.tweedie.train;

import org.tweedie.sde.FlexibleSde;

/**
 * A {@link FlexibleSde} on its way down: Adam on ln of each rate and each number of omega, of which those that learn move. Double on the host. For one
 * thread.
 */
final class FlexibleDescent {
    /** What is learned stays within: ln of rates in size, numbers of omega in size. */
    static final double FARTHEST_RATE = 3;

    static final double FARTHEST_TURN = 10;

    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.99;

    private FlexibleSde sde;
    private final double[] first;
    private final double[] second;
    private long steps;

    /** From a process, at rest. */
    FlexibleDescent(FlexibleSde sde) {
        this.sde = sde;
        int numbers = sde.rates().length + sde.turns().length;
        first = new double[numbers];
        second = new double[numbers];
    }

    /** The process as it is now. */
    FlexibleSde sde() {
        return sde;
    }

    /** A step of that rate, along ln of the rates, then omega. A gradient that is not finite moves nothing. */
    void step(double[] gradient, double rate) {
        for (double part : gradient) {
            if (!Double.isFinite(part)) {
                return;
            }
        }
        steps++;
        double unbiased1 = 1 - StrictMath.pow(BETA_1, steps);
        double unbiased2 = 1 - StrictMath.pow(BETA_2, steps);
        double[] rates = sde.rates();
        double[] turns = sde.turns();
        for (int i = 0; i < gradient.length; i++) {
            first[i] += (1 - BETA_1) * (gradient[i] - first[i]);
            second[i] += (1 - BETA_2) * (gradient[i] * gradient[i] - second[i]);
            double by = -rate * (first[i] / unbiased1) / (StrictMath.sqrt(second[i] / unbiased2) + 1e-8);
            boolean ofRate = i < rates.length;
            if (ofRate && sde.learns().rates()) {
                double moved = StrictMath.exp(within(StrictMath.log(rates[i]), by, FARTHEST_RATE));
                rates[i] = StrictMath.max(1 / FlexibleSde.LARGEST, StrictMath.min(FlexibleSde.LARGEST, moved));
            } else if (!ofRate && sde.learns().turns()) {
                int turn = i - rates.length;
                turns[turn] = within(turns[turn], by, FARTHEST_TURN);
            }
        }
        sde = sde.with(rates, turns);
    }

    /** Moved, and no farther out than the farthest, unless it was. */
    private static double within(double value, double by, double farthest) {
        double most = StrictMath.max(farthest, StrictMath.abs(value));
        return StrictMath.max(-most, StrictMath.min(most, value + by));
    }

    /** All that the next step depends on: {@link #stateLength} numbers. */
    double[] state() {
        int count = first.length;
        double[] state = new double[3 * count + 1];
        double[] rates = sde.rates();
        System.arraycopy(rates, 0, state, 0, rates.length);
        System.arraycopy(sde.turns(), 0, state, rates.length, count - rates.length);
        System.arraycopy(first, 0, state, count, count);
        System.arraycopy(second, 0, state, 2 * count, count);
        state[3 * count] = steps;
        return state;
    }

    int stateLength() {
        return 3 * first.length + 1;
    }

    void restore(double[] state) {
        int count = first.length;
        double[] rates = new double[sde.rates().length];
        double[] turns = new double[count - rates.length];
        System.arraycopy(state, 0, rates, 0, rates.length);
        System.arraycopy(state, rates.length, turns, 0, turns.length);
        sde = sde.with(rates, turns);
        System.arraycopy(state, count, first, 0, count);
        System.arraycopy(state, 2 * count, second, 0, count);
        steps = (long) state[3 * count];
    }
}
