package org.tweedie;

import java.util.Optional;
import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.Method;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.TimeGrid;

/** What a {@link LatentMap} needs to know of a flow between rows and noise. */
interface LatentSource extends FlowSource {
    /** The method, and its steps, when nothing is said. */
    MethodSpec latentMethod();

    /**
     * The plan of a method along times, up or down, from the caller's rows: the given register {@code start}, with velocities {@code start.velocity} too.
     *
     * @throws IllegalArgumentException for a method that draws noise, where the times rise
     */
    Plan flow(Method method, TimeGrid grid);

    /** The program of such a plan. */
    Program scored(Plan plan);

    /** The process where it moves a velocity beside each row. */
    default Optional<CldSde> velocities() {
        return Optional.empty();
    }
}
