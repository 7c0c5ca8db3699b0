package org.tweedie.bridge;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Step;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * Forward and backward in one walk (Shi et al., UAI 2022, arXiv 2202.13460): from {@code start}, a row of the data with conditions of its own, to the second end, and
 * from where that came to back, under the conditions asked for. Errors of the two half bridges that a start from the second end's law would show cancel in part. The
 * conditions of the way there are given registers with {@value #OWN} before their names. Immutable.
 */
public record ThereAndBack(Matching by, FrozenConditions conditions) implements Method {
    /** What the names of the conditions of the way there begin with. */
    public static final String OWN = "own.";

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        BridgeWalk there = new BridgeWalk(Direction.FORWARD, Optional.of(by));
        BridgeWalk back = new BridgeWalk(Direction.BACKWARD, Optional.of(by));
        Plan forward = there.plan(process, grid);
        Plan backward = back.plan(process, grid.reversed());
        List<Step> steps = new ArrayList<>(forward.steps()); // both write x, out and noise, their first registers
        steps.addAll(backward.steps().subList(1, backward.steps().size()));
        Plan both = new Plan(forward.registers(), steps, forward.outputs(), forward.trace());
        return conditions.steer(conditions.steer(both, Direction.FORWARD.spec(), OWN), Direction.BACKWARD.spec(), "");
    }

    @Override
    public String spec() {
        return "bridge:there-and-back";
    }
}
