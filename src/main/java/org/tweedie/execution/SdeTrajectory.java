package org.tweedie.execution;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.kernels.SdeOperations;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;
import org.tweedie.sde.GaussianMixture;

/**
 * A program as operations of a trajectory: the given registers come in, the cells pass, traced registers go out after each step, outputs at
 * the end. A register's slot is its place in the table. Views are the givens, the outputs, the traces in the order of a {@link Batch}, then
 * one a register where all are parked between two launches.
 *
 * @param launches where each launch ends: one, unless the trajectory costs more than a launch may
 */
record SdeTrajectory(SdeOperations operations, List<Integer> launches) {
    static SdeTrajectory of(Program program, ScoreTimes times, boolean traced, boolean fast, long costALaunch) {
        Writer writer = new Writer(program.table(), times, traced, fast, costALaunch);
        return new SdeTrajectory(writer.operations, writer.launches);
    }

    /** About how long the mixes and the evaluation of a cell take, in draws of a quad of normals. */
    static long cost(Cell cell, ScoreTimes times) {
        long cost = cell.mixes().size();
        if (cell.before().orElse(null) instanceof Stage.Evaluate evaluate) {
            GaussianMixture mixture = times.of(evaluate).field().mixture();
            cost += 1 + mixture.components() * (mixture.dimension() + 3L) / 16;
        }
        return cost;
    }

    private static final class Writer {
        final SdeOperations operations;
        final List<Integer> launches = new ArrayList<>();
        private final CellTable table;
        private final ScoreTimes times;
        private int traces;
        private int parks;

        Writer(CellTable table, ScoreTimes times, boolean traced, boolean fast, long costALaunch) {
            this.table = table;
            operations = new SdeOperations(table.registers().size(), fast);
            this.times = times;
            int view = 0;
            for (int r = 0; r < table.registers().size(); r++) {
                Register register = table.registers().get(r);
                if (register.given()) {
                    operations.load(r, view++);
                }
            }
            int outputs = view;
            traces = outputs + table.outputs().length;
            int steps = traced
                    ? (int) table.cells().stream().filter(Cell::closesStep).count()
                    : 0;
            parks = traces + steps * table.trace().length;
            long cost = 0;
            int step = 0;
            for (Cell cell : table.cells()) {
                long next = cost(cell, times);
                if (cost > 0 && cost + next > costALaunch) {
                    cut();
                    cost = 0;
                }
                cost += next;
                cell(cell);
                if (traced && cell.closesStep()) {
                    for (int i = 0; i < table.trace().length; i++) {
                        operations.store(table.trace()[i], traces + i * steps + step);
                    }
                    step++;
                }
            }
            for (int output : table.outputs()) {
                operations.store(output, outputs++);
            }
            launches.add(operations.size());
        }

        /** Here a launch ends and the next begins. */
        private void cut() {
            for (int r = 0; r < table.registers().size(); r++) {
                operations.store(r, parks + r);
            }
            launches.add(operations.size());
            for (int r = 0; r < table.registers().size(); r++) {
                operations.load(r, parks + r);
            }
        }

        private void cell(Cell cell) {
            if (cell.before().orElse(null) instanceof Stage.Evaluate evaluate) {
                ScoreTimes.Times field = times.of(evaluate);
                operations.evaluate(
                        evaluate.from()[0],
                        evaluate.into()[0],
                        field.field().mixture().components(),
                        times.firstTerm(evaluate),
                        (float) field.field().sde().alpha(evaluate.t().at()));
            }
            for (Mix mix : cell.mixes()) {
                operations.mix(mix.from(), mix.into(), mix.weights(), MixTable.draws(mix));
            }
        }
    }
}
