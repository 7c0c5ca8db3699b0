package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.score.Guide;
import org.tweedie.sde.Sde;

/** A plan on its way to one that knows an observation: its new registers, and what is done once at its start. For one thread. */
final class Observed {
    final Sde sde;
    /** Of the plan's rows, not of the data's. */
    final LinearOperator operator;

    final double noise;
    final Plan plan;
    final int x;

    /** y - A shift: what the operator should give for the plan's rows. */
    final int seen;

    private final String name;
    private final List<Register> registers;
    private final List<Stage> opening = new ArrayList<>();

    Observed(Observation observation, Guide.Target target, LinearOperator operator, Plan plan) {
        this.plan = plan;
        this.operator = operator;
        sde = target.rows();
        noise = observation.noise();
        name = observation.name();
        registers = new ArrayList<>(plan.registers());
        x = plan.register("x");
        int given = registers.size();
        registers.add(new Register(name, Space.euclidean(operator.into()), true));
        double[] shifted = new double[operator.into()];
        observation.operator().forward(target.shift(), shifted);
        if (Arrays.stream(shifted).allMatch(value -> value == 0)) {
            seen = given;
        } else {
            int shift = register("shift", operator.into());
            FormulaWriter f = Formula.writer("shift of the data's units");
            opening.add(new Stage.Apply(f.output(f.literal(shifted)).formula(), new int[0], new int[] {shift}));
            seen = register("seen", operator.into());
            opening.add(new Stage.Combine(new int[] {seen}, new double[][] {{1, -1}}, new int[] {given, shift}));
        }
    }

    /** The observation's operator for the plan's rows. */
    static LinearOperator inUnits(Observation observation, Guide.Target target) {
        LinearOperator operator = observation.operator();
        int width = target.rows().space().width();
        if (operator.from() != width) {
            throw new IllegalArgumentException("the operator of '" + observation.name() + "' is of rows of "
                    + operator.from() + " numbers, those that are sampled have " + width);
        }
        return Arrays.stream(target.scale()).allMatch(scale -> scale == 1) ? operator : operator.scaled(target.scale());
    }

    /** A register of the solver's own. */
    int register(String suffix, int width) {
        registers.add(new Register(name + "." + suffix, Space.euclidean(width), false));
        return registers.size() - 1;
    }

    /** What is done once, before anything else. */
    void open(Stage stage) {
        opening.add(stage);
    }

    /** diag(1/s) U' of what is seen, in a register of its own, made once: x = V of it explains y. */
    int inverted() {
        int inverted = register("inverted", operator.svd().values().length);
        FormulaWriter f = Formula.writer("coordinates of the observation");
        double[] inverse =
                Arrays.stream(operator.svd().values()).map(s -> 1 / s).toArray();
        open(new Stage.Apply(
                f.output(operator.svd().u().adjoint(f, f.input(operator.into())).times(f.literal(inverse)))
                        .formula(),
                new int[] {seen},
                new int[] {inverted}));
        return inverted;
    }

    /** The plan with the stages of each step replaced by those that {@code rewrite} gives for its number and the step. */
    Plan rewritten(BiFunction<Integer, Step, List<Stage>> rewrite) {
        List<Step> steps = new ArrayList<>();
        for (int k = 0; k < plan.steps().size(); k++) {
            Step step = plan.steps().get(k);
            List<Stage> stages = new ArrayList<>(k == 0 ? opening : List.of());
            stages.addAll(rewrite.apply(k, step));
            steps.add(new Step(step.t(), step.s(), stages, step.until()));
        }
        return new Plan(registers, steps, plan.outputs(), plan.trace());
    }

    /** The plan with every evaluation of the score replaced. */
    Plan scores(Function<Stage.Evaluate, List<Stage>> rewrite) {
        return rewritten((k, step) -> {
            List<Stage> stages = new ArrayList<>();
            for (Stage stage : step.stages()) {
                stages.addAll(
                        stage instanceof Stage.Evaluate evaluate
                                        && evaluate.field().equals(Sde.SCORE)
                                ? rewrite.apply(evaluate)
                                : List.of(stage));
            }
            return stages;
        });
    }

    /** The last stage of a step that writes x, or -1. */
    int lastOfX(Step step) {
        for (int i = step.stages().size() - 1; i >= 0; i--) {
            if (writesX(step.stages().get(i))) {
                return i;
            }
        }
        return -1;
    }

    boolean writesX(Stage stage) {
        return Arrays.stream(stage.writes()).anyMatch(register -> register == x);
    }

    /** Refuses plans in which rows choose their own steps. */
    void requireOneTime(String solver) {
        if (plan.steps().stream().anyMatch(step -> step.until().isPresent())) {
            throw new IllegalArgumentException(
                    solver + " changes rows after each step of a common grid, and here rows repeat"
                            + " steps of their own; take em, ddim, heun or dpm2m");
        }
    }
}
