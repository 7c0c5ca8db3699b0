package org.tweedie;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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
import org.tweedie.score.Signature;
import org.tweedie.sde.Sde;
import org.tweedie.train.Dataset;

/**
 * Gives every evaluation of some fields the conditions of a network behind the inputs that it has: registers that the caller gives, carried along
 * by the process of conditions where there is one; or none, where all are 0. The flag {@link Dataset#GIVEN}, 1 of the
 * data and so 0 as it is encoded, says which: it is -1 where conditions are dropped. Immutable.
 *
 * @param ports of the network, after the first
 * @param onePath whether conditions are carried along one path that all the fields share, else afresh for each evaluation
 */
record ModelConditions(
        List<String> fields, List<Signature.Port> ports, Optional<Sde> noise, boolean onePath, boolean dropped)
        implements Steering {
    ModelConditions {
        fields = List.copyOf(fields);
    }

    /** Conditions as they are. */
    static ModelConditions clean(String field, List<Signature.Port> ports) {
        return new ModelConditions(List.of(field), ports, Optional.empty(), false, false);
    }

    @Override
    public Plan steer(Plan plan) {
        return ports.isEmpty() || Collections.disjoint(plan.fields(), fields) ? plan : new Way(plan).plan();
    }

    private final class Way {
        private final Plan plan;
        private final List<Register> registers;
        private final List<Stage> opening = new ArrayList<>();
        private final int[] inputs = new int[ports.size()];
        private final Optional<CarriedConditions> carried;

        Way(Plan plan) {
            this.plan = plan;
            registers = new ArrayList<>(plan.registers());
            List<CarriedConditions.Row> rows = new ArrayList<>();
            for (int i = 0; i < inputs.length; i++) {
                Signature.Port port = ports.get(i);
                boolean flag = port.name().equals(Dataset.GIVEN);
                if (dropped || flag) {
                    inputs[i] = add(prefix() + port.name(), port.space(), false);
                    double[] values = new double[port.space().width()];
                    Arrays.fill(values, dropped && flag ? -1 : 0);
                    FormulaWriter f = Formula.writer("constant condition");
                    opening.add(
                            new Stage.Apply(f.output(f.literal(values)).formula(), new int[0], new int[] {inputs[i]}));
                    continue;
                }
                inputs[i] = registers.indexOf(new Register(port.name(), port.space(), true));
                if (inputs[i] < 0) {
                    inputs[i] = add(port.name(), port.space(), true);
                }
                if (noise.isPresent()) {
                    int drawn = add(prefix() + port.name() + ".noise", port.space(), false);
                    int noisy = add(prefix() + port.name() + ".noisy", port.space(), false);
                    rows.add(new CarriedConditions.Row(port.space(), inputs[i], drawn, noisy));
                    inputs[i] = noisy;
                }
            }
            carried = noise.filter(process -> !rows.isEmpty()).map(process -> carried(process, rows));
            carried.ifPresent(way -> opening.addAll(way.opening()));
        }

        private CarriedConditions carried(Sde process, List<CarriedConditions.Row> rows) {
            if (!onePath) {
                return new FreshConditions(process, rows);
            }
            boolean perRow = plan.steps().stream()
                    .anyMatch(step -> step.until().isPresent()
                            || step.stages().stream()
                                    .anyMatch(stage -> ours(stage)
                                            && ((Stage.Evaluate) stage).t().perRow()));
            return perRow ? new RowConditionPath(process, rows, registers, prefix()) : new ConditionPath(process, rows);
        }

        private String prefix() {
            return fields.get(0) + ".";
        }

        private boolean ours(Stage stage) {
            return stage instanceof Stage.Evaluate evaluate && fields.contains(evaluate.field());
        }

        private int add(String name, Space space, boolean caller) {
            registers.add(new Register(name, space, caller));
            return registers.size() - 1;
        }

        Plan plan() {
            List<Step> steps = new ArrayList<>();
            for (Step step : plan.steps()) {
                List<Stage> stages = new ArrayList<>(steps.isEmpty() ? opening : List.of());
                for (Stage stage : step.stages()) {
                    if (ours(stage)) {
                        evaluate(stages, (Stage.Evaluate) stage);
                    } else {
                        stages.add(stage);
                    }
                }
                steps.add(new Step(step.t(), step.s(), stages, step.until()));
            }
            return new Plan(registers, steps, plan.outputs(), plan.trace());
        }

        private void evaluate(List<Stage> stages, Stage.Evaluate evaluate) {
            carried.ifPresent(way -> stages.addAll(way.to(evaluate.t())));
            int[] from = Arrays.copyOf(evaluate.from(), evaluate.from().length + inputs.length);
            System.arraycopy(inputs, 0, from, evaluate.from().length, inputs.length);
            stages.add(new Stage.Evaluate(evaluate.field(), from, evaluate.t(), evaluate.into()));
        }
    }
}
