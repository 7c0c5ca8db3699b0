package org.tweedie.sde;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.plan.Time;

/**
 * The plans that a method writes for the blocks of a process, made one: registers side by side, stages block after block, and each evaluation
 * of the score one of all blocks that live.
 */
final class BlockPlans {
    /** Evaluations this near, relatively, are one: times computed through each block's own log-SNR differ by roundings. */
    private static final double SAME = 1e-9;

    /** The given register of the caller's rows. */
    private static final String START = "start";

    private final NonUniformSde process;
    private final Method method;
    private final TimeGrid grid;
    private final boolean given;
    private final List<Register> registers = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();

    /**
     * A block's plan.
     *
     * @param joins the step of the grid, from 0, before which it starts
     * @param leaves the step before which it ends
     * @param offset of its registers among all
     */
    private record Part(Plan plan, int joins, int leaves, int offset) {
        boolean lives(int step) {
            return joins <= step && step < leaves;
        }
    }

    /** @param given whether each block starts, where it joins, from its columns of the caller's rows; a grid that rises always does */
    BlockPlans(NonUniformSde process, Method method, TimeGrid grid, boolean given) {
        this.process = process;
        this.method = method;
        this.grid = grid;
        this.given = given || !grid.falls();
        for (NonUniformSde.Block block : process.blocks()) {
            add(block);
        }
        if (this.given) {
            registers.add(new Register(START, process.space(), true));
        }
    }

    private void add(NonUniformSde.Block block) {
        double[] times = grid.times();
        double end = block.sde().horizon();
        boolean falls = grid.falls();
        int at = 0; // the first time at its end or on its other side
        while (at < times.length && (falls ? times[at] > end : times[at] < end)) {
            ++at;
        }
        int joins = falls ? at : 0;
        int leaves = falls ? grid.steps() : StrictMath.min(at, grid.steps());
        boolean throughout = at == (falls ? 0 : times.length);
        boolean on = at > 0 && at < times.length && times[at] == end && joins < grid.steps();
        if (!throughout && !on) {
            throw new IllegalArgumentException("the grid must step on " + end + ", where block '" + block.name()
                    + "' " + (falls ? "joins, and go on" : "leaves, and come from below")
                    + "; take the process's own grid, got " + grid);
        }
        Plan own = method.plan(block.sde(), new TimeGrid(Arrays.copyOfRange(times, joins, leaves + 1)));
        if (own.steps().size() != leaves - joins + 1
                || own.steps().stream().anyMatch(step -> step.until().isPresent())) {
            throw new IllegalArgumentException(
                    "method " + method.spec()
                            + " does not keep to a grid of times, which blocks of their own speeds share; take em, ddim, dpm2m");
        }
        Plan plan = given && own.registers().stream().noneMatch(BlockPlans::starts) ? new GivenStart().steer(own) : own;
        parts.add(new Part(plan, joins, leaves, registers.size()));
        for (Register register : plan.registers()) {
            boolean caller = register.given() && !(given && starts(register));
            registers.add(new Register(register.name() + "." + block.name(), register.space(), caller));
        }
    }

    private static boolean starts(Register register) {
        return register.given() && register.name().equals(START);
    }

    Plan together() {
        List<Step> steps = new ArrayList<>();
        double first = grid.times()[0];
        List<Stage> stages = new ArrayList<>();
        if (given) {
            stages.add(apart());
        }
        start(0, stages);
        steps.add(new Step(first, first, stages, Optional.empty()));
        for (int i = 0; i < grid.steps(); ++i) {
            stages = new ArrayList<>();
            if (i > 0) {
                start(i, stages);
            }
            step(i, stages);
            if (i + 1 == grid.steps()) {
                join(stages);
            }
            steps.add(new Step(grid.t(i), grid.s(i), stages, Optional.empty()));
        }
        if (grid.steps() == 0) {
            stages = new ArrayList<>(steps.get(0).stages());
            join(stages);
            steps.set(0, new Step(first, first, stages, Optional.empty()));
        }
        return new Plan(registers, steps, new int[] {registers.size() - 1}, new int[0]);
    }

