package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;

/** A process that turns data into noise, on [0, T]. A method says which processes it knows. Immutable, shared by threads. */
public interface Noising {
    /** Where a row of the process lives. */
    Space space();

    /** T, the time at which nothing but noise is left. */
    double horizon();

    /** The smallest time at which the score is trained and evaluated; below it the score may be singular. */
    double cutoff();

    /** Writes the draw of the start at time T into the registers {@code state}. */
    void prior(Plan.Writer plan, int... state);

    /** The same process on another space. */
    Noising on(Space space);

    /** The process as users write it: {@code vp:0.1,20}. {@link ProcessSpec#parse} reads it. */
    String spec();
}
