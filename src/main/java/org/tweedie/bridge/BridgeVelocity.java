package org.tweedie.bridge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tweedie.sde.TimeGrid;

/**
 * The velocity of a bridge's flow, v = (f - b)/2, as sums of what its networks put out. A step x + gamma f forward is known where it starts, at t_0 to t_(N-1);
 * a step y + gamma b backward at t_1 to t_N. Between these times the drifts are joined by straight lines; where one was never learned, in the first or the last
 * step, it is that of the nearest time. So v is off by O(gamma^2) inside, and by O(gamma) in two steps alone. Immutable.
 *
 */
final class BridgeVelocity {
    private final BridgeProcess bridge;
    private final Matching by;
    private final double[] times;

    /** @param by what the networks put out */
    BridgeVelocity(BridgeProcess bridge, Matching by) {
        this.bridge = bridge;
        this.by = by;
        times = bridge.sizes().grid().times();
    }

    /**
     * A part of v: {@code out} times what the network of a direction puts out, and {@code stay} x. Immutable.
     *
     * @param share of the steps, what the network is told
     */
    record Term(Direction direction, double share, double out, double stay) {}

    /** The parts of v at a time from 0 to T: two at the times of the chains, up to four between. */
    List<Term> at(double t) {
        int found = Arrays.binarySearch(times, t);
        int k = found >= 0 ? found : -found - 2;
        double late = found >= 0 ? 0 : (t - times[k]) / (times[k + 1] - times[k]);
        List<Term> terms = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            int early = known(direction, k);
            int next = late == 0 ? early : known(direction, k + 1);
            terms.add(term(direction, early, early == next ? 1 : 1 - late));
            if (early != next) {
                terms.add(term(direction, next, late));
            }
        }
        return terms;
    }

    /** The nearest of the times at which a direction's steps start. */
    private int known(Direction direction, int time) {
        return direction == Direction.FORWARD ? Math.min(time, times.length - 2) : Math.max(time, 1);
    }

    private Term term(Direction direction, int time, double weight) {
        double gamma = bridge.sizes().gamma(direction == Direction.FORWARD ? time : time - 1);
        double half = (direction == Direction.FORWARD ? 0.5 : -0.5) * weight;
        return new Term(
                direction,
                (double) time / (times.length - 1),
                half * (by.gain(gamma) / gamma),
                half * ((by.stay() - 1) / gamma));
    }

    /** Times that rise from 0 to T, in so many steps: as many in each step of the bridge where they are a multiple of its own. */
    static TimeGrid grid(BridgeProcess bridge, int steps) {
        if (steps < 1 || steps > TimeGrid.MOST) {
            throw new IllegalArgumentException(
                    "steps of a flow must be positive and at most " + TimeGrid.MOST + ", got " + steps);
        }
        double[] nodes = bridge.sizes().grid().times();
        int count = bridge.sizes().count();
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            long place = (long) i * count;
            int k = (int) (place / steps);
            long rest = place % steps;
            times[i] = rest == 0 ? nodes[k] : nodes[k] + (nodes[k + 1] - nodes[k]) * ((double) rest / steps);
        }
        return new TimeGrid(times);
    }

    /** @throws IllegalArgumentException if the times are not those of a whole flow of that direction */
    void require(Direction direction, TimeGrid grid) {
        double[] asked = grid.times();
        double horizon = times[times.length - 1];
        double first = direction == Direction.FORWARD ? 0 : horizon;
        double last = horizon - first;
        if (asked[0] != first || asked[asked.length - 1] != last) {
            throw new IllegalArgumentException("a flow " + direction.spec() + " goes from time " + first + " to " + last
                    + ", got times from " + asked[0] + " to " + asked[asked.length - 1]
                    + "; take steps(n), or a grid between these ends");
        }
    }
}
