package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.Space;

/**
 * A formula on rows of its own, to and from which the caller's are copied: its table holds where they lie. Of a timed formula the last input is
 * the time, one number for all rows. For one stream.
 */
final class FormulaEvaluator implements Evaluator {
    private final Signature signature;
    private final int rows;
    private final boolean timed;
    private final Closing owned = new Closing();
    private final DeviceBuffer time;
    private final List<View> from;
    private final List<View> into;
    private final RowFormula formula;

    FormulaEvaluator(Signature signature, Formula formula, boolean timed, Device device, int rows) {
        this.signature = signature;
        this.rows = Math.max(1, rows);
        this.timed = timed;
        try (Stream stream = device.stream()) {
            from = views(device, signature.from());
            into = views(device, signature.into());
            time = owned.add(device.allocate(Element.F32, 1));
            List<View> inputs = new ArrayList<>(from);
            if (timed) {
                inputs.add(View.shared(time, 0, 1));
            }
            this.formula = owned.add(RowFormula.open(stream, List.of(new RowFormula.Use(formula, inputs, into))));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private List<View> views(Device device, List<Signature.Port> ports) {
        List<View> views = new ArrayList<>();
        for (Signature.Port port : ports) {
            Space space = port.space();
            views.add(View.rows(owned.add(device.allocate(Element.F32, (long) rows * space.width())), space.width()));
        }
        return views;
    }

    @Override
    public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        signature.require(from, into);
        if (timed) {
            if (t.perRow() != null) {
                throw new IllegalArgumentException("this field is evaluated at one time for all rows");
            }
            stream.zero(time, 0, 1);
            Add.numbers(stream, time, 0, 1, (float) t.at());
        }
        for (int i = 0; i < from.size(); i++) {
            copy(stream, from.get(i), this.from.get(i));
        }
        formula.run(stream, rows, 0);
        for (int i = 0; i < into.size(); i++) {
            copy(stream, this.into.get(i), into.get(i));
        }
    }

    private void copy(Stream stream, View from, View into) {
        if (from.stride() != from.width() || into.stride() != into.width()) {
            throw new IllegalArgumentException("a formula's rows lie densely, got strides " + from.stride() + " and "
                    + into.stride() + " of rows " + from.width() + " wide");
        }
        stream.copy(from.data(), from.offset(), into.data(), into.offset(), (long) rows * from.width());
    }

    @Override
    public void close() {
        owned.close();
    }
}
