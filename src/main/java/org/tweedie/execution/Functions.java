package org.tweedie.execution;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.tweedie.device.Closing;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.View;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.Formula;
import org.tweedie.plan.RowFunction;
import org.tweedie.plan.Stage;

/**
 * The row functions of a table: formulas by their kernel, what is Java alone on the host, in double, from copies of the rows. For one stream;
 * holds device memory until closed.
 */
final class Functions implements AutoCloseable {
    private final Stream stream;
    private final Function<int[], List<View>> registers;
    private final BatchRows rows;
    private final Closing owned = new Closing();
    private final Map<Stage.Apply, Integer> places = new IdentityHashMap<>();
    private final RowFormula formulas;

    private Functions(Stream stream, BatchRows rows, Function<int[], List<View>> registers, List<Stage.Apply> applied) {
        this.stream = stream;
        this.rows = rows;
        this.registers = registers;
        List<RowFormula.Use> uses = new ArrayList<>();
        for (Stage.Apply apply : applied) {
            places.put(apply, uses.size());
            uses.add(new RowFormula.Use(
                    (Formula) apply.function(), registers.apply(apply.from()), registers.apply(apply.into())));
        }
        formulas = owned.add(RowFormula.open(stream, uses));
    }

    static Functions of(CellTable table, Stream stream, BatchRows rows, Function<int[], List<View>> registers) {
        return new Functions(
                stream,
                rows,
                registers,
                applied(table).stream()
                        .filter(apply -> refusal(apply.function()).isEmpty())
                        .toList());
    }

    /** Why the device has no kernel for a function of the table, if it has none for one. */
    static Optional<String> refusal(CellTable table) {
        return applied(table).stream()
                .flatMap(apply -> refusal(apply.function()).stream())
                .findFirst();
    }

    private static List<Stage.Apply> applied(CellTable table) {
        return table.cells().stream()
                .flatMap(cell -> cell.before().stream())
                .filter(Stage.Apply.class::isInstance)
                .map(Stage.Apply.class::cast)
                .toList();
    }

    private static Optional<String> refusal(RowFunction function) {
        return function instanceof Formula formula
                ? RowFormula.refusal(formula)
                : Optional.of("row function '" + function.name() + "' has no kernel, so it runs on the host");
    }

    Runnable queue(Stage.Apply apply) {
        if (places.containsKey(apply)) {
            int use = Objects.requireNonNull(places.get(apply));
            return () -> formulas.run(stream, rows.rows(), use);
        }
        return () -> onHost(apply);
    }

    private void onHost(Stage.Apply apply) {
        boolean[] alive = rows.alive();
        int count = alive.length;
        List<View> from = registers.apply(apply.from());
        List<View> into = registers.apply(apply.into());
        List<float[]> inputs = from.stream().map(view -> download(view, count)).toList();
        List<float[]> outputs = into.stream().map(view -> download(view, count)).toList();
        double[][] rowIn = row(from);
        double[][] rowOut = row(into);
        for (int r = 0; r < count; r++) {
            if (!alive[r]) {
                continue;
            }
            for (int i = 0; i < rowIn.length; i++) {
                for (int d = 0; d < rowIn[i].length; d++) {
                    rowIn[i][d] = inputs.get(i)[r * rowIn[i].length + d];
                }
            }
            apply.function().apply(rowIn, rowOut);
            for (int i = 0; i < rowOut.length; i++) {
                for (int d = 0; d < rowOut[i].length; d++) {
                    outputs.get(i)[r * rowOut[i].length + d] = (float) rowOut[i][d];
                }
            }
        }
        for (int i = 0; i < into.size(); i++) {
            View view = into.get(i);
            stream.upload(outputs.get(i), 0, view.data(), view.offset(), outputs.get(i).length);
        }
    }

    private float[] download(View view, int count) {
        float[] values = new float[Math.multiplyExact(count, view.width())];
        stream.download(view.data(), view.offset(), values, 0, values.length);
        return values;
    }

    private static double[][] row(List<View> views) {
        return views.stream().map(view -> new double[view.width()]).toArray(double[][]::new);
    }

    @Override
    public void close() {
        owned.close();
    }
}
