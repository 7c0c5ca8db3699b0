package org.tweedie.sde;

import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/** What methods share whose rows choose their own steps. Stateless. */
final class OwnPace {
    private static final double SAFETY = 0.9;
    private static final double LEAST_FACTOR = 0.2;
    private static final double MOST_FACTOR = 5;

    /** Of the way from end to end: a step below is not one. */
    static final double STUCK = 1e-9;

    private OwnPace() {}

    /** A grid with a way to go, whose ends are within the process's table. */
    static void requireSteps(Method method, Sde sde, TimeGrid grid) {
        if (grid.steps() < 1) {
            throw new IllegalArgumentException(
                    "method " + method.spec() + " needs a way to go, got a grid of one time");
        }
        for (double end : new double[] {grid.times()[0], grid.times()[grid.steps()]}) {
            if (end < sde.cutoff()) {
                throw new IllegalArgumentException("method " + method.spec()
                        + " evaluates the score at the ends of its grid, and " + end + " is below the cutoff "
                        + sde.cutoff() + " of " + sde.spec() + "; take the grid uniform");
            }
        }
    }

    /** sqrt(mean of (error/(absolute + relative max(|x|, |y|)))^2). */
    static Value norm(Value error, Value x, Value y, double relative, double absolute) {
        Value scale = x.absolute().greatest(y.absolute()).times(relative).plus(absolute);
        Value ratio = error.over(scale);
        return ratio.dot(ratio).times(1.0 / x.width()).root();
    }

    /** What a taken step's length is multiplied by: not above 1 where {@code refused}, the attempt before, is above 0. */
    static Value growth(FormulaWriter f, Value error, Value before, Value refused, double own, double earlier) {
        Value power = error.greatest(f.number(1e-8))
                .log()
                .times(-own)
                .plus(before.log().times(earlier));
        Value most = refused.select(f.number(1), f.number(MOST_FACTOR));
        return power.exp().times(SAFETY).greatest(f.number(LEAST_FACTOR)).least(most);
    }

    /** What a refused step's length is multiplied by, below 1; a NaN is an error beyond measure. */
    static Value shrinkage(FormulaWriter f, Value error, double own) {
        Value factor = error.log().times(-own).exp().times(SAFETY);
        return factor.greatest(f.number(LEAST_FACTOR)).least(f.number(SAFETY));
    }

    /** The step, or all that remains where that is hardly more. */
    static Value within(Value step, Value remaining) {
        return step.times(1.01).minus(remaining).select(remaining, step);
    }
}
