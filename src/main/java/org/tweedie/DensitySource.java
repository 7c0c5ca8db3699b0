package org.tweedie;

import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.sde.Sde;

/** What a density, a bound or latent rows need to know of a model beyond its samples. */
interface DensitySource extends Sampler.Source {
    /** The process, which must be one of rows alone. */
    Sde process();

    /** The program of a plan that evaluates the score with a derivative ({@link org.tweedie.sde.FlowDensity}). */
    Program derivatives(Plan plan);

    /** ln of the volume that a row of the data's units takes in the process's. */
    double logDeterminant(float[] row);
}
