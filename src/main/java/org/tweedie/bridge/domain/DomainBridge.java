package org.tweedie.bridge.domain;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * Bridges into a domain as plans see them: a base that starts at N(0, deviation^2 I) at time 0, mostly at 0 itself, and is in the domain at time T. Unlike a noising
 * process it goes towards data as time rises. Immutable.
 */
public record DomainBridge(BridgeBase base, BridgeDomain domain) implements Noising {
    @Override
    public Space space() {
        return Space.euclidean(domain.width());
    }

    @Override
    public double horizon() {
        return base.horizon();
    }

    /** 0: no time is left out, and no step evaluates at its end. */
    @Override
    public double cutoff() {
        return 0;
    }

    /** Rising times t_k = T (1 - (1 - k/steps)^2): steps shorten towards the end, and the last, whose noise is rounded away, is T/steps^2 long. */
    public TimeGrid grid(int steps) {
        double[] left = TimeGrid.quadratic(this, steps).reversed().times();
        double[] times = new double[steps + 1];
        for (int k = 0; k <= steps; k++) {
            times[k] = horizon() - left[steps - k];
        }
        return new TimeGrid(times);
    }

    /** The start, at time 0. */
    @Override
    public void prior(Plan.Writer plan, int... state) {
        for (int z : state) {
            plan.normal(Purpose.PRIOR, z).set(z, base.priorDeviation(), z);
        }
    }

    /** @throws IllegalArgumentException if the space has another width than the domain */
    @Override
    public DomainBridge on(Space other) {
        if (other.width() != domain.width()) {
            throw new IllegalArgumentException(
                    "the domain is " + domain.width() + " wide, got rows of " + other.width());
        }
        return this;
    }

    /** For people and checkpoints; no {@link org.tweedie.sde.ProcessSpec}. */
    @Override
    public String spec() {
        return base.spec() + " into " + domain.spec();
    }
}
