package org.tweedie.guidance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Noising;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Classifier-free guidance (Ho, Salimans, arXiv 2207.12598): {@code weight} score(x | y) + (1 - {@code weight}) score(x), the score at each
 * noise level of p_t(x) (p_t(x | y)/p_t(x))^weight. Weight 1 is the condition alone, 0 none, above 1 exaggerates it; Ho and Salimans' w is weight - 1.
 * Within an interval of noise levels alone (Kynkaanniemi et al., arXiv 2404.07724) the rest of the way costs one evaluation a step, not two.
 *
 * <p>Of rows with velocities the scores are those of velocities given position and velocity, of blocks of their own speed those of every block that lives,
 * each within the interval by its own sigma/alpha ({@link Noising#noiseToSignal}).
 *
 * <p>A model must have been trained with dropped conditions, {@link org.tweedie.train.Conditioning#dropped}; or another field gives score(x).
 * Immutable.
 *
 * @param low least sigma/alpha at which guidance acts; of rows with velocities that of positions
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

    /** The field that gives the score without conditions, beside one of a process's scores. */
    public static String unconditional(String score) {
        return UNCONDITIONAL + score.substring(Sde.SCORE.length());
    }

    @Override
    public Guided on(Target target) {
        if (unconditional.isPresent() && target.process().scores().size() > 1) {
            throw new IllegalArgumentException("blocks of their own speed have a score for each of "
                    + target.process().scores().size()
                    + " parts of the way, and another field gives one; train the model with dropped conditions");
        }
        return new Guided(
                plan -> weight == 1 ? plan : new Way(plan, target.process()).steered(),
                unconditional.map(field -> Map.of(UNCONDITIONAL, field)).orElse(Map.of()),
                Set.of());
    }

    /** The rewrite of a plan. */
    private final class Way {
        private final Plan plan;
        private final Noising process;
        private final List<String> scores;
        private final List<Register> registers;

        /** Registers for both scores, whatever one evaluation fills: of each space as many as any evaluation has. */
        private final List<Beside> besides = new ArrayList<>();

        private Optional<Formula> perRow = Optional.empty();

        private record Beside(Space space, int conditional, int alone) {}

        Way(Plan plan, Noising process) {
            this.plan = plan;
            this.process = process;
            scores = process.scores();
            registers = new ArrayList<>(plan.registers());
            plan.steps().stream()
                    .flatMap(step -> step.stages().stream())
                    .filter(this::isScore)
                    .forEach(stage -> beside(((Stage.Evaluate) stage).into()));
        }

        private boolean isScore(Stage stage) {
            return stage instanceof Stage.Evaluate evaluate && scores.contains(evaluate.field());
        }

        /** The registers beside those that an evaluation fills, each its own. */
        private List<Beside> beside(int[] into) {
            List<Beside> free = new ArrayList<>(besides);
            List<Beside> taken = new ArrayList<>();
            for (int register : into) {
                Space space = plan.registers().get(register).space();
                Beside beside = free.stream()
                        .filter(each -> each.space().equals(space))
                        .findFirst()
                        .orElseGet(() -> add(space));
                free.remove(beside);
                taken.add(beside);
            }
            return taken;
        }

        private Beside add(Space space) {
            String behind = besides.isEmpty() ? "" : ".beside." + (besides.size() + 1);
            registers.add(new Register("score.conditional" + behind, space, false));
            registers.add(new Register(UNCONDITIONAL + behind, space, false));
            Beside added = new Beside(space, registers.size() - 2, registers.size() - 1);
            besides.add(added);
            return added;
        }

        Plan steered() {
            return plan.rewritten(registers, stage -> isScore(stage) ? guided((Stage.Evaluate) stage) : List.of(stage));
        }

        private List<Stage> guided(Stage.Evaluate evaluate) {
            boolean perRow = evaluate.t().perRow();
            double[] levels = perRow
                    ? new double[0]
                    : process.noiseToSignal(evaluate.field(), evaluate.t().at());
            if (!perRow && Arrays.stream(levels).noneMatch(this::acts)) {
                return List.of(evaluate);
            }
            int[] into = evaluate.into();
            List<Beside> beside = beside(into);
            int[] conditional = beside.stream().mapToInt(Beside::conditional).toArray();
            int[] alone = beside.stream().mapToInt(Beside::alone).toArray();
            List<Stage> stages = new ArrayList<>();
            stages.add(new Stage.Evaluate(evaluate.field(), evaluate.from(), evaluate.t(), conditional));
            stages.add(new Stage.Evaluate(unconditional(evaluate.field()), evaluate.from(), evaluate.t(), alone));
            if (perRow) {
                int[] from = {conditional[0], alone[0], evaluate.t().register()};
                stages.add(new Stage.Apply(perRow(), from, into));
            }
            for (int b = 0; b < levels.length; b++) {
                double[] weights = acts(levels[b]) ? new double[] {weight, 1 - weight} : new double[] {1};
                int[] from = acts(levels[b]) ? new int[] {conditional[b], alone[b]} : new int[] {conditional[b]};
                stages.add(new Stage.Combine(new int[] {into[b]}, new double[][] {weights}, from));
            }
            return stages;
        }

        private boolean acts(double level) {
            return level >= low && level <= high;
        }

        /** Both scores and the row's time to their sum, within the interval, else the first: of one register, as all that rows' own times have. */
        private Formula perRow() {
            if (perRow.isEmpty()) {
                FormulaWriter f = Formula.writer("guided score");
                Value conditional = f.input(process.space().width());
                Value alone = f.input(process.space().width());
                Value n = f.curves(Coefficients.of(process, t -> process.noiseToSignal(Sde.SCORE, t)), f.input(1));
                Value guided = conditional.times(weight).plus(alone.times(1 - weight));
                if (low > 0) {
                    guided = n.minus(low).select(guided, conditional);
                }
                if (high < Double.POSITIVE_INFINITY) {
                    guided = n.negated().plus(high).select(guided, conditional);
                }
                perRow = Optional.of(f.output(guided).formula());
            }
            return perRow.get();
        }
    }
}
