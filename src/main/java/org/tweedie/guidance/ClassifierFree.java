package org.tweedie.guidance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Classifier-free guidance (Ho, Salimans, arXiv 2207.12598): {@code weight} score(x | y) + (1 - {@code weight}) score(x), the score at each
 * noise level of p_t(x) (p_t(x | y)/p_t(x))^weight. Weight 1 is the condition alone, 0 none, above 1 exaggerates it; Ho and Salimans' w is weight - 1.
 * Within an interval of noise levels alone (Kynkaanniemi et al., arXiv 2404.07724) the rest of the way costs one evaluation a step, not two.
 *
 * <p>A model must have been trained with dropped conditions, {@link org.tweedie.train.Conditioning#dropped}; or another field gives score(x).
 * Immutable.
 *
 * @param low least sigma/alpha at which guidance acts
 * @param high greatest sigma/alpha
 * @param unconditional (x; t) to score(x); nothing where the model itself knows it
 */
public record ClassifierFree(double weight, double low, double high, Optional<Field> unconditional) implements Guide {
    /** The field (x; t) to the score without conditions, in plans. */
    public static final String UNCONDITIONAL = "score.unconditional";

    public ClassifierFree {
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException("the weight of guidance must be finite, got " + weight);
        }
        if (!(low >= 0 && low < high)) {
            throw new IllegalArgumentException(
                    "guidance acts from a noise level of 0 or more to a greater one, got " + low + " to " + high);
        }
    }

    /** At all noise levels. */
    public ClassifierFree(double weight) {
        this(weight, 0, Double.POSITIVE_INFINITY, Optional.empty());
    }

    /** Where {@code low <= sigma/alpha <= high}. */
    public ClassifierFree(double weight, double low, double high) {
        this(weight, low, high, Optional.empty());
    }

    /** With the score of another field. */
    public ClassifierFree with(Field unconditional) {
        return new ClassifierFree(weight, low, high, Optional.of(unconditional));
    }

    /** Reads {@code WEIGHT} or {@code WEIGHT,LOW,HIGH}. */
    public static ClassifierFree parse(String text) {
        String spec = text.strip();
        List<String> numbers = Spelling.list(spec);
        if (numbers.size() != 1 && numbers.size() != 3) {
            throw new IllegalArgumentException(
                    "'" + spec + "' has " + numbers.size() + " numbers; write WEIGHT or WEIGHT,LOW,HIGH");
        }
        double weight = Spelling.number(numbers.get(0), spec);
        return numbers.size() == 1
                ? new ClassifierFree(weight)
                : new ClassifierFree(
                        weight, Spelling.number(numbers.get(1), spec), Spelling.number(numbers.get(2), spec));
    }

    /** What {@link #parse} reads, after {@code cfg:}. */
    @Override
    public String spec() {
        boolean all = low == 0 && high == Double.POSITIVE_INFINITY;
        return "cfg:" + Spelling.number(weight) + (all ? "" : "," + Spelling.number(low) + "," + Spelling.number(high));
    }

    @Override
    public Guided on(Target target) {
        return new Guided(
                plan -> steer(plan, target.process()),
                unconditional.map(field -> Map.of(UNCONDITIONAL, field)).orElse(Map.of()),
                Set.of());
    }

    private Plan steer(Plan plan, Sde sde) {
        List<Register> registers = new ArrayList<>(plan.registers());
        int conditional = registers.size();
        registers.add(new Register("score.conditional", sde.space(), false));
        int alone = registers.size();
        registers.add(new Register(UNCONDITIONAL, sde.space(), false));
        boolean rows = plan.steps().stream()
                .flatMap(step -> step.stages().stream())
                .anyMatch(stage ->
                        stage instanceof Stage.Evaluate evaluate && evaluate.t().perRow());
        Optional<Formula> perRow = rows ? Optional.of(perRow(sde)) : Optional.empty();
        return plan.rewritten(registers, stage -> {
            if (!(stage instanceof Stage.Evaluate evaluate) || !evaluate.field().equals(Sde.SCORE) || weight == 1) {
                return List.of(stage);
            }
            Stage first = new Stage.Evaluate(Sde.SCORE, evaluate.from(), evaluate.t(), new int[] {conditional});
            Stage second =
                    new Stage.Evaluate(UNCONDITIONAL, new int[] {evaluate.from()[0]}, evaluate.t(), new int[] {alone});
            if (evaluate.t().perRow()) {
                return List.of(
                        first,
                        second,
                        new Stage.Apply(
                                perRow.orElseThrow(),
                                new int[] {conditional, alone, evaluate.t().register()},
                                evaluate.into()));
            }
            double n = sde.noiseToSignal(evaluate.t().at());
            return n < low || n > high
                    ? List.of(stage)
                    : List.of(
                            first,
                            second,
                            new Stage.Combine(evaluate.into(), new double[][] {{weight, 1 - weight}}, new int[] {
                                conditional, alone
                            }));
        });
    }

    /** Both scores and the row's time to their sum, within the interval, else the first. */
    private Formula perRow(Sde sde) {
        FormulaWriter f = Formula.writer("guided score");
        Value conditional = f.input(sde.space().width());
        Value alone = f.input(sde.space().width());
        Value n = f.curves(Coefficients.of(sde, t -> new double[] {sde.noiseToSignal(t)}), f.input(1));
        Value guided = conditional.times(weight).plus(alone.times(1 - weight));
        if (low > 0) {
            guided = n.minus(low).select(guided, conditional);
        }
        if (high < Double.POSITIVE_INFINITY) {
            guided = n.negated().plus(high).select(guided, conditional);
        }
        return f.output(guided).formula();
    }
}
