package org.tweedie;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Step;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Signature;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimedSum;
import org.tweedie.train.Dataset;

/**
 * Gives every evaluation of a field the conditions of a network behind the inputs that it has: registers that the caller gives, carried along
 * by the process of conditions where there is one, afresh for each evaluation; or none, where all are 0. The flag {@link Dataset#GIVEN}, 1 of the
 * data and so 0 as it is encoded, says which: it is -1 where conditions are dropped. Immutable.
 *
 * @param ports of the network, after the first
 */
record ModelConditions(String field, List<Signature.Port> ports, Optional<Sde> noise, boolean dropped)
        implements Steering {
    @Override
    public Plan steer(Plan plan) {
        return plan.fields().contains(field) && !ports.isEmpty() ? new Way(plan).plan() : plan;
    }

    private final class Way {
        private final Plan plan;
        private final List<Register> registers;
        private final List<Stage> opening = new ArrayList<>();
        private final int[] inputs = new int[ports.size()];
        private final int[] given = new int[ports.size()];
        private final int[] noises = new int[ports.size()];
        private final List<Optional<TimedSum>> sums = new ArrayList<>();

        Way(Plan plan) {
            this.plan = plan;
            registers = new ArrayList<>(plan.registers());
            for (int i = 0; i < inputs.length; i++) {
                Signature.Port port = ports.get(i);
                boolean flag = port.name().equals(Dataset.GIVEN);
                if (dropped || flag) {
                    inputs[i] = add(field + "." + port.name(), port.space(), false);
                    double[] values = new double[port.space().width()];
                    Arrays.fill(values, dropped && flag ? -1 : 0);
                    FormulaWriter f = Formula.writer("constant condition");
                    opening.add(
                            new Stage.Apply(f.output(f.literal(values)).formula(), new int[0], new int[] {inputs[i]}));
                    sums.add(Optional.empty());
                    continue;
                }
                Register row = new Register(port.name(), port.space(), true);
                given[i] = registers.indexOf(row);
                if (given[i] < 0) {
                    given[i] = add(port.name(), port.space(), true);
                }
                inputs[i] = given[i];
                sums.add(noise.map(process -> noised(port, process)));
                if (noise.isPresent()) {
                    noises[i] = add(field + "." + port.name() + ".noise", port.space(), false);
                    inputs[i] = add(field + "." + port.name() + ".noisy", port.space(), false);
                }
            }
        }

        private int add(String name, Space space, boolean caller) {
            registers.add(new Register(name, space, caller));
            return registers.size() - 1;
        }

        private static TimedSum noised(Signature.Port port, Sde process) {
            Sde sized = process.on(port.space());
            return new TimedSum(sized, port.space().width(), t -> new double[] {sized.alpha(t), sized.sigma(t)});
        }

        Plan plan() {
            List<Step> steps = new ArrayList<>();
            for (Step step : plan.steps()) {
                List<Stage> stages = new ArrayList<>(steps.isEmpty() ? opening : List.of());
                for (Stage stage : step.stages()) {
                    if (stage instanceof Stage.Evaluate evaluate
                            && evaluate.field().equals(field)) {
                        evaluate(stages, evaluate);
                    } else {
                        stages.add(stage);
                    }
                }
                steps.add(new Step(step.t(), step.s(), stages, step.until()));
            }
            return new Plan(registers, steps, plan.outputs(), plan.trace());
        }

        private void evaluate(List<Stage> stages, Stage.Evaluate evaluate) {
            for (int i = 0; i < inputs.length; i++) {
                int port = i;
                sums.get(i).ifPresent(sum -> {
                    stages.add(new Stage.Draw(Law.NORMAL, Purpose.CONDITION, new int[0], noises[port]));
                    stages.add(sum.stage(evaluate.t(), inputs[port], given[port], noises[port]));
                });
            }
            int[] from = Arrays.copyOf(evaluate.from(), evaluate.from().length + inputs.length);
            System.arraycopy(inputs, 0, from, evaluate.from().length, inputs.length);
            stages.add(new Stage.Evaluate(field, from, evaluate.t(), evaluate.into()));
        }
    }
}
