package org.tweedie;

import java.util.Map;
import java.util.Optional;
import org.tweedie.bridge.BridgeFlow;
import org.tweedie.execution.GivenRows;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Law;
import org.tweedie.sde.Method;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/** What a flow of a {@link ConditionalBridge} moves, and its density knows. */
final class ConditionalFlowSource extends ConditionalSource implements BridgeFlowSource {
    private final FittedHalves fitted;
    private final ConditionalUnits units;
    private final BridgeFlow flow;

    /** @param rows u and conditions, encoded */
    ConditionalFlowSource(FittedHalves fitted, ConditionalUnits units, Dataset rows, SharedUse use, BridgeFlow flow) {
        super(fitted, units, rows, use, flow);
        this.fitted = fitted;
        this.units = units;
        this.flow = flow;
    }

    @Override
    public FittedHalves fitted() {
        return fitted;
    }

    @Override
    public TimeGrid grid(Method asked, int steps) {
        return flow.grid(fitted.process(), steps);
    }

    @Override
    public Plan density(Optional<Law> probe, TimeGrid grid) {
        return units.conditions().steer(BridgeFlowSource.super.density(probe, grid));
    }

    /** That of u = (x - m(y))/s(y). */
    @Override
    public double logDeterminant(float[] row, int index, Map<String, GivenRows> given) {
        return units.logDeterminant(index, given);
    }
}