    /** Each block's start &larr; its columns of the caller's rows. */
    private Stage apart() {
        int[] widths = new int[parts.size()];
        int[] into = new int[parts.size()];
        for (int p = 0; p < into.length; ++p) {
            Part part = parts.get(p);
            into[p] = part.offset() + part.plan().register(START);
            widths[p] = process.blocks().get(p).width();
        }
        return new Stage.Apply(SideBySide.apart(widths), new int[] {registers.size() - 1}, into);
    }

    /** The starts of the blocks that join before step i. */
    private void start(int i, List<Stage> stages) {
        for (Part part : parts) {
            if (part.joins() == i) {
                part.plan().steps().get(0).stages().forEach(stage -> stages.add(moved(stage, part.offset())));
            }
        }
    }

    /** The stages of step i up to the blocks' next evaluation, the evaluation, and so on. */
    private void step(int i, List<Stage> stages) {
        List<Part> alive = parts.stream().filter(part -> part.lives(i)).toList();
        List<List<Stage>> left = new ArrayList<>();
        alive.forEach(part -> left.add(
                new ArrayList<>(part.plan().steps().get(i - part.joins() + 1).stages())));
        String field = process.field(process.interval(grid.t(i), grid.s(i)));
        while (true) {
            List<Stage.Evaluate> asked = new ArrayList<>();
            for (int p = 0; p < alive.size(); ++p) {
                List<Stage> own = left.get(p);
                while (!own.isEmpty() && !(own.get(0) instanceof Stage.Evaluate)) {
                    stages.add(moved(own.remove(0), alive.get(p).offset()));
                }
                if (!own.isEmpty()) {
                    asked.add((Stage.Evaluate) moved(own.remove(0), alive.get(p).offset()));
                }
            }
            if (asked.isEmpty()) {
                return;
            }
            stages.add(one(field, asked, alive.size()));
        }
    }

    private Stage.Evaluate one(String field, List<Stage.Evaluate> asked, int blocks) {
        Time t = asked.get(0).t();
        int[] from = new int[blocks];
        int[] into = new int[blocks];
        boolean same = asked.size() == blocks;
        for (int b = 0; same && b < blocks; ++b) {
            Stage.Evaluate own = asked.get(b);
            same = own.field().equals(Sde.SCORE)
                    && own.from().length == 1
                    && !own.t().perRow()
                    && !t.perRow()
                    && StrictMath.abs(own.t().at() - t.at()) <= SAME * t.at();
            from[b] = own.from()[0];
            into[b] = own.into()[0];
        }
        if (!same) {
            throw new IllegalArgumentException("method " + method.spec()
                    + " asks for more than the score at times that all blocks share; take em, ddim, dpm2m");
        }
        return new Stage.Evaluate(field, from, t, into);
    }

    private static Stage moved(Stage stage, int by) {
        if (stage instanceof Stage.Draw draw) {
            return new Stage.Draw(draw.law(), draw.purpose(), moved(draw.from(), by), draw.into() + by);
        } else if (stage instanceof Stage.Combine combine) {
            return new Stage.Combine(moved(combine.into(), by), combine.weights(), moved(combine.from(), by));
        } else if (stage instanceof Stage.Apply apply) {
            return new Stage.Apply(apply.function(), moved(apply.from(), by), moved(apply.into(), by));
        }
        Stage.Evaluate evaluate = (Stage.Evaluate) stage;
        Time t = evaluate.t().perRow() ? Time.of(evaluate.t().register() + by) : evaluate.t();
        return new Stage.Evaluate(evaluate.field(), moved(evaluate.from(), by), t, moved(evaluate.into(), by));
    }

    private static int[] moved(int[] registers, int by) {
        return Arrays.stream(registers).map(r -> r + by).toArray();
    }

    /** x &larr; the blocks side by side. */
    private void join(List<Stage> stages) {
        int[] widths = new int[parts.size()];
        int[] from = new int[parts.size()];
        for (int p = 0; p < from.length; ++p) {
            Part part = parts.get(p);
            from[p] = part.plan().outputs()[0] + part.offset();
            widths[p] = process.blocks().get(p).width();
        }
        registers.add(new Register("x", process.space(), false));
        stages.add(new Stage.Apply(SideBySide.together(widths), from, new int[] {registers.size() - 1}));
    }
}
