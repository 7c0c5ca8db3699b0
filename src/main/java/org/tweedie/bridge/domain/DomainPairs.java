package org.tweedie.bridge.domain;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.TimeGrid;

/**
 * What teaches g = f sqrt(v)/(sigma m): bridges to rows x of the data, walked by their exact transitions, and at the start t of each step {@code z} and
 *
 * <pre>
 *   target = (eta^x - eta^Omega) sqrt(v)/(sigma^2 m) = (x - end)/sqrt(v),   end = m z + v pull
 * </pre>
 *
 * <p>the drift to x less that into the domain, in units that neither vanish nor blow up, whose mean given z is the best g. The singular parts cancel where x is the only likely end. Immutable.
 */
public record DomainPairs(DomainBridge bridge, TimeGrid grid) {
    /** The given register of the rows of data. */
    public static final String DATA = "data";

    /** The register of the target. */
    public static final String TARGET = "target";

    /** The register of g, where it is evaluated. */
    static final String DRIFT = "g";

    /** Traces {@code z}, {@code end} and {@value #TARGET} of each step. */
    public Plan plan() {
        return plan(false);
    }

    /** @param judged whether the field {@link DomainWalk#DRIFT} is evaluated too, as {@value #DRIFT}, the last of the trace */
    Plan plan(boolean judged) {
        BridgeBase base = bridge.base();
        Plan.Writer plan = Plan.writer();
        int x = plan.given(DATA, bridge.space());
        int z = plan.register(DomainWalk.STATE, bridge.space());
        int noise = plan.register("noise", bridge.space());
        int pull = plan.register("pull", bridge.space());
        int target = plan.register(TARGET, bridge.space());
        int end = plan.register(DomainWalk.END, bridge.space());
        int g = judged ? plan.register(DRIFT, bridge.space()) : pull;
        for (int j = 0; j < grid.steps(); j++) {
            double t = grid.t(j);
            double m = base.carry(t);
            double v = base.left(t);
            plan.step(t, grid.s(j)).normal(Purpose.STEP, noise);
            if (j == 0) {
                plan.set(z, base.toward(), x, base.spread(), noise);
            } else {
                double before = base.left(grid.t(j - 1));
                double stays = base.carry(grid.t(j - 1)) / m * v / before;
                double gains = (before - v) / before / m;
                plan.set(z, stays, z, gains, x, StrictMath.sqrt((before - v) * v / before) / m, noise);
            }
            double root = StrictMath.sqrt(v);
            plan.evaluate(DomainWalk.DOMAIN, t, z, pull)
                    .set(end, m, z, v, pull)
                    .set(target, 1 / root, x, -1 / root, end);
            if (judged) {
                plan.evaluate(DomainWalk.DRIFT, new int[] {z, end}, Time.at(t), g);
            }
        }
        Plan written = plan.plan(z, target);
        return judged
                ? written.traced(DomainWalk.STATE, DomainWalk.END, TARGET, DRIFT)
                : written.traced(DomainWalk.STATE, DomainWalk.END, TARGET);
    }
}
