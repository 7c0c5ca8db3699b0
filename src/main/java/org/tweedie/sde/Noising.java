package org.tweedie.sde;

import java.util.List;
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

    /** The fields that methods evaluate: the score, {@link Sde#SCORE}; where what moves changes on the way, one for each part of it. */
    default List<String> scores() {
        return List.of(Sde.SCORE);
    }

    /**
     * sigma/alpha at a time, for each register that an evaluation of a score fills: of rows with velocities that of positions, of blocks each one's own.
     *
     * @param score one of {@link #scores}
     * @throws IllegalArgumentException where no number says it, as of matrices
     */
    default double[] noiseToSignal(String score, double t) {
        throw new IllegalArgumentException("no number says the noise level of process " + spec());
    }

    /** The same process on another space. */
    Noising on(Space space);

    /** The process as users write it: {@code vp:0.1,20}. {@link ProcessSpec#parse} reads it. */
    String spec();
}
