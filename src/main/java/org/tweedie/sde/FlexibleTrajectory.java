package org.tweedie.sde;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/** Steps of a process whose coefficients are matrices: x_s = M x_t + S score(x_t; t) + N z, a linear formula of a row. Stateless. */
final class FlexibleTrajectory {
    private FlexibleTrajectory() {}

    /** The matrices of one step. */
    private record Step(double[][] x, double[][] score, double[][] noise) {}

    /** What to say of a method that knows no matrices. */
    static IllegalArgumentException unknown(Method method) {
        return new IllegalArgumentException("method " + method.spec()
                + " knows SDEs whose coefficients are numbers; a flexible process is sampled by em, ei or pf");
    }

    static Plan plan(OneStep method, FlexibleSde process, TimeGrid grid) {
        if (process.plain().isPresent()) {
            return method.plan(process.plain().get(), grid);
        }
        if (grid.times()[0] != process.horizon() || !grid.falls()) {
            throw new IllegalArgumentException("a flexible process is sampled from its horizon 1 down, got times from "
                    + grid.times()[0] + " to " + grid.times()[grid.times().length - 1]);
        }
        Plan.Writer plan = Plan.writer();
        int x = plan.register("x", process.space());
        int score = plan.register("score", process.space());
        int moved = plan.register("moved", process.space());
        int noise = method.stochastic() ? plan.register("noise", process.space()) : -1;
        plan.step(process.horizon(), process.horizon());
        process.prior(plan, x);
        for (int i = 0; i < grid.steps(); i++) {
            double t = grid.t(i);
            double s = grid.s(i);
            Step step = step(method, process, t, s);
            plan.step(t, s).evaluate(Sde.SCORE, t, x, score);
            if (method.stochastic()) {
                plan.normal(Purpose.STEP, noise);
                plan.apply(formula(method, step), new int[] {x, score, noise}, moved);
            } else {
                plan.apply(formula(method, step), new int[] {x, score}, moved);
            }
            plan.set(x, 1, moved);
        }
        return plan.plan(x);
    }

    private static Formula formula(OneStep method, Step step) {
        FormulaWriter f = Formula.writer("matrices of " + method.spec());
        FormulaWriter.Value x = f.input(step.x.length);
        FormulaWriter.Value score = f.input(step.x.length);
        if (!method.stochastic()) {
            return f.output(x.times(step.x).plus(score.times(step.score))).formula();
        }
        FormulaWriter.Value noise = f.input(step.x.length);
        return f.output(x.times(step.x).plus(score.times(step.score)).plus(noise.times(step.noise)))
                .formula();
    }

    private static Step step(OneStep method, FlexibleSde process, double t, double s) {
        int d = process.space().width();
        double[][] one = SquareMatrix.identity(d);
        double[] rates = process.rates();
        if (method instanceof ExponentialIntegrator) { // the score held, the rest exact
            double way = process.clock(t) - process.clock(s);
            double[][] back = process.transition(-way);
            double[][] held = process.held(way);
            double[][] grown = SquareMatrix.sum(1, SquareMatrix.product(back, SquareMatrix.transposed(back)), -1, one);
            return new Step(back, SquareMatrix.product(held, diagonal(rates, 1)), SquareMatrix.cholesky(grown));
        }
        double way = (t - s) * process.beta(t);
        double share = method instanceof EulerMaruyama ? 1 : method instanceof ProbabilityFlowEuler ? 0.5 : Double.NaN;
        if (Double.isNaN(share)) {
            throw unknown(method);
        }
        double[] roots = new double[d];
        for (int i = 0; i < d; i++) {
            roots[i] = StrictMath.sqrt(rates[i]);
        }
        return new Step(
                SquareMatrix.sum(1, one, -way, process.drift()),
                diagonal(rates, share * way),
                diagonal(roots, StrictMath.sqrt(way)));
    }

    private static double[][] diagonal(double[] values, double scale) {
        double[][] matrix = new double[values.length][values.length];
        for (int i = 0; i < values.length; i++) {
            matrix[i][i] = scale * values[i];
        }
        return matrix;
    }
}
