package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Starts from the caller's rows instead of the draw that opens the plan: the registers filled by the first step are copied from given
 * ones, named {@code start} for the first of them and {@code start.NAME} for the others. Steer by it before a guide, which may fill registers of its own in that step.
 * Immutable.
 */
public record GivenStart() implements Steering {
    @Override
    public Plan steer(Plan plan) {
        if (plan.steps().isEmpty() || plan.steps().get(0).until().isPresent()) {
            throw new IllegalArgumentException("the plan has no first step that draws its start");
        }
        Step first = plan.steps().get(0);
        List<Register> registers = new ArrayList<>(plan.registers());
        List<Stage> stages = new ArrayList<>();
        for (int state : first.stages().stream()
                .flatMapToInt(stage -> Arrays.stream(stage.writes()))
                .distinct()
                .toArray()) {
            Register register = plan.registers().get(state);
            String name = stages.isEmpty() ? "start" : "start." + register.name();
            stages.add(new Stage.Combine(new int[] {state}, new double[][] {{1}}, new int[] {registers.size()}));
            registers.add(new Register(name, register.space(), true));
        }
        List<Step> steps = new ArrayList<>(plan.steps());
        steps.set(0, new Step(first.t(), first.s(), stages, Optional.empty()));
        return new Plan(registers, steps, plan.outputs(), plan.trace());
    }
}
