package org.tweedie.sde;

import java.util.Optional;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * The log-density that the probability-flow ODE gives rows at the first time of a grid that rises to the horizon (Song et al., ICLR 2021,
 * arXiv 2011.13456, appendix D.2; Chen et al., NeurIPS 2018). In y = x/alpha and u = ln n, n = sigma/alpha,
 *
 * <pre>
 * dy/du = -n sigma score(alpha y),    d ln p(y)/du = sigma^2 tr grad score(alpha y),
 * ln p_0(x) = ln p_T(x_T) + d ln(alpha_T / alpha_0) + change,    change = -integral of sigma^2 tr grad score du
 * </pre>
 *
 * by the classical Runge-Kutta method of order 4, four evaluations a step, both with the same weights. The linear part of the process is
 * exact. Reads the given register {@code x}; puts out {@code latent} = x_T and {@code change}.
 *
 * <p>Immutable.
 *
 * @param probe the law of the direction v, one for the whole way of a row, whose v . grad score v stands for the trace (Hutchinson): NORMAL
 *     or RADEMACHER; without it the trace is exact
 */
public record FlowDensity(Optional<Law> probe) {
    /** The field (x; t) to (score, its divergence), where the trace is exact. */
    public static final String DIVERGENCE = "score.divergence";

    /** The field (x, direction; t) to (score, its derivative along the direction), where it is probed. */
    public static final String TANGENT = "score.tangent";

    public FlowDensity {
        requireLaw(probe);
    }

    /** Refuses laws of other covariance than I. */
    static void requireLaw(Optional<Law> probe) {
        if (probe.isPresent() && probe.get() != Law.NORMAL && probe.get() != Law.RADEMACHER) {
            throw new IllegalArgumentException("probes have mean 0 and covariance I: NORMAL or RADEMACHER");
        }
    }

    /** The trace as the sum of the derivatives along the axes. */
    public static FlowDensity exact() {
        return new FlowDensity(Optional.empty());
    }

    /** The trace by one random direction a row. */
    public static FlowDensity probed(Law probe) {
        return new FlowDensity(Optional.of(probe));
    }

    /** @param grid that rises, from a time above 0 to the horizon */
    public Plan plan(Sde sde, TimeGrid grid) {
        requireWay(sde, grid);
        return new Way(sde).plan(grid);
    }

    /** Refuses a grid that is no way of rows to noise. */
    static void requireWay(Noising process, TimeGrid grid) {
        if (grid.falls() || grid.steps() < 1 || !(grid.t(0) > 0) || grid.s(grid.steps() - 1) != process.horizon()) {
            throw new IllegalArgumentException("a density needs a grid that rises from a time above 0 to the horizon "
                    + process.horizon() + ", got " + grid.times().length + " times from " + grid.times()[0] + " to "
                    + grid.times()[grid.times().length - 1] + "; take reversed() of a sampler's grid");
        }
    }

    /** The plan under way. */
    private final class Way {
        private final Sde sde;
        private final Plan.Writer plan = Plan.writer();
        private final int x;
        private final int y;
        private final int at;
        private final int sum;
        private final int score;
        private final int change;
        private final int trace;
        private final int direction;
        private final int along;
        private final Formula dot;

        Way(Sde sde) {
            this.sde = sde;
            Space rows = sde.space();
            x = plan.given("x", rows);
            y = plan.register("scaled", rows);
            at = plan.register("latent", rows);
            sum = plan.register("sum", rows);
            score = plan.register("score", rows);
            change = plan.register("change", Space.euclidean(1));
            trace = plan.register("trace", Space.euclidean(1));
            direction = probe.isPresent() ? plan.register("direction", rows) : -1;
            along = probe.isPresent() ? plan.register("along", rows) : -1;
            FormulaWriter f = Formula.writer("dot");
            dot = f.output(f.input(rows.width()).dot(f.input(rows.width()))).formula();
        }

        Plan plan(TimeGrid grid) {
            double first = grid.t(0);
            plan.step(first, first);
            plan.set(at, 1, x).set(y, 1 / sde.alpha(first), x).combine(change, new double[] {});
            probe.ifPresent(law -> plan.draw(law, Purpose.PROBE, direction));
            for (int i = 0; i < grid.steps(); i++) {
                plan.step(grid.t(i), grid.s(i));
                step(grid.t(i), grid.s(i));
            }
            return plan.plan(at, change);
        }

        private void step(double t, double s) {
            double from = StrictMath.log(sde.noiseToSignal(t));
            double h = StrictMath.log(sde.noiseToSignal(s)) - from;
            double middle = sde.timeOfNoiseToSignal(StrictMath.exp(from + 0.5 * h));
            double m = sde.alpha(middle);
            evaluate(t);
            plan.combine(
                    new int[] {at, sum}, new double[][] {{m, m * 0.5 * h * slope(t)}, {1, h / 6 * slope(t)}}, y, score);
            add(h / 6, t);
            evaluate(middle);
            plan.combine(
                    new int[] {at, sum},
                    new double[][] {{m, 0, m * 0.5 * h * slope(middle)}, {0, 1, h / 3 * slope(middle)}},
                    y,
                    sum,
                    score);
            add(h / 3, middle);
            evaluate(middle);
            double end = sde.alpha(s);
            plan.combine(
                    new int[] {at, sum},
                    new double[][] {{end, 0, end * h * slope(middle)}, {0, 1, h / 3 * slope(middle)}},
                    y,
                    sum,
                    score);
            add(h / 3, middle);
            evaluate(s);
            plan.combine(
                    new int[] {y, at},
                    new double[][] {{1, h / 6 * slope(s)}, {end, end * h / 6 * slope(s)}},
                    sum,
                    score);
            add(h / 6, s);
        }

        /** dy/du by the score. */
        private double slope(double t) {
            return -sde.noiseToSignal(t) * sde.sigma(t);
        }

        private void evaluate(double t) {
            if (probe.isEmpty()) {
                plan.evaluate(DIVERGENCE, new int[] {at}, Time.at(t), score, trace);
            } else {
                plan.evaluate(TANGENT, new int[] {at, direction}, Time.at(t), score, along);
                plan.apply(dot, new int[] {direction, along}, trace);
            }
        }

        private void add(double weight, double t) {
            plan.set(change, 1, change, -weight * sde.sigma(t) * sde.sigma(t), trace);
        }
    }
}
