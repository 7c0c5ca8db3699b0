package org.tweedie.guidance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tweedie.plan.Formula;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.score.DenoisedGradient;
import org.tweedie.score.Guide;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Guidance by a likelihood of clean rows, as a formula of yours: {@code weight} J' grad ln p(y | D) is added to the score, with D the denoised row
 * and J its Jacobian. What {@link org.tweedie.inverse.DiffusionPosterior} is for linear operators, with its bias. Rows are in the units of the
 * process: of a model, standardised. Immutable.
 *
 * @param gradient D, then a given register for each of {@code given}, to grad_D ln p(y | D)
 * @param given names of the registers that hold y
 */
public record CleanLikelihood(Formula gradient, List<String> given, double weight) implements Guide {
    public CleanLikelihood {
        given = List.copyOf(given);
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException("the weight of guidance must be finite, got " + weight);
        }
        if (gradient.inputs().length != given.size() + 1) {
            throw new IllegalArgumentException(
                    "formula '" + gradient.name() + "' takes the denoised row and a register for each of " + given
                            + ", got " + gradient.inputs().length + " inputs");
        }
    }

    @Override
    public String spec() {
        return gradient.name().replace(' ', '-') + ":" + Spelling.number(weight);
    }

    @Override
    public Guided on(Target target) {
        String field = gradient.name() + ".gradient";
        return new Guided(
                plan -> steer(plan, target.rows().space(), field),
                Map.of(field, new DenoisedGradient(target.score().get(), target.rows(), gradient)),
                Set.of(field));
    }

    private Plan steer(Plan plan, Space space, String field) {
        List<Register> registers = new ArrayList<>(plan.registers());
        int own = registers.size();
        registers.add(new Register(gradient.name() + ".score", space, false));
        int toward = registers.size();
        registers.add(new Register(gradient.name() + ".toward", space, false));
        int[] inputs = new int[given.size() + 1];
        for (int i = 1; i < inputs.length; i++) {
            inputs[i] = registers.size();
            registers.add(new Register(given.get(i - 1), Space.euclidean(gradient.inputs()[i]), true));
        }
        return plan.rewritten(registers, stage -> {
            if (!(stage instanceof Stage.Evaluate evaluate) || !evaluate.field().equals(Sde.SCORE)) {
                return List.of(stage);
            }
            int[] from = inputs.clone();
            from[0] = evaluate.from()[0];
            return List.of(
                    new Stage.Evaluate(field, from, evaluate.t(), new int[] {own, toward}),
                    new Stage.Combine(evaluate.into(), new double[][] {{1, weight}}, new int[] {own, toward}));
        });
    }
}
