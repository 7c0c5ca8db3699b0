package org.tweedie.sde;

import org.tweedie.plan.Curves;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/**
 * The row functions of {@link AdaptiveFlow}. A row's pace is four numbers: its next step h, the error of its last step taken, its evaluations,
 * and 1 where its last attempt was refused. Slopes are those of the way the row goes, so that h is above 0. Immutable.
 */
final class AdaptiveFlowFormulas {
    /** Numbers of a row's pace. */
    static final int PACE = 4;

    private final AdaptiveFlow method;
    private final RungeKutta pair;
    private final int width;
    private final double first;
    private final double end;
    private final double way;
    private final double[] atFirst;
    private final Curves slope;

    AdaptiveFlowFormulas(AdaptiveFlow method, Sde sde, double first, double end) {
        this.method = method;
        this.pair = method.pair();
        this.width = sde.space().width();
        this.first = first;
        this.end = end;
        this.way = end > first ? 1 : -1;
        this.atFirst = slope(sde, first);
        this.slope = Coefficients.of(sde, t -> slope(sde, t));
    }

    /** The factors of x and score in the slope. */
    private double[] slope(Sde sde, double t) {
        double g = sde.diffusion(t);
        return new double[] {way * sde.drift(t), -0.5 * way * g * g};
    }

    /** x, score at the start to slope, t, pace. Hairer's first guess: a hundredth of the length over which x would change by itself. */
    Formula start() {
        FormulaWriter f = Formula.writer("flow start");
        Value x = f.input(width);
        Value score = f.input(width);
        Value k = x.times(atFirst[0]).plus(score.times(atFirst[1]));
        Value size = OwnPace.norm(x, x, x, method.relative(), method.absolute());
        Value speed = OwnPace.norm(k, x, x, method.relative(), method.absolute());
        double all = StrictMath.abs(end - first);
        Value h = size.times(0.01).over(speed);
        Value bounded = h.greatest(f.number(1e-5 * all)).least(f.number(0.1 * all));
        Value pace = f.joined(bounded, f.number(1), f.number(1), f.number(0));
        return f.output(k).output(f.number(first)).output(pace).formula();
    }

    /** x, t, pace, first slope to the place and time of stage 1. */
    Formula opening() {
        FormulaWriter f = Formula.writer("flow stage 0");
        Value x = f.input(width);
        Value t = f.input(1);
        Value h = f.input(PACE).at(0);
        Value[] k = {f.input(width)};
        return advance(f, x, t, h, k, 1);
    }

    /** x, t, pace, place, its time and score, the slopes so far, to the slope there, and the place and time of the stage after. */
    Formula stage(int i) {
        FormulaWriter f = Formula.writer("flow stage " + i);
        Attempt now = new Attempt(f, i);
        f.output(now.k[i]);
        return advance(f, now.x, now.t, now.pace.at(0), now.k, i + 1);
    }

    private Formula advance(FormulaWriter f, Value x, Value t, Value h, Value[] k, int i) {
        Value sum = k[0].times(pair.a(i, 0));
        for (int j = 1; j < i; ++j) {
            sum = pair.a(i, j) == 0 ? sum : sum.plus(k[j].times(pair.a(i, j)));
        }
        return f.output(sum.fma(h, x)).output(h.times(way * pair.c(i)).plus(t)).formula();
    }

    /** What is known of an attempt at stage i: the row, and the slopes to that of the stage, all of which the formula computes last. */
    private final class Attempt {
        private final Value x;
        private final Value t;
        private final Value pace;
        private final Value place;
        private final Value when;
        private final Value[] k;

        Attempt(FormulaWriter f, int i) {
            x = f.input(width);
            t = f.input(1);
            pace = f.input(PACE);
            place = f.input(width);
            when = f.input(1);
            Value score = f.input(width);
            k = new Value[i + 1];
            for (int j = 0; j < i; ++j) {
                k[j] = f.input(width);
            }
            Value factors = f.curves(slope, when);
            k[i] = factors.at(0).times(place).plus(factors.at(1).times(score));
        }
    }

    /** As a stage, to what the row is after the attempt: x, t, pace, first slope, alive. */
    Formula closing() {
        int last = pair.stages() - 1;
        FormulaWriter f = Formula.writer("flow step");
        Attempt now = new Attempt(f, last);
        Value h = now.pace.at(0);
        Value sum = now.k[0].times(pair.error(0));
        for (int j = 1; j <= last; ++j) {
            sum = pair.error(j) == 0 ? sum : sum.plus(now.k[j].times(pair.error(j)));
        }
        Value error = OwnPace.norm(sum.times(h), now.x, now.place, method.relative(), method.absolute());
        Value taken = f.number(1).minus(error); // NaN is not above 0

        Value done = h.times(1 + 1e-6).minus(left(now.t));
        Value nextT = taken.select(done.select(f.number(end), now.when), now.t);
        Value remaining = left(nextT);
        double power = 1.0 / pair.order();
        Value grown = OwnPace.growth(f, error, now.pace.at(1), now.pace.at(3), 0.7 * power, 0.4 * power);
        Value factor = taken.select(grown, OwnPace.shrinkage(f, error, power));
        Value step = OwnPace.within(h.times(factor), remaining);
        Value before = taken.select(error.greatest(f.number(1e-4)), now.pace.at(1));
        Value nfe = now.pace.at(2).plus(last);
        double stuck = OwnPace.STUCK * StrictMath.abs(end - first);
        return f.output(taken.select(now.place, now.x))
                .output(nextT)
                .output(f.joined(step, before, nfe, taken.select(f.number(0), f.number(1))))
                .output(taken.select(now.k[last], now.k[0]))
                .output(step.minus(stuck).select(remaining, f.number(0)))
                .formula();
    }

    private Value left(Value t) {
        return t.minus(end).times(-way);
    }

    /** t, pace to the evaluations and the time left. */
    Formula report() {
        FormulaWriter f = Formula.writer("flow report");
        Value t = f.input(1);
        Value pace = f.input(PACE);
        return f.output(pace.at(2)).output(left(t)).formula();
    }
}
