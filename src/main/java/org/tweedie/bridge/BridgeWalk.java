package org.tweedie.bridge;

import java.util.Optional;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * A walk of a bridge: N steps y = mean(x) + sqrt(2 gamma_k) z, whose means are the reference's, or those of the field named as the direction, at
 * the share k/N (forward) or (k + 1)/N (backward) of the steps. It starts from the caller's rows in the given register {@code start}, or from
 * the second end where that is normal. The state, and output, is {@code x}. Immutable.
 *
 * @param by what the field puts out; nothing for the reference, which only goes forward
 */
public record BridgeWalk(Direction direction, Optional<Matching> by) implements Method {
    /** The given register of the caller's rows. */
    public static final String START = "start";

    public BridgeWalk {
        if (by.isEmpty() && direction == Direction.BACKWARD) {
            throw new IllegalArgumentException("the reference is walked forward; backward goes what was learned");
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        BridgeProcess bridge = require(process, grid);
        Writing writing = new Writing(bridge);
        for (int j = 0; j < bridge.sizes().count(); j++) {
            writing.step(j);
            writing.evaluate(j, writing.out);
            writing.mean(j, writing.x, writing.out, writing.x);
            writing.noise(j);
        }
        return writing.plan.plan(writing.x);
    }

    private BridgeProcess require(Noising process, TimeGrid grid) {
        BridgeProcess bridge = bridge(this, process);
        if (!grid.equals(grid(bridge))) {
            throw new IllegalArgumentException("a bridge is walked along the "
                    + bridge.sizes().count()
                    + " steps that it was fitted with, " + bridge.sizes().spec() + ", got " + grid
                    + "; fit one with other steps");
        }
        return bridge;
    }

    static BridgeProcess bridge(Method method, Noising process) {
        if (!(process instanceof BridgeProcess bridge)) {
            throw new IllegalArgumentException(
                    "method " + method.spec() + " knows bridges; " + process.spec() + " is none");
        }
        return bridge;
    }

    /** The step that fills x: the caller's rows, or the second end's normal law. */
    static void start(Plan.Writer plan, BridgeProcess bridge, Direction direction, double t, int x) {
        if (direction == Direction.BACKWARD && bridge.normal()) {
            plan.step(t, t);
            bridge.prior(plan, x);
        } else {
            int start = plan.given(START, bridge.space());
            plan.step(t, t).set(x, 1, start);
        }
    }

    /** The times of the walk. */
    public TimeGrid grid(BridgeProcess bridge) {
        TimeGrid rising = bridge.sizes().grid();
        return direction == Direction.FORWARD ? rising : rising.reversed();
    }

    @Override
    public String spec() {
        return "bridge:" + direction.spec();
    }

    /** A plan under way. */
    final class Writing {
        final Plan.Writer plan = Plan.writer();
        final int x;
        final int out;
        final int noise;
        private final BridgeProcess bridge;
        private final TimeGrid grid;

        /** Writes the step that fills x. */
        Writing(BridgeProcess bridge) {
            this.bridge = bridge;
            grid = grid(bridge);
            x = plan.register("x", bridge.space());
            out = plan.register("out", bridge.space());
            noise = plan.register("noise", bridge.space());
            start(plan, bridge, direction, grid.times()[0], x);
        }

        /** What follows happens in the j-th step. */
        void step(int j) {
            plan.step(grid.t(j), grid.s(j));
        }

        double gamma(int j) {
            return bridge.sizes().gamma(direction.place(j, bridge.sizes().count()));
        }

        /** {@code into} &larr; what the mean of the j-th step is made of, at x. */
        void evaluate(int j, int into) {
            if (by.isPresent()) {
                int count = bridge.sizes().count();
                plan.evaluate(direction.spec(), direction.starts(direction.place(j, count), count), x, into);
            }
        }

        /** {@code into} &larr; the mean of the j-th step from {@code at}, where the field put out {@code put}. */
        void mean(int j, int at, int put, int into) {
            if (by.isPresent()) {
                plan.set(into, by.get().stay(), at, by.get().gain(gamma(j)), put);
            } else {
                plan.set(into, bridge.reference().factor(gamma(j)), at);
            }
        }

        /** x &larr; x and the noise of the j-th step. */
        void noise(int j) {
            plan.normal(Purpose.STEP, noise).set(x, 1, x, StrictMath.sqrt(2 * gamma(j)), noise);
        }
    }
}
