package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * A sampler as data: what happens to one row. A row never sees another row. A plan that exists is sound: every register is
 * filled before it is read, widths agree, given registers are only read.
 *
 * <p>Immutable; the arrays are not to be changed. Safe for use by many threads.
 *
 * @param outputs registers whose values after the last step are the result
 * @param trace registers that the caller may keep after each step; each has a value from the first step on. Asking for a trace
 *     changes no other value.
 */
public record Plan(List<Register> registers, List<Step> steps, int[] outputs, int[] trace) {
    public Plan {
        registers = List.copyOf(registers);
        steps = List.copyOf(steps);
        outputs = outputs.clone();
        trace = trace.clone();
        new PlanCheck(registers, steps, outputs, trace).run();
    }

    /** The number of field evaluations a row costs (NFE). The step of an {@link Until} counts once: its rows differ. */
    public int evaluations() {
        int count = 0;
        for (Step step : steps) {
            for (Stage stage : step.stages()) {
                if (stage instanceof Stage.Evaluate) {
                    ++count;
                }
            }
        }
        return count;
    }

    /** The most field evaluations a row can cost: the step of an {@link Until} counts as often as it may run. */
    public long mostEvaluations() {
        long count = 0;
        for (Step step : steps) {
            long once = step.stages().stream()
                    .filter(Stage.Evaluate.class::isInstance)
                    .count();
            count += once * step.until().map(Until::most).orElse(1);
        }
        return count;
    }

    /** The place of the register of that name. */
    public int register(String name) {
        for (int i = 0; i < registers.size(); ++i) {
            if (registers.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no register '" + name + "' in the plan; it has " + names());
    }

    /** Names of the fields the plan evaluates, in the order of their first evaluation. */
    public List<String> fields() {
        List<String> fields = new ArrayList<>();
        for (Step step : steps) {
            for (Stage stage : step.stages()) {
                if (stage instanceof Stage.Evaluate evaluate && !fields.contains(evaluate.field())) {
                    fields.add(evaluate.field());
                }
            }
        }
        return fields;
    }

    /** The same plan that keeps these registers after each step. */
    public Plan traced(String... names) {
        int[] kept = new int[names.length];
        for (int i = 0; i < names.length; ++i) {
            kept[i] = register(names[i]);
        }
        return new Plan(registers, steps, outputs, kept);
    }

    /**
     * The plan whose every stage is replaced by those that {@code rewrite} gives for it.
     *
     * @param registers those of this plan, in their places, then any new ones
     */
    public Plan rewritten(List<Register> registers, Function<Stage, List<Stage>> rewrite) {
        if (registers.size() < this.registers.size()
                || !registers.subList(0, this.registers.size()).equals(this.registers)) {
            throw new IllegalArgumentException(
                    "a rewrite keeps the plan's registers in their places and adds behind them");
        }
        List<Step> rewritten = new ArrayList<>();
        for (Step step : steps) {
            List<Stage> stages = new ArrayList<>();
            step.stages().forEach(stage -> stages.addAll(rewrite.apply(stage)));
            rewritten.add(new Step(step.t(), step.s(), stages, step.until()));
        }
        return new Plan(registers, rewritten, outputs, trace);
    }

    private List<String> names() {
        return registers.stream().map(Register::name).toList();
    }

    public static Writer writer() {
        return new Writer();
    }

    /** Writes a plan, stage by stage. Not for use by many threads. */
    public static final class Writer {
        private final List<Register> registers = new ArrayList<>();
        private final Set<String> names = new HashSet<>();
        private final List<Step> steps = new ArrayList<>();
        private final List<Stage> stages = new ArrayList<>();
        private double t = Double.NaN;
        private double s = Double.NaN;
        private Optional<Until> until = Optional.empty();

        private Writer() {}

        /** A register that the stages fill. */
        public int register(String name, Space space) {
            return add(new Register(name, space, false));
        }

        /** A register that the caller's rows fill. */
        public int given(String name, Space space) {
            return add(new Register(name, space, true));
        }

        private int add(Register register) {
            if (!names.add(register.name())) {
                throw new IllegalArgumentException("two registers named '" + register.name() + "'");
            }
            registers.add(register);
            return registers.size() - 1;
        }

        /** What follows happens on the way from {@code t} to {@code s}. */
        public Writer step(double t, double s) {
            close();
            this.t = t;
            this.s = s;
            return this;
        }

        /** As {@link #step}, repeated row by row while {@code alive > 0}, at most {@code most} times. */
        public Writer repeat(double t, double s, int alive, int most) {
            step(t, s);
            until = Optional.of(new Until(alive, most));
            return this;
        }

        public Writer add(Stage stage) {
            if (Double.isNaN(t)) {
                throw new IllegalStateException("step(t, s) comes before the first stage");
            }
            stages.add(stage);
            return this;
        }

        /** {@code into} &larr; standard normals. */
        public Writer normal(Purpose purpose, int into) {
            return draw(Law.NORMAL, purpose, into);
        }

        public Writer draw(Law law, Purpose purpose, int into, int... from) {
            return add(new Stage.Draw(law, purpose, from, into));
        }

        /** {@code into} &larr; a x. */
        public Writer set(int into, double a, int x) {
            return combine(into, new double[] {a}, x);
        }

        /** {@code into} &larr; a x + b y. */
        public Writer set(int into, double a, int x, double b, int y) {
            return combine(into, new double[] {a, b}, x, y);
        }

        /** {@code into} &larr; a x + b y + c z. */
        public Writer set(int into, double a, int x, double b, int y, double c, int z) {
            return combine(into, new double[] {a, b, c}, x, y, z);
        }

        /** {@code into} &larr; a w + b x + c y + d z. */
        public Writer set(int into, double a, int w, double b, int x, double c, int y, double d, int z) {
            return combine(into, new double[] {a, b, c, d}, w, x, y, z);
        }

        /** {@code into} &larr; the sum of {@code weights[j] from[j]}; a register may stand in {@code from} more than once. */
        public Writer combine(int into, double[] weights, int... from) {
            return combine(new int[] {into}, new double[][] {weights}, from);
        }

        /** Several registers at once, each from the old values. */
        public Writer combine(int[] into, double[][] weights, int... from) {
            return add(new Stage.Combine(into, weights, from));
        }

        /** {@code into} &larr; field(x; t). */
        public Writer evaluate(String field, double t, int x, int into) {
            return evaluate(field, new int[] {x}, Time.at(t), into);
        }

        public Writer evaluate(String field, int[] from, Time t, int... into) {
            return add(new Stage.Evaluate(field, from, t, into));
        }

        public Writer apply(RowFunction function, int[] from, int... into) {
            return add(new Stage.Apply(function, from, into));
        }

        private void close() {
            if (!Double.isNaN(t)) {
                steps.add(new Step(t, s, stages, until));
            }
            stages.clear();
            until = Optional.empty();
        }

        /** The plan written so far, with these registers as its result; any of them may be kept as a trace later. */
        public Plan plan(int... outputs) {
            close();
            t = Double.NaN;
            return new Plan(registers, steps, outputs, new int[0]);
        }
    }

    @Override
    public String toString() {
        return "Plan[" + names() + ", " + steps.size() + " steps, " + evaluations() + " evaluations, outputs "
                + Arrays.toString(outputs) + "]";
    }
}
