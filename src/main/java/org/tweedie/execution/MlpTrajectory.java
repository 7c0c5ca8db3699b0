package org.tweedie.execution;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.MlpOperations;
import org.tweedie.kernels.TrajectoryMlp;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;

/**
 * A program as the list of operations of {@link TrajectoryMlp}: registers one after the other, each loaded from and stored to the place of its
 * first column; traces behind them, register by register, step by step. Where a launch would take too long, all registers are stored and the
 * next loads them. Immutable once made.
 */
final class MlpTrajectory {
    private final CellTable table;
    private final int[] columns;
    private final MlpOperations operations = new MlpOperations();
    private final List<Mix> mixes = new ArrayList<>();
    private final double[] times;
    private final List<Integer> givens = new ArrayList<>();
    private final int[] traces;
    private final int places;
    private final List<Integer> launches = new ArrayList<>();

    /** @param evaluations that a launch may have, at least 1 */
    MlpTrajectory(Program program, boolean traced, long evaluations) {
        table = program.table();
        columns = new int[table.registers().size() + 1];
        for (int r = 0; r < table.registers().size(); r++) {
            columns[r + 1] = columns[r] + width(r);
        }
        times = table.cells().stream()
                .flatMap(cell -> cell.before().stream())
                .mapToDouble(stage ->
                        stage instanceof Stage.Evaluate evaluate ? evaluate.t().at() : 0)
                .distinct()
                .toArray();
        int steps = program.plan().steps().size();
        traces = new int[traced ? table.trace().length * steps : 0];
        int next = columns();
        for (int i = 0; i < traces.length; i++) {
            traces[i] = next;
            next += width(table.trace()[i / steps]);
        }
        places = next;
        write(steps, evaluations);
    }

    private void write(int steps, long evaluations) {
        List<Register> registers = table.registers();
        for (int r = 0; r < registers.size(); r++) {
            if (registers.get(r).given()) {
                operations.load(columns[r], width(r), columns[r]);
                givens.add(columns[r]);
            }
        }
        int step = 0;
        long evaluated = 0;
        for (Cell cell : table.cells()) {
            if (cell.before().orElse(null) instanceof Stage.Evaluate evaluate) {
                if (evaluated++ == evaluations) {
                    cut();
                    evaluated = 1;
                }
                evaluate(evaluate);
            }
            for (Mix mix : cell.mixes()) {
                operations.mix(mixes.size(), width(mix.into()[0]));
                mixes.add(mix);
            }
            if (cell.closesStep()) {
                for (int i = step; i < traces.length; i += steps) {
                    int register = table.trace()[i / steps];
                    operations.store(columns[register], width(register), traces[i]);
                }
                step++;
            }
        }
        for (int output : table.outputs()) {
            operations.store(columns[output], width(output), columns[output]);
        }
        launches.add(operations.size());
    }

    /** Here a launch ends and the next begins. */
    private void cut() {
        int all = table.registers().size();
        IntStream.range(0, all).forEach(r -> operations.store(columns[r], width(r), columns[r]));
        launches.add(operations.size());
        operations.cut();
        IntStream.range(0, all).forEach(r -> operations.load(columns[r], width(r), columns[r]));
    }

    /** Where each launch ends. */
    List<Integer> launches() {
        return launches;
    }

    private void evaluate(Stage.Evaluate evaluate) {
        int[] inputs = IntStream.of(evaluate.from())
                .flatMap(register -> IntStream.range(columns[register], columns[register + 1]))
                .toArray();
        int time = 0;
        while (times[time] != evaluate.t().at()) {
            time++;
        }
        operations.evaluate(inputs, columns[evaluate.into()[0]], time);
    }

    private int width(int register) {
        return table.registers().get(register).space().width();
    }

    /** Coordinates of all registers. */
    int columns() {
        return columns[columns.length - 1];
    }

    /** Coordinates of all registers, and of all traces. */
    int places() {
        return places;
    }

    /** All different times of evaluations. */
    double[] times() {
        return times;
    }

    /** Place of each given register. */
    int[] givens() {
        return givens.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Place of each output. */
    int[] outputs() {
        return IntStream.of(table.outputs()).map(register -> columns[register]).toArray();
    }

    /** Place of each traced register at the end of each step, the steps of a register one after the other. */
    int[] traces() {
        return traces;
    }

    /** The tables in device memory. */
    TrajectoryMlp.Program on(Stream stream, DeviceBuffer biases, Closing owned) {
        int[] headers = new int[Math.max(1, mixes.size()) * CellLayout.HEADER];
        float[] weights = new float[Math.max(1, mixes.size()) * CellLayout.WEIGHTS];
        for (int m = 0; m < mixes.size(); m++) {
            Mix mix = mixes.get(m);
            CellLayout.encode(
                    first(mix.from()), first(mix.into()), mix.weights(), MixTable.draws(mix), m, headers, weights);
        }
        int[] list = operations.table();
        int[] inputs = operations.places();
        TrajectoryMlp.Program program = new TrajectoryMlp.Program(
                uploaded(stream, Element.I32, list, list.length, owned),
                0,
                operations.size(),
                uploaded(stream, Element.I32, inputs, inputs.length, owned),
                uploaded(stream, Element.I32, headers, headers.length, owned),
                uploaded(stream, Element.F32, weights, weights.length, owned),
                biases,
                columns());
        stream.synchronize();
        return program;
    }

    private int[] first(int[] registers) {
        return IntStream.of(registers).map(register -> columns[register]).toArray();
    }

    private static DeviceBuffer uploaded(Stream stream, Element element, Object array, int length, Closing owned) {
        DeviceBuffer buffer = owned.add(stream.device().allocate(element, length));
        stream.upload(array, 0, buffer, 0, length);
        return buffer;
    }
}
