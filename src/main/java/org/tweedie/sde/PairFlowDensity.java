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
 * One draw of ln p(x, v)/q(v | x) at the first time of a grid that rises to the horizon, by the probability-flow ODE of {@link CldSde}
 * (Dockhorn, Vahdat, Kreis, ICLR 2022, arXiv 2112.07068, appendix B.5). Its mean over v ~ q is at most ln p(x), with equality where q is p(v | x);
 * the mean of its exponential is p(x). With s the score of v,
 *
 * <pre>
 * dx/dt = beta v/M,    dv/dt = -beta x - Gamma beta (s + v/M),    d ln p/dt = Gamma beta (d/M + tr grad_v s),
 * ln p_0(x, v) = ln p_T(x_T, v_T) - d Gamma beta T/M - Gamma beta integral of tr grad_v s dt
 * </pre>
 *
 * by the classical Runge-Kutta method of order 4 of what the prior does not do, four evaluations a step; the turn beta (v/M, -x), which the
 * prior does, is exact (Lawson, SIAM J. Numer. Anal. 4, 1967). Noise enters v alone, so the divergence is that of s by v. q is the law of v
 * given x at the first time for data N(0, I), {@link #velocity}.
 *
 * <p>Reads the given register {@code x}; puts out {@code latent} = x_T and {@code change}, which is all of the above but ln N(x_T; 0, I) and
 * {@link #logVolume} a coordinate. Immutable.
 *
 * @param probe as {@link FlowDensity}'s
 */
public record PairFlowDensity(Optional<Law> probe) {
    public PairFlowDensity {
        FlowDensity.requireLaw(probe);
    }

    /** {a, b} of the law N(a x, b^2 I) of velocities at time t given positions, for data N(0, I). */
    public static double[] velocity(CldSde sde, double t) {
        double[] l = CriticalBlock.cholesky(sde.covariance(t, 1, sde.initialVariance()));
        return new double[] {l[1] / l[0], l[2]};
    }

    /** What the numbers that depend on no row add, a coordinate: the linear drift's divergence, and the scales of q and of the prior of v. */
    public static double logVolume(CldSde sde, TimeGrid grid) {
        double first = grid.t(0);
        return StrictMath.log(velocity(sde, first)[1] / StrictMath.sqrt(sde.mass()))
                - force(sde) * sde.inverseMass() * (sde.horizon() - first);
    }

    /** Gamma beta. */
    private static double force(CldSde sde) {
        return sde.friction() * sde.beta();
    }

    /** @param grid that rises, from a time above 0 to the horizon */
    public Plan plan(CldSde sde, TimeGrid grid) {
        FlowDensity.requireWay(sde, grid);
        return new Way(sde).plan(grid);
    }

    /** The plan under way: u = (x, v), the point of a stage, and the sum that u becomes. */
    private final class Way {
        private final CldSde sde;
        private final Plan.Writer plan = Plan.writer();
        private final int given;
        private final int x;
        private final int v;
        private final int atX;
        private final int atV;
        private final int sumX;
        private final int sumV;
        private final int score;
        private final int change;
        private final int number;
        private final int direction;
        private final int along;
        private final Formula dot;

        Way(CldSde sde) {
            this.sde = sde;
            Space rows = sde.space();
            given = plan.given("x", rows);
            x = plan.register("latent", rows);
            v = plan.register(CldSde.VELOCITY, rows);
            atX = plan.register("at", rows);
            atV = plan.register("at.velocity", rows);
            sumX = plan.register("sum", rows);
            sumV = plan.register("sum.velocity", rows);
            score = plan.register("score", rows);
            change = plan.register("change", Space.euclidean(1));
            number = plan.register("trace", Space.euclidean(1));
            direction = probe.isPresent() ? plan.register("direction", rows) : -1;
            along = probe.isPresent() ? plan.register("along", rows) : -1;
            FormulaWriter f = Formula.writer("dot");
            dot = f.output(f.input(rows.width()).dot(f.input(rows.width()))).formula();
        }

        Plan plan(TimeGrid grid) {
            double first = grid.t(0);
            double[] law = velocity(sde, first);
            plan.step(first, first);
            plan.normal(Purpose.PRIOR, atV);
            plan.set(x, 1, given).set(v, law[0], given, law[1], atV);
            plan.apply(dot, new int[] {atV, atV}, number).set(change, 0.5, number);
            probe.ifPresent(of -> plan.draw(of, Purpose.PROBE, direction));
            for (int i = 0; i < grid.steps(); i++) {
                plan.step(grid.t(i), grid.s(i));
                step(grid.t(i), grid.s(i) - grid.t(i));
            }
            plan.apply(dot, new int[] {v, v}, number).set(change, 1, change, -0.5 * sde.inverseMass(), number);
            return plan.plan(x, change);
        }

        private void step(double t, double h) {
            double[][] half = turn(0.5 * h);
            double[][] whole = turn(h);
            double[] force = {-force(sde) * sde.inverseMass(), -force(sde)};
            evaluate(t, x, v, h / 6);
            int[] both = {atX, atV, sumX, sumV};
            plan.combine(
                    both,
                    new double[][] {
                        pushed(half[0], half[0][1] * h / 2, force),
                        pushed(half[1], half[1][1] * h / 2, force),
                        pushed(whole[0], whole[0][1] * h / 6, force),
                        pushed(whole[1], whole[1][1] * h / 6, force)
                    },
                    x,
                    v,
                    v,
                    score);
            evaluate(t + 0.5 * h, atX, atV, h / 3);
            middle(half, 0, h / 2, half[0][1] * h / 3, half[1][1] * h / 3, force);
            evaluate(t + 0.5 * h, atX, atV, h / 3);
            middle(whole, half[0][1] * h, half[1][1] * h, half[0][1] * h / 3, half[1][1] * h / 3, force);
            evaluate(t + h, atX, atV, h / 6);
            plan.combine(
                    new int[] {x, v},
                    new double[][] {{1, 0, 0, 0}, {0, 1, h / 6 * force[0], h / 6 * force[1]}},
                    sumX,
                    sumV,
                    atV,
                    score);
        }

        /** The next point is u turned and pushed; the sum is pushed. */
        private void middle(double[][] turned, double byX, double byV, double sumByX, double sumByV, double[] force) {
            plan.combine(
                    new int[] {atX, atV, sumX, sumV},
                    new double[][] {
                        {turned[0][0], turned[0][1], 0, 0, byX * force[0], byX * force[1]},
                        {turned[1][0], turned[1][1], 0, 0, byV * force[0], byV * force[1]},
                        {0, 0, 1, 0, sumByX * force[0], sumByX * force[1]},
                        {0, 0, 0, 1, sumByV * force[0], sumByV * force[1]}
                    },
                    x,
                    v,
                    sumX,
                    sumV,
                    atV,
                    score);
        }

        /** A row of weights of (x, v, v, score): u turned, and pushed by the force at it. */
        private static double[] pushed(double[] turned, double by, double[] force) {
            return new double[] {turned[0], turned[1], by * force[0], by * force[1]};
        }

        /** Where the prior's own drift beta (v/M, -x) takes a pair in a time h. */
        private double[][] turn(double h) {
            double root = StrictMath.sqrt(sde.mass());
            double angle = sde.beta() / root * h;
            double sin = StrictMath.sin(angle);
            double cos = StrictMath.cos(angle);
            return new double[][] {{cos, sin / root}, {-root * sin, cos}};
        }

        /** The score at a pair, and what its trace adds. */
        private void evaluate(double t, int position, int velocity, double weight) {
            if (probe.isEmpty()) {
                plan.evaluate(FlowDensity.DIVERGENCE, new int[] {position, velocity}, Time.at(t), score, number);
            } else {
                plan.evaluate(FlowDensity.TANGENT, new int[] {position, velocity, direction}, Time.at(t), score, along);
                plan.apply(dot, new int[] {direction, along}, number);
            }
            plan.set(change, 1, change, -weight * force(sde), number);
        }
    }
}
