package org.tweedie.execution;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;
import org.tweedie.score.Field;
import org.tweedie.score.Signature.Port;

/**
 * A plan in its normal form with the fields that it names: what an {@link Execution} runs. Immutable.
 *
 * @param table the plan's cells, collapsed once for all executions
 * @param fields by the names that the plan's evaluations use
 * @param precision of the products that fields may use; more is always right
 */
public record Program(Plan plan, CellTable table, Map<String, Field> fields, Precision precision) {
    public Program {
        fields = Map.copyOf(fields);
        for (Cell cell : table.cells()) {
            if (cell.before().orElse(null) instanceof Stage.Evaluate evaluate) {
                check(table, evaluate, fields);
            }
        }
    }

    public static Program of(Plan plan, Map<String, Field> fields) {
        return new Program(plan, CellTable.of(plan), fields, Precision.F32);
    }

    /** The same with products of this precision allowed. */
    public Program with(Precision allowed) {
        return new Program(plan, table, fields, allowed);
    }

    private static void check(CellTable table, Stage.Evaluate evaluate, Map<String, Field> fields) {
        Field field = fields.get(evaluate.field());
        if (field == null) {
            throw new IllegalArgumentException(
                    "the plan evaluates field '" + evaluate.field() + "', given are " + fields.keySet());
        }
        checkPorts(
                table,
                evaluate.field(),
                "inputs",
                evaluate.from(),
                field.signature().from());
        checkPorts(
                table,
                evaluate.field(),
                "outputs",
                evaluate.into(),
                field.signature().into());
    }

    private static void checkPorts(CellTable table, String field, String side, int[] registers, List<Port> ports) {
        if (registers.length != ports.size()) {
            throw new IllegalArgumentException("field '" + field + "' has " + ports.size() + " " + side + " " + ports
                    + ", the plan gives " + registers.length
                    + (side.equals("inputs") ? "; pass conditions with given(name, rows)" : ""));
        }
        for (int i = 0; i < registers.length; i++) {
            int width = table.registers().get(registers[i]).space().width();
            if (width != ports.get(i).space().width()) {
                throw new IllegalArgumentException("field '" + field + "': " + side + " '"
                        + ports.get(i).name() + "' is " + ports.get(i).space().width() + " wide, register '"
                        + table.registers().get(registers[i]).name() + "' is " + width);
            }
        }
    }

    /** The given registers that the plan uses, in the order in which a {@link Batch} brings them. */
    public List<Register> givens() {
        return table.registers().stream().filter(Register::given).toList();
    }

    /** The output registers. */
    public List<Register> outputs() {
        return registers(table.outputs());
    }

    /** The traced registers. */
    public List<Register> traced() {
        return registers(table.trace());
    }

    private List<Register> registers(int[] places) {
        return IntStream.of(places).mapToObj(table.registers()::get).toList();
    }
}
