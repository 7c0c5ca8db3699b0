package org.tweedie.sde;

import org.tweedie.plan.Plan;

/** A way to sample: it does not run, it writes down what happens to one row. Immutable, safe for use by many threads. */
public interface Method {
    /**
     * The plan for a process along a grid. Its state, and output, is the register {@code x}. A grid that starts at T starts from the prior;
     * any other starts from the caller's rows in the given register {@code start}.
     *
     * @throws IllegalArgumentException if the method does not know the process, or cannot go that way
     */
    Plan plan(Noising process, TimeGrid grid);

    /** The method as users write it, without its steps: {@code ddim:0}. {@link MethodSpec#parse} reads it. */
    String spec();

    /** The grid the method is used with when nothing is said. */
    default GridShape shape() {
        return GridShape.UNIFORM;
    }
}
