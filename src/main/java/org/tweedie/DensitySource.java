package org.tweedie;

import java.util.Optional;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Law;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.Method;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;

/** What a density, a bound or latent rows need to know of a score model beyond its samples. Plans evaluate the score with a derivative ({@link FlowDensity}). */
interface DensitySource extends LatentSource {
    ModelKind kind();

    /** The process, which must be one of rows alone. */
    default Sde process() {
        return kind().sde();
    }

    @Override
    default MethodSpec latentMethod() {
        return kind().latentMethod();
    }

    @Override
    default Plan flow(Method method, TimeGrid grid) {
        Plan plan = method.plan(kind().process(), grid);
        return grid.falls() ? new GivenStart().steer(plan) : plan;
    }

    @Override
    default Optional<CldSde> velocities() {
        return kind().process() instanceof CldSde sde ? Optional.of(sde) : Optional.empty();
    }

    @Override
    default int flowSteps() {
        return 100;
    }

    @Override
    default TimeGrid rising(int steps) {
        return kind().rising(steps);
    }

    @Override
    default Plan density(Optional<Law> probe, TimeGrid grid) {
        return kind().density(probe, grid);
    }

    @Override
    default boolean drawsVelocities() {
        return kind() instanceof ModelKind.WithVelocity;
    }

    @Override
    default double priorDeviation(int coordinate) {
        return kind().priorDeviation();
    }

    @Override
    default double logVolume(TimeGrid grid) {
        return kind().process().space().width() * kind().logVolume(grid);
    }
}
