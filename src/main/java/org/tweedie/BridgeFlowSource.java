package org.tweedie;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.tweedie.bridge.BridgeFlowDensity;
import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Law;
import org.tweedie.score.Directional;
import org.tweedie.score.Divergence;
import org.tweedie.score.Field;
import org.tweedie.sde.TimeGrid;

/** What a density needs to know of a bridge to the normal law. */
interface BridgeFlowSource extends FlowSource {
    FittedHalves fitted();

    /** The bridge's own. */
    @Override
    default int flowSteps() {
        return fitted().process().sizes().count();
    }

    @Override
    default TimeGrid rising(int steps) {
        return fitted().rising(steps);
    }

    @Override
    default Plan density(Optional<Law> probe, TimeGrid grid) {
        return new BridgeFlowDensity(fitted().matching(), probe).plan(fitted().process(), grid);
    }

    @Override
    default Program derivatives(Plan plan) {
        Map<String, Field> fields = new HashMap<>();
        fitted().networks().forEach((way, network) -> {
            fields.put(way.spec() + BridgeFlowDensity.DIVERGENCE, new Divergence(network));
            fields.put(way.spec() + BridgeFlowDensity.TANGENT, new Directional(network));
        });
        fields.keySet().retainAll(plan.fields());
        return Program.of(plan, fields);
    }

    /** The second end is N(0, I) in the units of the chains. */
    @Override
    default double priorDeviation(int coordinate) {
        return 1;
    }

    /** Plans integrate all of the drift. */
    @Override
    default double logVolume(TimeGrid grid) {
        return 0;
    }
}
