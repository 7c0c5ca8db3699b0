package org.tweedie.execution;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.StepCell;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.kernels.View;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Until;
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
    private final List<Section> sections = new ArrayList<>();
    private final BatchRows batchRows;
    private final RowSet rows;
    private final Repetition repetition;
    private int count;

    /** What one cell queues; {@code closes} where a step ends with it. */
    private record Operation(Runnable queue, boolean closes) {}

    /** Cells that run as often as each other: once, or as the {@code until} of their one step says. */
    record Section(List<Operation> operations, Optional<Until> until) {
        void queue() {
            operations.forEach(operation -> operation.queue().run());
        }
    }

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
            repetition = owned.add(new Repetition(stream, capacity, batchRows, blocks()));
            assemble(device);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private Evaluator open(Field field, Device device) {
        TileNumbers numbers = program.precision().numbers();
        return numbers != null && field instanceof MlpNetwork network
                ? network.open(device, capacity, numbers)
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

    /** The plan's sections, in order. */
    List<Section> sections() {
        return sections;
    }

    /** Queues every cell. */
    void queue() {
        sections.forEach(section -> run(section, section::queue));
    }

    /** Runs the queue of a section once, or again and again while rows are alive, then waits. */
    void run(Section section, Runnable queue) {
        if (section.until().isEmpty()) {
            queue.run();
        } else {
            Until until = section.until().get();
            repetition.run(register(until.alive()), until.most(), queue);
        }
    }

    /** Queues every cell, and after each step a copy of the traced registers. */
    void queueTraced(List<View> traces) {
        int[] traced = table.trace();
        int steps = traces.size() / Math.max(1, traced.length);
        int step = 0;
        for (Section section : sections) {
            if (section.until().isPresent()) {
                run(section, section::queue);
                trace(traces, traced, steps, step++);
                continue;
            }
            for (Operation operation : section.operations()) {
                operation.queue().run();
                if (operation.closes()) {
                    trace(traces, traced, steps, step++);
                }
            }
        }
    }

    private void trace(List<View> traces, int[] traced, int steps, int step) {
        for (int i = 0; i < traced.length; i++) {
            copyRows(register(traced[i]), traces.get(i * steps + step));
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

    @Override
    public void close() {
        owned.close();
    }

    private void assemble(Device device) {
        List<MixTable> tables = new ArrayList<>();
        for (int b = 0; b < layout.blocks().size(); b++) {
            tables.add(MixTable.of(table, layout, b, device, stream, owned));
        }
        Functions functions = owned.add(Functions.of(table, stream, batchRows, this::registers));
        int[] next = new int[tables.size()];
        List<Operation> open = new ArrayList<>();
        for (Cell cell : table.cells()) {
            Optional<Until> until = table.untils().get(cell.step());
            List<Runnable> launches = new ArrayList<>();
            cell.before().ifPresent(stage -> launches.add(stage(stage, functions)));
            for (Mix mix : cell.mixes()) {
                int b = layout.places().get(mix.into()[0]).block();
                launches.add(mix(b, tables.get(b), next[b]++));
            }
            Runnable all = launches.size() == 1 ? launches.get(0) : () -> launches.forEach(Runnable::run);
            open.add(new Operation(all, cell.closesStep()));
            if (cell.closesStep() && (until.isPresent() || repeatsNext(cell))) {
                sections.add(new Section(List.copyOf(open), until));
                open.clear();
            }
        }
        if (!open.isEmpty()) {
            sections.add(new Section(List.copyOf(open), Optional.empty()));
        }
        stream.synchronize();
    }

    private boolean repeatsNext(Cell cell) {
        return cell.step() + 1 < table.untils().size()
                && table.untils().get(cell.step() + 1).isPresent();
    }

    private List<View> blocks() {
        List<View> blocks = new ArrayList<>();
        for (int b = 0; b < states.size(); b++) {
            int width = layout.blocks().get(b).width();
            for (int slot = 0; slot < layout.blocks().get(b).slots(); slot++) {
                blocks.add(new View(states.get(b), slot * layout.blocks().get(b).slotStride(capacity), width, width));
            }
        }
        return blocks;
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

    private Runnable stage(Stage stage, Functions functions) {
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
            return functions.queue(apply);
        }
        throw new IllegalArgumentException("stage " + stage + " cannot be executed on a device");
    }
}
