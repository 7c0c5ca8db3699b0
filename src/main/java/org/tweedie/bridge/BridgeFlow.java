package org.tweedie.bridge;

import org.tweedie.plan.Plan;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * The probability flow of a bridge: rows move without noise, and the laws on the way are those of the walks,
 *
 * <pre>
 *   dx/dt = ( f(x, t) - b(x, t) )/2
 * </pre>
 *
 * <p>f and b the drifts of the walks forward and backward, whose noise is sqrt(2) dW (De Bortoli et al., NeurIPS 2021, arXiv 2106.01357, section 6.2; for any
 * reference b = 2 score - f). By Heun's method, order 2, whose evaluations fall on the ends of steps: on the bridge's own grid those are the times that the
 * networks learned at. Finer grids take drifts between these times by straight lines, for twice the evaluations a step.
 *
 * <p>It starts from the given register {@code start}, or backward from the second end where that is normal. The state, and output, is {@code x}. Reads the fields
 * named as both directions. Immutable.
 *
 * @param by what the fields put out
 */
public record BridgeFlow(Direction direction, Matching by) implements Method {
    /** @param grid from one end of the bridge to the other, see {@link #grid} */
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        BridgeProcess bridge = BridgeWalk.bridge(this, process);
        BridgeVelocity velocity = new BridgeVelocity(bridge, by);
        velocity.require(direction, grid);
        Plan.Writer plan = Plan.writer();
        int x = plan.register("x", bridge.space());
        int ahead = plan.register("ahead", bridge.space());
        int slope = plan.register("slope", bridge.space());
        int out = plan.register("out", bridge.space());
        BridgeWalk.start(plan, bridge, direction, grid.t(0), x);
        for (int i = 0; i < grid.steps(); i++) {
            double h = grid.s(i) - grid.t(i);
            plan.step(grid.t(i), grid.s(i));
            slope(plan, velocity, grid.t(i), x, out, slope);
            plan.combine(new int[] {ahead, x}, new double[][] {{1, h}, {1, 0.5 * h}}, x, slope);
            slope(plan, velocity, grid.s(i), ahead, out, slope);
            plan.set(x, 1, x, 0.5 * h, slope);
        }
        return plan.plan(x);
    }

    /** {@code into} &larr; the velocity at {@code at}. */
    private static void slope(Plan.Writer plan, BridgeVelocity velocity, double t, int at, int out, int into) {
        plan.combine(into, new double[] {});
        for (BridgeVelocity.Term term : velocity.at(t)) {
            plan.evaluate(term.direction().spec(), term.share(), at, out);
            plan.set(into, 1, into, term.out(), out, term.stay(), at);
        }
    }

    /** The times of a flow in so many steps: as many in each step of the bridge where they are a multiple of its own. */
    public TimeGrid grid(BridgeProcess bridge, int steps) {
        TimeGrid rising = BridgeVelocity.grid(bridge, steps);
        return direction == Direction.FORWARD ? rising : rising.reversed();
    }

    @Override
    public String spec() {
        return "flow:" + direction.spec();
    }
}
