package org.tweedie.plan;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Refuses a plan that reads what nothing wrote, mixes widths, or writes the caller's rows. */
final class PlanCheck {
    private final List<Register> registers;
    private final List<Step> steps;
    private final int[] outputs;
    private final int[] trace;
    private final boolean[] filled;

    PlanCheck(List<Register> registers, List<Step> steps, int[] outputs, int[] trace) {
        this.registers = registers;
        this.steps = steps;
        this.outputs = outputs;
        this.trace = trace;
        filled = new boolean[registers.size()];
    }

    void run() {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < filled.length; ++i) {
            if (!names.add(registers.get(i).name())) {
                throw new IllegalArgumentException(
                        "two registers named '" + registers.get(i).name() + "'");
            }
            filled[i] = registers.get(i).given();
        }
        for (int k = 0; k < steps.size(); ++k) {
            step(k);
        }
        if (outputs.length == 0) {
            throw new IllegalArgumentException("a plan has at least one output");
        }
        distinct(outputs, "the outputs");
        for (int output : outputs) {
            read(output, "the outputs");
        }
        distinct(trace, "the trace");
    }

    private void step(int k) {
        Step step = steps.get(k);
        for (Stage stage : step.stages()) {
            String where = "step " + k + ", " + stage.getClass().getSimpleName();
            for (int register : stage.reads()) {
                read(register, where);
            }
            distinct(stage.writes(), where);
            for (int register : stage.writes()) {
                write(register, where);
            }
            widths(stage, where);
            apart(stage, where);
        }
        step.until().ifPresent(until -> one(until.alive(), "the until of step " + k));
        if (k == 0) {
            for (int register : trace) {
                read(register, "the trace after step 0");
            }
        }
    }

    private void widths(Stage stage, String where) {
        if (stage instanceof Stage.Combine combine) {
            int width = registers.get(combine.into()[0]).width();
            for (int[] group : new int[][] {combine.into(), combine.from()}) {
                for (int register : group) {
                    if (registers.get(register).width() != width) {
                        throw new IllegalArgumentException(
                                where + ": a combine keeps to one width, got " + width + " in '"
                                        + registers.get(combine.into()[0]).name() + "' and "
                                        + registers.get(register).width() + " in '"
                                        + registers.get(register).name() + "'");
                    }
                }
            }
        } else if (stage instanceof Stage.Evaluate evaluate && evaluate.t().perRow()) {
            one(evaluate.t().register(), where);
        }
    }

    private void apart(Stage stage, String where) {
        for (int register : stage.writes()) {
            if (!(stage instanceof Stage.Combine)
                    && Arrays.stream(stage.reads()).anyMatch(from -> from == register)) {
                throw new IllegalArgumentException(
                        where + " reads and writes '" + registers.get(register).name() + "'; only a combine may");
            }
        }
    }

    private void one(int register, String where) {
        read(register, where);
        if (registers.get(register).width() != 1) {
            throw new IllegalArgumentException(
                    where + ": register '" + registers.get(register).name() + "' has width "
                            + registers.get(register).width() + ", needs 1");
        }
    }

    private void read(int register, String where) {
        known(register, where);
        if (!filled[register]) {
            throw new IllegalArgumentException(
                    where + " reads '" + registers.get(register).name() + "' before anything wrote it");
        }
    }

    private void write(int register, String where) {
        known(register, where);
        if (registers.get(register).given()) {
            throw new IllegalArgumentException(where + " writes '"
                    + registers.get(register).name() + "', which the caller gives; copy it to a register first");
        }
        filled[register] = true;
    }

    private void known(int register, String where) {
        if (register < 0 || register >= filled.length) {
            throw new IllegalArgumentException(where + " names register " + register + " of " + filled.length);
        }
    }

    private static void distinct(int[] registers, String where) {
        if (Arrays.stream(registers).distinct().count() != registers.length) {
            throw new IllegalArgumentException(where + " name a register twice: " + Arrays.toString(registers));
        }
    }
}
