package org.tweedie.guidance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;
import org.tweedie.score.Differentiable;
import org.tweedie.score.Field;
import org.tweedie.score.Gradient;
import org.tweedie.score.Guide;
import org.tweedie.score.Signature;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Adds {@code weight} grad_x ln p(y | x_t) to the score (Song et al. 2021; Dhariwal, Nichol, NeurIPS 2021, arXiv 2105.05233), from any
 * likelihood of noisy rows. With the exact one and weight 1 the samples are of p(x | y). Of other weights the score at time t is that of p_t(x)
 * p_t(y | x)^weight, which is no law that noise carries along: what is sampled is not p(x) p(y | x)^weight, though sharper where that is. Immutable.
 *
 * @param name of the field in plans; the guides of one sampler differ in it
 * @param likelihood (x, more; t) to a gradient by x, first of its outputs; the rest is not read. Rows and times are those of the process; inputs after
 *     the first are given registers of their names
 */
public record ClassifierGuidance(String name, Field likelihood, double weight) implements Guide {
    /** The name when nothing is said. */
    public static final String NAME = "classifier";

    public ClassifierGuidance {
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException("the weight of guidance must be finite, got " + weight);
        }
        if (name.isBlank() || name.equals(Sde.SCORE)) {
            throw new IllegalArgumentException("guidance needs a name of its own, as " + NAME + ", got '" + name + "'");
        }
    }

    /** By a likelihood that puts out its gradient first. */
    public static ClassifierGuidance of(Field likelihood, double weight) {
        return new ClassifierGuidance(NAME, likelihood, weight);
    }

    /** By a field that puts out ln p(y | x_t), one number, and whose derivatives are known: a network that was trained on noisy rows. */
    public static ClassifierGuidance ofLogLikelihood(Differentiable logLikelihood, double weight) {
        return of(new Gradient(logLikelihood), weight);
    }

    @Override
    public String spec() {
        return "classifier:" + Spelling.number(weight);
    }

    @Override
    public Guided on(Target target) {
        List<Signature.Port> from = likelihood.signature().from();
        List<Signature.Port> into = likelihood.signature().into();
        int width = target.rows().space().width();
        if (from.isEmpty()
                || into.isEmpty()
                || from.get(0).space().width() != width
                || into.get(0).space().width() != width) {
            throw new IllegalArgumentException("a likelihood of rows of " + width
                    + " numbers takes them first and puts out a gradient as wide first, got " + from + " to " + into
                    + "; of a log-likelihood alone take ofLogLikelihood");
        }
        return new Guided(this::steer, Map.of(name, likelihood), Set.of());
    }

    private Plan steer(Plan plan) {
        List<Register> registers = new ArrayList<>(plan.registers());
        int own = add(registers, ".score", likelihood.signature().from().get(0));
        List<Signature.Port> from = likelihood.signature().from();
        int[] inputs = new int[from.size()];
        for (int i = 1; i < inputs.length; i++) {
            Register given = new Register(from.get(i).name(), from.get(i).space(), true);
            inputs[i] = registers.indexOf(given);
            if (inputs[i] < 0) {
                inputs[i] = registers.size();
                registers.add(given);
            }
        }
        List<Signature.Port> into = likelihood.signature().into();
        int[] outputs = new int[into.size()];
        for (int i = 0; i < outputs.length; i++) {
            outputs[i] = add(registers, "." + i, into.get(i));
        }
        return plan.rewritten(registers, stage -> {
            if (!(stage instanceof Stage.Evaluate evaluate) || !evaluate.field().equals(Sde.SCORE)) {
                return List.of(stage);
            }
            int[] at = inputs.clone();
            at[0] = evaluate.from()[0];
            return List.of(
                    new Stage.Evaluate(Sde.SCORE, evaluate.from(), evaluate.t(), new int[] {own}),
                    new Stage.Evaluate(name, at, evaluate.t(), outputs),
                    new Stage.Combine(evaluate.into(), new double[][] {{1, weight}}, new int[] {own, outputs[0]}));
        });
    }

    private int add(List<Register> registers, String suffix, Signature.Port port) {
        registers.add(new Register(name + suffix, port.space(), false));
        return registers.size() - 1;
    }
}
