package org.tweedie.execution;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.StepCell;
import org.tweedie.kernels.View;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.RowFunction;
import org.tweedie.plan.Stage;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.Instant;
import org.tweedie.score.MlpNetwork;

/**
 * The one place that turns cells into launches. Stepwise runs them as they come, the graph execution captures them once,
 * and the host's fused execution runs them tile by tile: so all three give the same bits. The program's precision is that of the products of
 * its networks, whose executions ask for it or not. For one stream.
 */
final class CellRunner implements AutoCloseable {
    private final Program program;
    private final CellTable table;
    private final Stream stream;
    private final int capacity;
    private final StateLayout layout;
    private final Closing owned = new Closing();
    private final List<DeviceBuffer> states = new ArrayList<>();
    private final Map<String, Evaluator> evaluators = new HashMap<>();
    private final List<Operation> operations = new ArrayList<>();
    private final BatchRows batchRows;
    private final RowSet rows;
    private int count;

    /** What one cell queues; {@code closes} where a step ends with it. */
    private record Operation(Runnable queue, boolean closes) {}

    CellRunner(Program program, Device device, Stream stream, int capacity) {
        this.program = program;
        this.table = program.table();
        this.stream = stream;
        this.capacity = capacity;
        this.layout = StateLayout.of(table.registers());
        try {
            this.batchRows = owned.add(new BatchRows(stream, capacity));
            this.rows = batchRows.rows();
            for (StateLayout.Block block : layout.blocks()) {
                states.add(owned.add(device.allocate(Element.F32, block.slots() * block.slotStride(capacity))));
            }
            for (Map.Entry<String, Field> field : program.fields().entrySet()) {
                Evaluator evaluator = owned.add(open(field.getValue(), device));
                evaluator.prepare(stream, times(field.getKey()));
                evaluators.put(field.getKey(), evaluator);
            }
            assemble(device);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private Evaluator open(Field field, Device device) {
        return program.precision().element() != Element.F32 && field instanceof MlpNetwork network
                ? network.open(device, capacity, program.precision().element())
                : field.open(device, capacity);
    }

    /** The single times at which the table evaluates a field. */
    private double[] times(String field) {
        return table.cells().stream()
                .flatMap(cell -> cell.before().stream())
                .filter(stage -> stage instanceof Stage.Evaluate evaluate
                        && evaluate.field().equals(field)
                        && !evaluate.t().perRow())
                .mapToDouble(stage -> ((Stage.Evaluate) stage).t().at())
                .distinct()
                .toArray();
    }

    int capacity() {
        return capacity;
    }

    /** Points later launches at the rows of a batch and brings in its given registers. */
    void load(Batch batch) {
        count = batch.count();
        batchRows.assign(batch);
        int next = 0;
        for (int r = 0; r < table.registers().size(); r++) {
            if (table.registers().get(r).given()) {
                copyRows(batch.givens().get(next++), register(r));
            }
        }
    }

    /** Queues every cell. */
    void queue() {
        for (Operation operation : operations) {
            operation.queue().run();
        }
    }

    /** Queues every cell, and after each step a copy of the traced registers. */
    void queueTraced(List<View> traces) {
        int[] traced = table.trace();
        int steps = traces.size() / Math.max(1, traced.length);
        int step = 0;
        for (Operation operation : operations) {
            operation.queue().run();
            if (operation.closes()) {
                for (int i = 0; i < traced.length; i++) {
                    copyRows(register(traced[i]), traces.get(i * steps + step));
                }
                step++;
            }
        }
    }

    /** Queues the copies of the output registers to where the batch wants them. */
    void store(Batch batch) {
        int[] outputs = table.outputs();
        for (int i = 0; i < outputs.length; i++) {
            copyRows(register(outputs[i]), batch.outputs().get(i));
        }
    }

    private void copyRows(View from, View into) {
        copyRows(stream, from, into, count);
    }

    /** Queues the copy of rows from one view into another of their width. */
    static void copyRows(Stream stream, View from, View into, int count) {
        if (count == 0) {
            return;
        }
        if (from.stride() == from.width() && into.stride() == into.width()) {
            stream.copy(from.data(), from.offset(), into.data(), into.offset(), (long) count * from.width());
        } else {
            for (int r = 0; r < count; r++) {
                stream.copy(
                        from.data(),
                        from.offset() + (long) r * from.stride(),
                        into.data(),
                        into.offset() + (long) r * into.stride(),
                        from.width());
            }
        }
    }

    private View register(int register) {
        StateLayout.Place place = layout.places().get(register);
        StateLayout.Block block = layout.blocks().get(place.block());
        return new View(
                states.get(place.block()), place.slot() * block.slotStride(capacity), block.width(), block.width());
    }

    private List<View> registers(int[] registers) {
        List<View> views = new ArrayList<>();
        for (int register : registers) {
            views.add(register(register));
        }
        return views;
    }

    /** Runs a row function where its formula is: on the host, in double. */
    private void apply(RowFunction function, int[] from, int[] into) {
        float[][] inputs = new float[from.length][];
        float[][] outputs = new float[into.length][];
        for (int i = 0; i < from.length; i++) {
            inputs[i] = download(register(from[i]));
        }
        for (int i = 0; i < into.length; i++) {
            outputs[i] = download(register(into[i]));
        }
        double[][] rowIn = rowArrays(from);
        double[][] rowOut = rowArrays(into);
        for (int r = 0; r < count; r++) {
            for (int i = 0; i < from.length; i++) {
                for (int d = 0; d < rowIn[i].length; d++) {
                    rowIn[i][d] = inputs[i][r * rowIn[i].length + d];
                }
            }
            function.apply(rowIn, rowOut);
            for (int i = 0; i < into.length; i++) {
                for (int d = 0; d < rowOut[i].length; d++) {
                    outputs[i][r * rowOut[i].length + d] = (float) rowOut[i][d];
                }
            }
        }
        for (int i = 0; i < into.length; i++) {
            View view = register(into[i]);
            stream.upload(outputs[i], 0, view.data(), view.offset(), outputs[i].length);
        }
    }

    private float[] download(View view) {
        float[] values = new float[Math.multiplyExact(count, view.width())];
        stream.download(view.data(), view.offset(), values, 0, values.length);
        return values;
    }

    private double[][] rowArrays(int[] registers) {
        double[][] row = new double[registers.length][];
        for (int i = 0; i < registers.length; i++) {
            row[i] = new double[register(registers[i]).width()];
        }
        return row;
    }

    @Override
    public void close() {
        owned.close();
    }

    private void assemble(Device device) {
        List<MixTable> tables = new ArrayList<>();
        for (int b = 0; b < layout.blocks().size(); b++) {
            tables.add(MixTable.of(table, layout, b, device, stream, owned));
        }
        int[] next = new int[tables.size()];
        for (Cell cell : table.cells()) {
            List<Runnable> launches = new ArrayList<>();
            cell.before().ifPresent(stage -> launches.add(stage(stage)));
            for (Mix mix : cell.mixes()) {
                int b = layout.places().get(mix.into()[0]).block();
                launches.add(mix(b, tables.get(b), next[b]++));
            }
            Runnable all = launches.size() == 1 ? launches.get(0) : () -> launches.forEach(Runnable::run);
            operations.add(new Operation(all, cell.closesStep()));
        }
        stream.synchronize();
    }

    private Runnable mix(int b, MixTable tables, int number) {
        StateLayout.Block block = layout.blocks().get(b);
        DeviceBuffer state = states.get(b);
        return () -> StepCell.run(
                stream,
                rows,
                state,
                block.slotStride(capacity),
                block.width(),
                tables.headers(),
                tables.weights(),
                number);
    }

    private Runnable stage(Stage stage) {
        if (stage instanceof Stage.Evaluate evaluate) {
            Evaluator evaluator = Objects.requireNonNull(evaluators.get(evaluate.field()));
            List<View> from = registers(evaluate.from());
            List<View> into = registers(evaluate.into());
            Instant t = evaluate.t().perRow()
                    ? Instant.perRow(register(evaluate.t().register()))
                    : Instant.at(evaluate.t().at());
            return () -> evaluator.evaluate(stream, rows, from, t, into);
        }
        if (stage instanceof Stage.Apply apply) {
            return () -> apply(apply.function(), apply.from(), apply.into());
        }
        throw new IllegalArgumentException("stage " + stage + " cannot be executed on a device");
    }
}
