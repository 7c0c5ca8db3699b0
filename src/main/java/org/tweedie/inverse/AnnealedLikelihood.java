package org.tweedie.inverse;

import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.score.Guide;
import org.tweedie.sde.TimedSum;

/**
 * Adds to the score the gradient of a likelihood that takes the noisy row for the clean one, its width annealed with the noise:
 *
 * <pre>grad ln N(y; A x/alpha, (noise^2 + (sigma/alpha)^2) I) = A'(y - A x/alpha)/(alpha (noise^2 + (sigma/alpha)^2)).</pre>
 *
 * <p>Jalal et al., NeurIPS 2021, arXiv 2108.01368, whose width is noise^2 + gamma_t^2. No gradient goes through the score: as fast as sampling
 * without. Exact for a prior that is flat beside the noise, and an A with singular values 1; otherwise it counts the likelihood against
 * too wide a prior while noise is left. Immutable.
 */
public record AnnealedLikelihood(Observation observation) implements Guide {
    @Override
    public String spec() {
        return "annealed";
    }

    @Override
    public Guided on(Target target) {
        LinearOperator operator = Observed.inUnits(observation, target);
        return new Guided(plan -> steer(new Observed(observation, target, operator, plan)));
    }

    private static Plan steer(Observed observed) {
        LinearOperator operator = observed.operator;
        int into = operator.into();
        int width = operator.from();
        FormulaWriter f = Formula.writer("what the operator gives");
        Formula forward = f.output(operator.forward(f, f.input(width))).formula();
        FormulaWriter g = Formula.writer("adjoint of the operator");
        Formula adjoint = g.output(operator.adjoint(g, g.input(into))).formula();
        int given = observed.register("gives", into);
        int rest = observed.register("rest", into);
        int gradient = observed.register("gradient", width);
        int own = observed.register("score", width);
        TimedSum difference = new TimedSum(observed.sde, into, t -> new double[] {1, -1 / observed.sde.alpha(t)});
        double square = observed.noise * observed.noise;
        TimedSum sum = new TimedSum(observed.sde, width, t -> {
            double n = observed.sde.noiseToSignal(t);
            return new double[] {1, 1 / (observed.sde.alpha(t) * (square + n * n))};
        });
        return observed.scores(evaluate -> List.of(
                new Stage.Evaluate(evaluate.field(), evaluate.from(), evaluate.t(), new int[] {own}),
                new Stage.Apply(forward, new int[] {evaluate.from()[0]}, new int[] {given}),
                difference.stage(evaluate.t(), rest, observed.seen, given),
                new Stage.Apply(adjoint, new int[] {rest}, new int[] {gradient}),
                sum.stage(evaluate.t(), evaluate.into()[0], own, gradient)));
    }
}
