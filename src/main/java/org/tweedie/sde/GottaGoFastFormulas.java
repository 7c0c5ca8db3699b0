package org.tweedie.sde;

import org.tweedie.plan.Curves;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/** The row functions of {@link GottaGoFast}. A row's pace is two numbers: the length it wants, and its evaluations. Immutable. */
final class GottaGoFastFormulas {
    /** Numbers of a row's pace. */
    static final int PACE = 2;

    private static final double SAFETY = 0.9;
    private static final double POWER = 0.9;

    private final GottaGoFast method;
    private final int width;
    private final double first;
    private final double end;
    private final double stuck;
    private final Curves coefficients;

    GottaGoFastFormulas(GottaGoFast method, Sde sde, double first, double end) {
        this.method = method;
        this.width = sde.space().width();
        this.first = first;
        this.end = end;
        this.stuck = OwnPace.STUCK * (first - end);
        this.coefficients = Coefficients.of(sde, t -> {
            double g = sde.diffusion(t);
            return new double[] {-sde.drift(t), g * g, g};
        });
    }

    /** x to t and pace. */
    Formula start() {
        FormulaWriter f = Formula.writer("sde start");
        f.input(width);
        return f.output(f.number(first))
                .output(f.literal(new double[] {0.01 * (first - end), 0}))
                .formula();
    }

    /** x, t, pace, intervals ahead, score, z to x', its time, and the intervals ahead, of which the attempt takes the first. */
    Formula attempt() {
        FormulaWriter f = Formula.writer("sde attempt");
        Value x = f.input(width);
        Value t = f.input(1);
        Value pace = f.input(PACE);
        Value lengths = f.input(BrownianMemory.DEPTH);
        Value increments = f.input(BrownianMemory.DEPTH * width);
        Value score = f.input(width);
        Value z = f.input(width);
        BrownianMemory.Attempt attempt = BrownianMemory.attempt(f, pace.at(0), lengths, increments, z);
        Value euler = moved(f, x, x, t, score, attempt.length(), attempt.increment());
        Value left = t.minus(end);
        Value done = attempt.length().times(1 + 1e-6).plus(stuck).minus(left);
        Value when = done.select(f.number(end), t.minus(attempt.length()));
        return f.output(euler)
                .output(when)
                .output(attempt.lengths())
                .output(attempt.increments())
                .formula();
    }

    /** x + h (-f place + g^2 score) + g dW. */
    private Value moved(FormulaWriter f, Value x, Value place, Value t, Value score, Value h, Value increment) {
        Value c = f.curves(coefficients, t);
        Value drift = c.at(0).times(place).plus(c.at(1).times(score));
        return x.plus(h.times(drift)).plus(c.at(2).times(increment));
    }

    /** x, x' before, t, pace, intervals ahead, x', its time and score, to x, x' before, t, pace, intervals, alive. */
    Formula decision() {
        FormulaWriter f = Formula.writer("sde step");
        Value x = f.input(width);
        Value eulerBefore = f.input(width);
        Value t = f.input(1);
        Value pace = f.input(PACE);
        Value lengths = f.input(BrownianMemory.DEPTH);
        Value increments = f.input(BrownianMemory.DEPTH * width);
        Value euler = f.input(width);
        Value when = f.input(1);
        Value score = f.input(width);
        Value h = lengths.at(0);
        Value corrected = moved(f, x, euler, when, score, h, increments.part(0, width));
        Value mean = euler.plus(corrected).times(0.5);
        Value scale = euler.absolute()
                .greatest(eulerBefore.absolute())
                .times(method.relative())
                .greatest(f.number(method.absolute()));
        Value ratio = euler.minus(mean).over(scale);
        Value error = ratio.dot(ratio).times(1.0 / width).root();
        Value below = f.number(1).minus(error); // NaN is not above 0
        Value taken = below.select(f.number(1), BrownianMemory.full(lengths));

        Value nextT = taken.select(when, t);
        Value remaining = nextT.minus(end);
        Value factor = error.log().times(-POWER).exp().times(SAFETY).greatest(f.number(0.2));
        Value grown = h.times(factor.least(f.number(5)));
        // a row that took the short rest of a divided interval keeps the length that it wanted before
        Value kept = factor.minus(1).select(grown.greatest(pace.at(0)), grown);
        Value wanted = below.select(kept, h.times(factor.least(f.number(0.5))));
        Value step = OwnPace.within(wanted, remaining);
        return f.output(taken.select(mean, x))
                .output(taken.select(euler, eulerBefore))
                .output(nextT)
                .output(f.joined(step, pace.at(1).plus(2)))
                .output(BrownianMemory.after(f, taken, lengths, 1))
                .output(BrownianMemory.after(f, taken, increments, width))
                .output(step.minus(stuck).select(remaining, f.number(0)))
                .formula();
    }

    /** t, pace to the evaluations and the time left. */
    Formula report() {
        FormulaWriter f = Formula.writer("sde report");
        Value t = f.input(1);
        Value pace = f.input(PACE);
        return f.output(pace.at(1)).output(t.minus(end)).formula();
    }
}
