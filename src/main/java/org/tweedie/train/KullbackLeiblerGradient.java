package org.tweedie.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.score.Instant;
import org.tweedie.score.TangentTape;

/** Forward, the derivatives along all axes, the loss, and the way back through each derivative, which is taken once more for it. */
final class KullbackLeiblerGradient implements Gradient {
    /** The determinant at and below which its logarithm goes on along a tangent. */
    static final double LEAST = 0x1p-40;

    private final int rows;
    private final Closing owned = new Closing();
    private final TangentTape tape;
    private final RowFormula formula;
    private final List<View> axes;
    private final List<View> along = new ArrayList<>();
    private final List<View> alongBack = new ArrayList<>();
    private final View input;
    private final View out;
    private final View back;
    private final View loss;

    KullbackLeiblerGradient(KullbackLeibler functional, WassersteinStep step, Device device, int rows) {
        this.rows = rows;
        int width = functional.width();
        try (Stream stream = device.stream()) {
            tape = owned.add(step.network().tangentTape(device, rows));
            axes = Axes.of(width, stream, owned);
            input = row(device, width);
            out = row(device, width);
            back = row(device, width);
            loss = row(device, 1);
            for (int k = 0; k < width; k++) {
                along.add(row(device, width));
                alongBack.add(row(device, width));
            }
            List<View> from = new ArrayList<>(List.of(input, out));
            from.addAll(along);
            List<View> into = new ArrayList<>(List.of(back, loss));
            into.addAll(alongBack);
            formula = owned.add(RowFormula.open(
                    stream, List.of(new RowFormula.Use(formula(functional, step.h(), rows), from, into))));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View row(Device device, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
    }

    /**
     * (x, v, dv/dx_1, ..., dv/dx_d) to (what goes back to v, loss, what goes back to each derivative). With y = x + h v, M = I + h dv/dx and g = 1 where
     * det M is above {@link #LEAST}, else det M / LEAST: h (S^-1 (y - m) + v) / rows goes back to v, and minus h g / rows times column k of M^-T to derivative k.
     */
    static Formula formula(KullbackLeibler functional, double h, int rows) {
        int width = functional.width();
        double[] mean = functional.target().mean(0);
        FormulaWriter f = Formula.writer("kl to a normal law");
        Value x = f.input(width);
        Value v = f.input(width);
        Value[] columns = new Value[width];
        for (int k = 0; k < width; k++) {
            columns[k] = f.input(width);
        }
        Value apart = v.fma(f.number(h), x).minus(f.literal(mean));
        Value pull = apart.times(functional.precision());
        for (int k = 0; k < width; k++) {
            columns[k] = columns[k].fma(f.number(h), f.literal(unit(width, k)));
        }
        Value[] inverse = new Value[width];
        Value determinant = inverted(f, columns, inverse);
        Value safe = determinant.greatest(f.number(LEAST));
        Value log = safe.log().plus(determinant.minus(safe).over(safe));
        Value square = apart.dot(pull).plus(v.dot(v).times(h)).times(0.5);
        f.output(pull.plus(v).times(h / rows))
                .output(square.plus(functional.logSize()).minus(log));
        Value share = determinant.over(safe).times(-h / rows);
        for (int k = 0; k < width; k++) {
            f.output(inverse[k].times(share));
        }
        return f.formula();
    }

    /**
     * Gauss and Jordan's elimination of [M | I], the greatest pivot of a column first.
     *
     * @param columns of M
     * @param inverse receives the rows of M^-1, which are the columns of M^-T
     * @return det M
     */
    private static Value inverted(FormulaWriter f, Value[] columns, Value[] inverse) {
        int width = columns.length;
        Value[] both = new Value[width];
        for (int i = 0; i < width; i++) {
            int row = i;
            Value[] parts = Arrays.stream(columns).map(column -> column.at(row)).toArray(Value[]::new);
            both[i] = f.joined(f.joined(parts), f.literal(unit(width, i)));
        }
        Value determinant = f.number(1);
        for (int k = 0; k < width; k++) {
            for (int i = k + 1; i < width; i++) {
                Value swap = both[i].at(k).absolute().minus(both[k].at(k).absolute());
                Value first = swap.select(both[i], both[k]);
                both[i] = swap.select(both[k], both[i]);
                both[k] = first;
                determinant = swap.select(determinant.negated(), determinant);
            }
            determinant = determinant.times(both[k].at(k));
            both[k] = both[k].over(both[k].at(k));
            for (int i = 0; i < width; i++) {
                if (i != k) {
                    both[i] = both[k].fma(both[i].at(k).negated(), both[i]);
                }
            }
        }
        for (int i = 0; i < width; i++) {
            inverse[i] = both[i].part(width, width);
        }
        return determinant;
    }

    private static double[] unit(int width, int k) {
        double[] unit = new double[width];
        unit[k] = 1;
        return unit;
    }

    @Override
    public void queue(
            Stream stream, RowSet set, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        View given = batch.get(Dataset.X);
        if (given == null) {
            throw new IllegalArgumentException("the batch has no '" + Dataset.X + "': " + batch.keySet());
        }
        Activations.forward(stream, set, given, Activation.IDENTITY, input); // a copy
        tape.forward(stream, set, List.of(input), Instant.at(0), out);
        for (int k = 0; k < axes.size(); k++) {
            tape.tangent(stream, set, axes.get(k), along.get(k));
        }
        formula.run(stream, set, 0);
        int last = axes.size() - 1;
        for (int k = last; k >= 0; k--) { // the tape has the last derivative still
            if (k < last) {
                tape.tangent(stream, set, axes.get(k), along.get(k));
            }
            tape.backward(stream, set, k == last ? back : null, alongBack.get(k), gradients.get(0), k < last);
        }
        stream.copy(loss.data(), 0, losses, 0, rows);
    }

    @Override
    public void close() {
        owned.close();
    }
}
