package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.score.DenoisedGradient;
import org.tweedie.score.Guide;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Diffusion posterior sampling: the likelihood of y given the noisy row is taken at its denoised mean D = (x + sigma^2 score)/alpha, and its
 * gradient goes back through the score (Chung, Kim, Mccann, Klasky, Ye, ICLR 2023, arXiv 2209.14687),
 *
 * <pre>score + J' A'(y - A D)/noise^2,    J = dD/dx.</pre>
 *
 * With a step, as the paper runs it, the score stays and after each step x &larr; x + step J' A'(y - A D)/|y - A D|.
 *
 * <p>Biased: what D leaves open of x0 is not counted, so y is believed too much while noise is left, and the result is too narrow;
 * {@link PseudoInverseGuidance} counts it. Immutable.
 *
 * @param step the paper's zeta', 0.1 to 1; without one the likelihood of the observation's noise is followed, which must be above 0
 */
public record DiffusionPosterior(Observation observation, OptionalDouble step) implements Guide {
    public DiffusionPosterior {
        if (step.isEmpty()) {
            observation.requireNoise("dps without a step");
        } else if (!(step.getAsDouble() > 0 && step.getAsDouble() < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the step of dps must be positive, got " + step.getAsDouble() + "; 0.1 to 1 are usual");
        }
    }

    /** By the likelihood of the observation's noise. */
    public DiffusionPosterior(Observation observation) {
        this(observation, OptionalDouble.empty());
    }

    /** By normalised gradients of this step. */
    public DiffusionPosterior(Observation observation, double step) {
        this(observation, OptionalDouble.of(step));
    }

    @Override
    public String spec() {
        return step.isEmpty() ? "dps" : "dps:" + Spelling.number(step.getAsDouble());
    }

    @Override
    public Guided on(Target target) {
        LinearOperator operator = Observed.inUnits(observation, target);
        String field = observation.name() + ".gradient";
        DenoisedGradient gradient = new DenoisedGradient(target.score().get(), target.rows(), residual(operator));
        return new Guided(
                plan -> new Way(new Observed(observation, target, operator, plan), field).plan(),
                Map.of(field, gradient),
                Set.of(field));
    }

    /** D, y to A'(y - A D). */
    private static Formula residual(LinearOperator operator) {
        FormulaWriter f = Formula.writer("gradient of the residual");
        Value denoised = f.input(operator.from());
        Value seen = f.input(operator.into());
        return f.output(operator.adjoint(f, seen.minus(operator.forward(f, denoised))))
                .formula();
    }

    private final class Way {
        private final Observed observed;
        private final String field;
        private final int own;
        private final int gradient;

        Way(Observed observed, String field) {
            this.observed = observed;
            this.field = field;
            own = observed.register("score", observed.operator.from());
            gradient = observed.register("gradient", observed.operator.from());
        }

        Plan plan() {
            return step.isEmpty() ? byNoise() : bySteps(step.getAsDouble());
        }

        private Stage both(Stage.Evaluate evaluate, int score) {
            return new Stage.Evaluate(
                    field, new int[] {evaluate.from()[0], observed.seen}, evaluate.t(), new int[] {score, gradient});
        }

        private Plan byNoise() {
            double weight = 1 / (observed.noise * observed.noise);
            return observed.scores(evaluate -> List.of(
                    both(evaluate, own),
                    new Stage.Combine(evaluate.into(), new double[][] {{1, weight}}, new int[] {own, gradient})));
        }

        private Plan bySteps(double size) {
            observed.requireOneTime("dps with a step");
            int width = observed.operator.from();
            int denoised = observed.register("denoised", width);
            int change = observed.register("change", width);
            FormulaWriter f = Formula.writer("normalised gradient");
            Value d = f.input(width);
            Value seen = f.input(observed.operator.into());
            Value g = f.input(width);
            Value rest = seen.minus(observed.operator.forward(f, d));
            Value norm = rest.dot(rest).root();
            Formula normalised = f.output(g.times(norm.select(f.number(size).over(norm), f.number(0))))
                    .formula();
            return observed.rewritten((k, step) -> {
                int end = observed.lastOfX(step);
                boolean known = false;
                List<Stage> stages = new ArrayList<>();
                for (int i = 0; i < step.stages().size(); i++) {
                    Stage stage = step.stages().get(i);
                    if (stage instanceof Stage.Evaluate evaluate
                            && evaluate.field().equals(Sde.SCORE)) {
                        gradient(stages, evaluate, denoised);
                        stages.add(new Stage.Apply(
                                normalised, new int[] {denoised, observed.seen, gradient}, new int[] {change}));
                        known = true;
                    } else {
                        stages.add(stage);
                    }
                    if (i == end && known) {
                        stages.add(new Stage.Combine(
                                new int[] {observed.x}, new double[][] {{1, 1}}, new int[] {observed.x, change}));
                    }
                }
                return stages;
            });
        }

        private void gradient(List<Stage> stages, Stage.Evaluate evaluate, int denoised) {
            double t = evaluate.t().at();
            Sde sde = observed.sde;
            stages.add(both(evaluate, evaluate.into()[0]));
            stages.add(new Stage.Combine(
                    new int[] {denoised},
                    new double[][] {{1 / sde.alpha(t), sde.sigma(t) * sde.sigma(t) / sde.alpha(t)}},
                    new int[] {evaluate.from()[0], evaluate.into()[0]}));
        }
    }
}
