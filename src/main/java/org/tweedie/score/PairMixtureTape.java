package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
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

/** The score of velocity of a mixture and its derivatives as formulas, on rows of its own. For one stream. */
final class PairMixtureTape implements Tape {
    private static final int SCORE = 0;
    private static final int ALONG = 1;
    private static final int BACK = 3;

    private final Signature signature;
    private final int rows;
    private final Closing owned = new Closing();
    private final View x;
    private final View v;
    private final View direction;
    private final View first;
    private final View second;
    private final View none;
    private final DeviceBuffer time;
    private final RowFormula formulas;

    /**
     * @param score of (x, v, t)
     * @param along x and along v of (x, v, direction, t)
     * @param back of (x, v, cotangent, t) to the gradients by x and by v
     */
    PairMixtureTape(Signature signature, Formula score, List<Formula> along, Formula back, Device device, int rows) {
        this.signature = signature;
        this.rows = Math.max(1, rows);
        int width = signature.from().get(0).space().width();
        try (Stream stream = device.stream()) {
            x = row(device, width);
            v = row(device, width);
            direction = row(device, width);
            first = row(device, width);
            second = row(device, width);
            none = View.shared(owned.add(device.allocate(Element.F32, width)), 0, width);
            stream.zero(none.data(), 0, width);
            time = owned.add(device.allocate(Element.F32, 1));
            View t = View.shared(time, 0, 1);
            List<RowFormula.Use> uses = new ArrayList<>();
            uses.add(new RowFormula.Use(score, List.of(x, v, t), List.of(first)));
            for (Formula one : along) {
                uses.add(new RowFormula.Use(one, List.of(x, v, direction, t), List.of(first)));
            }
            uses.add(new RowFormula.Use(back, List.of(x, v, direction, t), List.of(first, second)));
            formulas = owned.add(RowFormula.open(stream, uses));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View row(Device device, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
    }

    @Override
    public void forward(Stream stream, RowSet set, List<View> from, Instant t, List<View> into) {
        signature.require(from, into);
        if (t.perRow() != null) {
            throw new IllegalArgumentException("this field is evaluated at one time for all rows");
        }
        stream.zero(time, 0, 1);
        Add.numbers(stream, time, 0, 1, (float) t.at());
        Add.rows(stream, set, from.get(0), none, x);
        Add.rows(stream, set, from.get(1), none, v);
        formulas.run(stream, set, SCORE);
        Add.rows(stream, set, first, none, into.get(0));
    }

    @Override
    public void tangent(Stream stream, RowSet set, int port, View along, List<View> into) {
        signature.require(port, along);
        Add.rows(stream, set, along, none, direction);
        formulas.run(stream, set, ALONG + port);
        Add.rows(stream, set, first, none, into.get(0));
    }

    @Override
    public void backward(
            Stream stream,
            RowSet set,
            List<View> cotangents,
            @Nullable DeviceBuffer weightGradients,
            @Nullable List<View> fromGradients) {
        if (weightGradients != null) {
            throw new IllegalArgumentException("the score of a mixture has no weights");
        }
        if (fromGradients != null) {
            Add.rows(stream, set, cotangents.get(0), none, direction);
            formulas.run(stream, set, BACK);
            Add.rows(stream, set, first, none, fromGradients.get(0));
            Add.rows(stream, set, second, none, fromGradients.get(1));
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
