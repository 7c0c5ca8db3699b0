package org.tweedie.bridge;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Noising;

/**
 * The chains between two ends, x_0 of the first and x_N of the second, as plans see them: the reference, its steps, where a row lives.
 * Immutable.
 *
 * @param reference with its centre at 0: an encoding shifts rows, a plan does not
 * @param normal whether the second end is N(0, I), which a plan draws; rows of other ends are given
 */
public record BridgeProcess(Reference reference, StepSizes sizes, Space space, boolean normal) implements Noising {
    /** @throws IllegalArgumentException if the reference has another centre, or its steps leap over it */
    public BridgeProcess {
        if (reference.centre() != 0) {
            throw new IllegalArgumentException("a bridge's reference has its centre at 0, got " + reference.spec()
                    + "; shift the rows instead, as the bridge's encoding does");
        }
        for (double gamma : sizes.gammas()) {
            if (reference.factor(gamma) <= 0) {
                throw new IllegalArgumentException("a step of " + gamma + " leaps over the centre of "
                        + reference.spec() + "; take steps below " + 1 / reference.pull());
            }
        }
    }

    @Override
    public double horizon() {
        return sizes.grid().times()[sizes.count()];
    }

    /** 0: a bridge goes all the way. */
    @Override
    public double cutoff() {
        return 0;
    }

    @Override
    public void prior(Plan.Writer plan, int... state) {
        for (int x : state) {
            plan.normal(Purpose.PRIOR, x);
        }
    }

    @Override
    public BridgeProcess on(Space other) {
        return new BridgeProcess(reference, sizes, other, normal);
    }

    /** For people and checkpoints; no {@link org.tweedie.sde.ProcessSpec}. */
    @Override
    public String spec() {
        return "bridge " + reference.spec() + " " + sizes.spec() + (normal ? " to normal" : "");
    }
}
