package org.tweedie.train;

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
import org.tweedie.score.Tape;

/** Noisy rows, forward, loss, backward. */
final class CrossEntropyGradient implements Gradient {
    private final int rows;
    private final Closing owned = new Closing();
    private final PerturbedPairs pairs;
    private final Tape tape;
    private final RowFormula formula;
    private final View input;
    private final View time;
    private final View label;
    private final View out;
    private final View back;
    private final View loss;

    CrossEntropyGradient(CrossEntropy objective, Device device, int rows) {
        this.rows = rows;
        int classes = objective.classes();
        try (Stream stream = device.stream()) {
            pairs = owned.add(PerturbedPairs.inputs(
                    objective.parametrisation(), objective.sampling(), objective.group(), device, rows));
            tape = owned.add(objective.network().tape(device, rows));
            input = row(device, objective.network().signature().inputs());
            time = row(device, 1);
            label = row(device, 1);
            out = row(device, classes);
            back = row(device, classes);
            loss = row(device, 1);
            formula = owned.add(RowFormula.open(
                    stream,
                    List.of(new RowFormula.Use(loss(classes, 1.0 / rows), List.of(out, label), List.of(back, loss)))));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View row(Device device, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
    }

    /** z, y to scale (softmax(z) - e_y) and ln sum exp(z) - z_y, both with the greatest of z taken off first. */
    static Formula loss(int classes, double scale) {
        FormulaWriter f = Formula.writer("cross-entropy");
        Value z = f.input(classes);
        Value y = f.input(1);
        double[] numbers = new double[classes];
        for (int k = 0; k < classes; k++) {
            numbers[k] = k;
        }
        Value apart = f.literal(numbers).minus(y).absolute().minus(0.5);
        Value one = apart.select(f.number(0), f.number(1));
        Value rest = z.minus(z.greatestOf());
        Value weights = rest.exp();
        Value sum = weights.sum();
        return f.output(weights.over(sum).minus(one).times(scale))
                .output(sum.log().minus(rest.dot(one)))
                .formula();
    }

    @Override
    public void queue(
            Stream stream, RowSet set, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        View given = batch.get(Classes.LABEL);
        if (given == null) {
            throw new IllegalArgumentException("the batch has no '" + Classes.LABEL + "': " + batch.keySet());
        }
        pairs.queue(stream, set, batch, input, null, null, time);
        Activations.forward(stream, set, given, Activation.IDENTITY, label); // a copy
        tape.forward(stream, set, List.of(input), Instant.perRow(time), List.of(out));
        formula.run(stream, set, 0);
        tape.backward(stream, set, List.of(back), gradients.get(0), null);
        stream.copy(loss.data(), 0, losses, 0, rows);
    }

    @Override
    public void close() {
        owned.close();
    }
}
