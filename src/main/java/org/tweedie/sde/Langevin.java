package org.tweedie.sde;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * Langevin dynamics at one time, from the caller's rows {@code start}: y = x + e score(x) + sqrt(2e) z. Unadjusted (ULA) every y is taken,
 * and the law that stays is off by the step: on N(m, v) its variance is v/(1 - e/(2 v)). Metropolis-adjusted (MALA) y is taken with
 * probability min(1, p(y) q(x|y)/(p(x) q(y|x))), q(y|x) the proposal's density, so p itself stays; a second output {@code accepted} is the
 * share of proposals that a row took (usefully about 0.57).
 *
 * <p>Unadjusted it evaluates the field {@code score}, adjusted the field {@code density}: (x; t) to (score, log-density up to a constant).
 * The grid is a single time; where that is T, rows start from the prior.
 *
 * <p>Roberts and Tweedie, Bernoulli 1996. Immutable.
 *
 * @param iterations at least 1
 * @param step e, above 0, in the units of x squared
 */
public record Langevin(int iterations, double step, boolean adjusted) implements Method {
    /** The field of adjusted dynamics. */
    public static final String DENSITY = "density";

    public Langevin {
        if (iterations < 1) {
            throw new IllegalArgumentException("iterations of Langevin dynamics must be at least 1, got " + iterations);
        }
        if (!(step > 0 && step < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the Langevin step must be positive, got " + step);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        TimeGrid.requireUpdates(iterations);
        if (grid.steps() > 0) {
            throw new IllegalArgumentException("Langevin dynamics stays at one time, got a grid of "
                    + (grid.steps() + 1) + "; write " + spec() + "@1, or ald to go from level to level");
        }
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        double t = grid.times()[0];
        if (!adjusted) {
            for (int k = 0; k < iterations; ++k) {
                trajectory.plan.step(t, t);
                trajectory.evaluate(t, trajectory.x);
                trajectory.update(new OneStep.Update(1, step, StrictMath.sqrt(2 * step)), Purpose.CORRECTOR);
            }
            return trajectory.plan();
        }
        return adjusted(trajectory, Time.at(t));
    }

    private Plan adjusted(Trajectory trajectory, Time t) {
        Plan.Writer plan = trajectory.plan;
        Space space = trajectory.sde.space();
        Space one = Space.euclidean(1);
        int[] now = {trajectory.x, trajectory.score, plan.register("logDensity", one), plan.register("accepted", one)};
        int[] proposed = {
            plan.register("proposed", space),
            plan.register("proposed.score", space),
            plan.register("proposed.logDensity", one)
        };
        int u = plan.register("uniform", one);
        int[] next = {
            plan.register("next", space),
            plan.register("next.score", space),
            plan.register("next.logDensity", one),
            plan.register("next.accepted", one)
        };
        int z = trajectory.noise;
        Formula accept = accept(space.width());
        int[] from = {now[0], now[1], now[2], now[3], proposed[0], proposed[1], proposed[2], z, u};
        for (int k = 0; k < iterations; ++k) {
            plan.step(t.at(), t.at());
            if (k == 0) {
                plan.evaluate(DENSITY, new int[] {now[0]}, t, now[1], now[2]);
                plan.combine(now[3], new double[0], new int[0]);
            }
            plan.normal(Purpose.CORRECTOR, z);
            plan.set(proposed[0], 1, now[0], step, now[1], StrictMath.sqrt(2 * step), z);
            plan.evaluate(DENSITY, new int[] {proposed[0]}, t, proposed[1], proposed[2]);
            plan.draw(Law.UNIFORM, Purpose.ACCEPT, u);
            plan.apply(accept, from, next);
            for (int i = 0; i < now.length; ++i) {
                plan.set(now[i], 1, next[i]);
            }
        }
        plan.set(now[3], 1.0 / iterations, now[3]);
        return plan.plan(now[0], now[3]);
    }

    /** What is of the row, of the proposal, its noise and a uniform number, to what is of the row then. -ln q(y|x) = |z|^2/2. */
    private Formula accept(int width) {
        FormulaWriter f = Formula.writer("metropolis");
        FormulaWriter.Value[] x = {f.input(width), f.input(width), f.input(1)};
        FormulaWriter.Value accepted = f.input(1);
        FormulaWriter.Value[] y = {f.input(width), f.input(width), f.input(1)};
        FormulaWriter.Value z = f.input(width);
        FormulaWriter.Value u = f.input(1);
        FormulaWriter.Value back = x[0].minus(y[0]).minus(y[1].times(step));
        FormulaWriter.Value ratio =
                y[2].minus(x[2]).plus(z.dot(z).times(0.5)).minus(back.dot(back).times(1 / (4 * step)));
        FormulaWriter.Value take = ratio.minus(u.log()); // NaN is not above 0: such a row stays
        for (int i = 0; i < 3; ++i) {
            f.output(take.select(y[i], x[i]));
        }
        return f.output(accepted.plus(take.select(f.number(1), f.number(0)))).formula();
    }

    @Override
    public String spec() {
        return (adjusted ? "mala:" : "ula:") + iterations + "," + Spelling.number(step);
    }
}
