package org.tweedie;

import java.util.Map;
import java.util.Optional;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Law;
import org.tweedie.sde.TimeGrid;

/** What a {@link Likelihood} needs to know of a flow from rows to a normal law. */
interface FlowSource extends Sampler.Source {
    /** Steps of the flow when nothing is said. */
    int flowSteps();

    /** Times that rise to the normal law, in so many steps. */
    TimeGrid rising(int steps);

    /**
     * The plan of rows {@code x} to {@code latent} and {@code change}, what the flow adds to the logarithm of the density, but for {@link #logVolume}.
     *
     * @param probe the law of probes of the divergence; without it the divergence is exact
     * @throws IllegalArgumentException if the times are not those of a whole flow
     */
    Plan density(Optional<Law> probe, TimeGrid grid);

    /** Whether {@link #density}'s plan draws a velocity beside each row, so that its mean is a bound and no density. */
    default boolean drawsVelocities() {
        return false;
    }

    /** The program of {@link #density}'s plan. */
    Program derivatives(Plan plan);

    /** The standard deviation of a coordinate of the normal law, whose mean is 0. */
    double priorDeviation(int coordinate);

    /** What the linear part of a process, which plans leave out, adds to the logarithm of the density of a row. */
    double logVolume(TimeGrid grid);

    /**
     * ln of the volume that a row of the data's units takes in the flow's.
     *
     * @param index of the row
     * @param given rows of conditions, in the units of the data
     */
    double logDeterminant(float[] row, int index, Map<String, GivenRows> given);
}
