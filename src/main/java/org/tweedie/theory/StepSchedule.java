package org.tweedie.theory;

import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/** How the times from T down to an end are spread. Immutable. */
public enum StepSchedule {
    /** Equal steps. */
    UNIFORM,
    /** Each step the same share of its time: shorter near data, where the score is steep. The end is above 0. */
    GEOMETRIC;

    /** The times. */
    public TimeGrid grid(Noising process, int steps, double end) {
        double horizon = process.horizon();
        if (steps < 1 || !(end >= 0 && end < horizon) || this == GEOMETRIC && end == 0) {
            throw new IllegalArgumentException(
                    "a grid needs a step and an end from 0" + (this == GEOMETRIC ? ", not 0 itself," : "")
                            + " to below " + horizon + ", got " + steps + " steps to " + end);
        }
        if (steps > TimeGrid.MOST) {
            throw new IllegalArgumentException("at most " + TimeGrid.MOST + " steps, got " + steps);
        }
        double[] times = new double[steps + 1];
        for (int k = 0; k <= steps; k++) {
            double u = (double) k / steps;
            times[k] = this == UNIFORM ? horizon + u * (end - horizon) : horizon * StrictMath.pow(end / horizon, u);
        }
        times[0] = horizon;
        times[steps] = end;
        return new TimeGrid(times);
    }
}
