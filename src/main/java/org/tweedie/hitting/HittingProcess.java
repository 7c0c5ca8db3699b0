package org.tweedie.hitting;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * Walks of a domain, as plans see them: from the start, "time" 0, to the set, "time" 1; how long a row takes is its own. Immutable.
 */
public record HittingProcess(HittingDomain domain) implements Noising {
    @Override
    public Space space() {
        return domain.space();
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double cutoff() {
        return 0;
    }

    /** From start to set, as one step that repeats. */
    public static TimeGrid grid() {
        return new TimeGrid(new double[] {0, 1});
    }

    /** The start of the domain, for every row the same. */
    @Override
    public void prior(Plan.Writer plan, int... state) {
        for (int z : state) {
            plan.apply(begin(), new int[0], z);
        }
    }

    private Formula begin() {
        FormulaWriter f = Formula.writer("start");
        return f.output(f.literal(domain.start())).formula();
    }

    @Override
    public HittingProcess on(Space other) {
        if (other.width() != domain.space().width()) {
            throw new IllegalArgumentException(
                    "walks of " + spec() + " are " + domain.space().width() + " wide, got " + other.width());
        }
        return this;
    }

    /** For people and checkpoints; no {@link org.tweedie.sde.ProcessSpec}. */
    @Override
    public String spec() {
        return "hitting " + domain.spec();
    }
}
