package org.tweedie.bridge;

import java.util.Optional;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.TimeGrid;

/**
 * The log-density that the flow of a bridge gives rows of its first end, from that of the second:
 *
 * <pre>
 *   ln p_0(x) = ln p_T(x_T) + change,    change = integral of div v(x_t, t) dt,    v = (f - b)/2
 * </pre>
 *
 * <p>(Chen et al., NeurIPS 2018, arXiv 1806.07366), by Heun's method with {@link BridgeFlow}'s weights. Reads the given register {@code x}; puts out {@code latent} = x_T and
 * {@code change}. The fields are those of both directions with a derivative, named {@code forward} and {@code backward} with {@value #DIVERGENCE} or {@value #TANGENT} behind.
 *
 * <p>Immutable.
 *
 * @param by what the networks put out
 * @param probe as that of {@link FlowDensity}: the law of the direction that stands for the trace; without it the trace is exact
 */
public record BridgeFlowDensity(Matching by, Optional<Law> probe) {
    /** Behind a direction's name, the field (x; t) to (out, its divergence). */
    public static final String DIVERGENCE = ".divergence";

    /** Behind a direction's name, the field (x, direction; t) to (out, its derivative along the direction). */
    public static final String TANGENT = ".tangent";

    public BridgeFlowDensity {
        new FlowDensity(probe); // refuses laws that are no probes
    }

    /** @param grid that rises from the first end to the second */
    public Plan plan(BridgeProcess bridge, TimeGrid grid) {
        new BridgeVelocity(bridge, by).require(Direction.FORWARD, grid);
        return new Way(bridge).plan(grid);
    }

    /** The plan under way. */
    private final class Way {
        private final BridgeVelocity velocity;
        private final Plan.Writer plan = Plan.writer();
        private final int x;
        private final int at;
        private final int ahead;
        private final int slope;
        private final int out;
        private final int change;
        private final int trace;
        private final int whole;
        private final int direction;
        private final int along;
        private final Formula dot;
        private final Formula less;

        Way(BridgeProcess bridge) {
            velocity = new BridgeVelocity(bridge, by);
            Space rows = bridge.space();
            x = plan.given("x", rows);
            at = plan.register("latent", rows);
            ahead = plan.register("ahead", rows);
            slope = plan.register("slope", rows);
            out = plan.register("out", rows);
            change = plan.register("change", Space.euclidean(1));
            trace = plan.register("trace", Space.euclidean(1));
            whole = by == Matching.MEAN && probe.isEmpty() ? plan.register("whole", Space.euclidean(1)) : -1;
            direction = probe.isPresent() ? plan.register("direction", rows) : -1;
            along = probe.isPresent() ? plan.register("along", rows) : -1;
            FormulaWriter f = Formula.writer("dot");
            dot = f.output(f.input(rows.width()).dot(f.input(rows.width()))).formula();
            FormulaWriter g = Formula.writer("less"); // a mean is x and a drift: the trace without that of x
            less = g.output(g.input(1).minus(rows.width())).formula();
        }

        Plan plan(TimeGrid grid) {
            plan.step(grid.t(0), grid.t(0));
            plan.set(at, 1, x).combine(change, new double[] {});
            probe.ifPresent(law -> plan.draw(law, Purpose.PROBE, direction));
            for (int i = 0; i < grid.steps(); i++) {
                double h = grid.s(i) - grid.t(i);
                plan.step(grid.t(i), grid.s(i));
                evaluate(grid.t(i), at, 0.5 * h);
                plan.combine(new int[] {ahead, at}, new double[][] {{1, h}, {1, 0.5 * h}}, at, slope);
                evaluate(grid.s(i), ahead, 0.5 * h);
                plan.set(at, 1, at, 0.5 * h, slope);
            }
            return plan.plan(at, change);
        }

        /** slope &larr; v at {@code from}; change takes {@code weight} times its divergence. */
        private void evaluate(double t, int from, double weight) {
            plan.combine(slope, new double[] {});
            for (BridgeVelocity.Term term : velocity.at(t)) {
                String field = term.direction().spec();
                Time told = Time.at(term.share());
                if (probe.isPresent()) {
                    plan.evaluate(field + TANGENT, new int[] {from, direction}, told, out, along);
                    if (by == Matching.MEAN) {
                        plan.set(along, 1, along, -1, direction);
                    }
                    plan.apply(dot, new int[] {direction, along}, trace);
                } else if (by == Matching.MEAN) {
                    plan.evaluate(field + DIVERGENCE, new int[] {from}, told, out, whole);
                    plan.apply(less, new int[] {whole}, trace);
                } else {
                    plan.evaluate(field + DIVERGENCE, new int[] {from}, told, out, trace);
                }
                plan.set(slope, 1, slope, term.out(), out, term.stay(), from);
                plan.set(change, 1, change, weight * term.out(), trace);
            }
        }
    }
}
