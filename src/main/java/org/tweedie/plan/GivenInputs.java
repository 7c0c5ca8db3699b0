package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gives every evaluation of a field more inputs, filled by the caller's rows: a condition of the network. Immutable.
 *
 * @param field the field's name in the plan
 * @param inputs given registers, in the order in which the field takes them, after what it takes already; a register that the plan has
 *     is shared
 */
public record GivenInputs(String field, List<Register> inputs) implements Steering {
    public GivenInputs {
        inputs = List.copyOf(inputs);
        for (Register input : inputs) {
            if (!input.given()) {
                throw new IllegalArgumentException(
                        "register '" + input.name() + "' is an input that the caller gives, so given = true");
            }
        }
    }

    public static GivenInputs of(String field, String name, Space space) {
        return new GivenInputs(field, List.of(new Register(name, space, true)));
    }

    @Override
    public Plan steer(Plan plan) {
        List<Register> registers = new ArrayList<>(plan.registers());
        int[] more = new int[inputs.size()];
        for (int i = 0; i < more.length; ++i) {
            int known = plan.registers().indexOf(inputs.get(i));
            more[i] = known < 0 ? registers.size() : known;
            if (known < 0) {
                registers.add(inputs.get(i));
            }
        }
        return plan.rewritten(registers, stage -> {
            if (!(stage instanceof Stage.Evaluate evaluate) || !evaluate.field().equals(field)) {
                return List.of(stage);
            }
            int[] from = Arrays.copyOf(evaluate.from(), evaluate.from().length + more.length);
            System.arraycopy(more, 0, from, evaluate.from().length, more.length);
            return List.of(new Stage.Evaluate(field, from, evaluate.t(), evaluate.into()));
        });
    }
}
