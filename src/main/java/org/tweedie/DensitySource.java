package org.tweedie;

import java.util.Optional;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Law;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;

/** What a density, a bound or latent rows need to know of a score model beyond its samples. Plans evaluate the score with a derivative ({@link FlowDensity}). */
interface DensitySource extends FlowSource {
    /** The process, which must be one of rows alone. */
    Sde process();

    @Override
    default int flowSteps() {
        return 100;
    }

    /** Of equal log-SNR. */
    @Override
    default TimeGrid rising(int steps) {
        return TimeGrid.uniformLogSnr(process(), steps).reversed();
    }

    @Override
    default Plan density(Optional<Law> probe, TimeGrid grid) {
        return new FlowDensity(probe).plan(process(), grid);
    }

    @Override
    default double priorDeviation() {
        return process().priorDeviation();
    }

    @Override
    default double logVolume(TimeGrid grid) {
        return StrictMath.log(process().alpha(process().horizon()) / process().alpha(grid.t(0)));
    }
}
