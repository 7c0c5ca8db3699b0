package org.tweedie.score;

import java.util.List;
import java.util.function.DoubleFunction;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Sde;

/** One to four numbers that follow from time, in device memory: one set for all rows, by one launch, or one a row from a table. For one stream. */
final class TimeNumbers implements AutoCloseable {
    private final DoubleFunction<double[]> of;
    private final int rows;
    private final Closing owned = new Closing();
    private final View shared;
    private final View each;
    private final View times;
    private final RowFormula table;

    TimeNumbers(Sde sde, DoubleFunction<double[]> of, Device device, int rows) {
        this.of = of;
        this.rows = Math.max(1, rows);
        int count = of.apply(sde.horizon()).length;
        FormulaWriter f = Formula.writer("numbers of time");
        Formula formula =
                f.output(f.curves(Coefficients.of(sde, of), f.input(1))).formula();
        try (Stream stream = device.stream()) {
            shared = View.shared(owned.add(device.allocate(Element.F32, count)), 0, count);
            each = View.rows(owned.add(device.allocate(Element.F32, (long) this.rows * count)), count);
            times = View.rows(owned.add(device.allocate(Element.F32, this.rows)), 1);
            table = owned.add(
                    RowFormula.open(stream, List.of(new RowFormula.Use(formula, List.of(times), List.of(each)))));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** Where the numbers of a single time are. */
    View shared() {
        return shared;
    }

    /** Where those of a time a row are. */
    View each() {
        return each;
    }

    /** Queues the numbers of t to {@link #shared}, or {@link #each}. */
    void at(Stream stream, RowSet set, Instant t) {
        View perRow = t.perRow();
        if (perRow != null) {
            stream.copy(perRow.data(), perRow.offset(), times.data(), 0, rows);
            table.run(stream, set, 0);
            return;
        }
        double[] now = of.apply(t.at());
        float[] numbers = new float[now.length];
        for (int i = 0; i < now.length; i++) {
            numbers[i] = (float) now[i];
        }
        Add.numbers(stream, shared.data(), 0, 1, numbers);
    }

    @Override
    public void close() {
        owned.close();
    }
}
