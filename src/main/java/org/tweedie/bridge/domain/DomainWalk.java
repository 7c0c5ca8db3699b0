package org.tweedie.bridge.domain;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * Walks into a domain: dZ = (h Z + sigma^2 m pull + sigma f) dt + sigma dW with f = sigma m g/sqrt(v), pull and g frozen over a step and the base exact. With y = m z,
 * Brownian motion by the clock v, a step from t to s is
 *
 * <pre>
 *   y &larr; y + dv (pull + g/sqrt(v)) + sqrt(dv) noise,   dv = v_t - v_s
 * </pre>
 *
 * <p>which for a constant clock is Euler's. What g adds up to on the way from v to 0 is some sqrt(v): it decides where the walk ends, not whether in the domain. The state is {@code z}; the last of it is put out as {@code x}, to be rounded to the domain, and as {@code z}, as it came: off
 * by some sqrt(dv) of the last step. Immutable.
 *
 * @param learned whether the field {@value #DRIFT} gives g from z and the mean of the {@value #END}, y + v pull, of which g is a smoother function; else g is 0
 */
public record DomainWalk(boolean learned) implements Method {
    /** The field of the pull. */
    public static final String DOMAIN = "domain";

    /** The field that adds to it. */
    public static final String DRIFT = "drift";

    /** The second input of what adds to it: where a walk without it ends in the mean. */
    public static final String END = "end";

    /** The output that is to be rounded. */
    public static final String ROWS = "x";

    /** The state, and the output as it came. */
    public static final String STATE = "z";

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        if (!(process instanceof DomainBridge bridge)) {
            throw new IllegalArgumentException(
                    "method " + spec() + " knows bridges into domains; " + process.spec() + " is none");
        }
        if (grid.falls() || grid.t(0) != 0 || grid.s(grid.steps() - 1) != bridge.horizon()) {
            throw new IllegalArgumentException(
                    "a bridge is walked along times that rise from 0 to " + bridge.horizon() + ", got " + grid);
        }
        BridgeBase base = bridge.base();
        Plan.Writer plan = Plan.writer();
        int z = plan.register(STATE, bridge.space());
        int pull = plan.register("pull", bridge.space());
        int noise = plan.register("noise", bridge.space());
        int g = learned ? plan.register("g", bridge.space()) : noise;
        int end = learned ? plan.register(END, bridge.space()) : noise;
        int x = plan.register(ROWS, bridge.space());
        plan.step(0, 0);
        bridge.prior(plan, z);
        for (int j = 0; j < grid.steps(); j++) {
            double t = grid.t(j);
            double s = grid.s(j);
            double m = base.carry(s);
            double dv = base.left(t) - base.left(s);
            plan.step(t, s).evaluate(DOMAIN, t, z, pull);
            if (learned) {
                plan.set(end, base.carry(t), z, base.left(t), pull).evaluate(DRIFT, new int[] {z, end}, Time.at(t), g);
            }
            plan.set(z, base.carry(t) / m, z, dv / m, pull);
            if (learned) {
                plan.set(z, 1, z, dv / StrictMath.sqrt(base.left(t)) / m, g);
            }
            plan.normal(Purpose.STEP, noise).set(z, 1, z, StrictMath.sqrt(dv) / m, noise);
        }
        plan.set(x, 1, z);
        return plan.plan(x, z).traced(STATE);
    }

    /** {@code domain} with what was learned, {@code domain:alone} without. */
    @Override
    public String spec() {
        return learned ? "domain" : "domain:alone";
    }
}
