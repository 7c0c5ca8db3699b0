package org.tweedie;

import java.util.List;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/** Writes into a plan how conditions y, carried along by a process of their own, come to y_t for an evaluation at t. For one thread. */
interface CarriedConditions {
    /** Stages that come first in the plan. */
    List<Stage> opening();

    /** Stages that come before an evaluation at that time, the evaluations in the order of the plan. */
    List<Stage> to(Time t);

    /**
     * The registers of a condition. Immutable.
     *
     * @param given the caller's rows, y
     * @param noise the draw
     * @param noisy y_t, which fields read
     */
    record Row(Space space, int given, int noise, int noisy) {
        Stage draw() {
            return new Stage.Draw(Law.NORMAL, Purpose.CONDITION, new int[0], noise);
        }
    }
}
