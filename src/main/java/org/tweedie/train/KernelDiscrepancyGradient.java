package org.tweedie.train;

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
import org.tweedie.kernels.MixtureScore;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.score.Instant;
import org.tweedie.score.Tape;

/**
 * Forward, moved rows, the mean kernels q between them and p to the target, loss, backward. A mean kernel is the density of a mixture of as many normal laws
 * of variance l^2 without its constant, and its gradient that times the mixture's score.
 */
final class KernelDiscrepancyGradient implements Gradient {
    private static final int MOVE = 0;
    private static final int LOSS = 1;

    private final int rows;
    private final Closing owned = new Closing();
    private final Tape tape;
    private final RowFormula formulas;
    private final Cloud own;
    private final Cloud target;
    private final View one;
    private final View zero;
    private final View input;
    private final View out;
    private final View moved;
    private final View back;
    private final View loss;

    /** Rows as a mixture, with its score and log-density at the moved rows. */
    private record Cloud(MixtureScore.Mixture mixture, View score, View log) {}

    KernelDiscrepancyGradient(KernelDiscrepancy functional, WassersteinStep step, Device device, int rows) {
        this.rows = rows;
        int width = functional.width();
        try (Stream stream = device.stream()) {
            tape = owned.add(step.network().tape(device, rows));
            input = row(device, width);
            out = row(device, width);
            moved = row(device, width);
            back = row(device, width);
            loss = row(device, 1);
            one = View.shared(filled(stream, 1, 1), 0, 1);
            zero = View.shared(filled(stream, 1, 0), 0, 1);
            float[] values = functional.target().values();
            DeviceBuffer there = owned.add(device.allocate(Element.F32, values.length));
            stream.upload(values, 0, there, 0, values.length);
            double square = functional.bandwidth() * functional.bandwidth();
            own = cloud(stream, moved, rows, square);
            target = cloud(stream, View.rows(there, width), functional.target().rows(), square);
            formulas = owned.add(RowFormula.open(
                    stream,
                    List.of(
                            new RowFormula.Use(move(width, step.h()), List.of(input, out), List.of(moved)),
                            new RowFormula.Use(
                                    loss(width, step.h(), rows, square),
                                    List.of(out, own.score, own.log, target.score, target.log),
                                    List.of(back, loss)))));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View row(Device device, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
    }

    private DeviceBuffer filled(Stream stream, int count, double value) {
        float[] values = new float[count];
        Arrays.fill(values, (float) value);
        DeviceBuffer memory = owned.add(stream.device().allocate(Element.F32, count));
        stream.upload(values, 0, memory, 0, count);
        return memory;
    }

    private Cloud cloud(Stream stream, View means, int count, double square) {
        return new Cloud(
                new MixtureScore.Mixture(
                        View.shared(filled(stream, count, -StrictMath.log(count)), 0, count),
                        means,
                        View.rows(filled(stream, count, square), 1)),
                row(stream.device(), means.width()),
                row(stream.device(), 1));
    }

    /** (x, v) to x + h v. */
    static Formula move(int width, double h) {
        FormulaWriter f = Formula.writer("moved rows");
        Value x = f.input(width);
        Value v = f.input(width);
        return f.output(v.fma(f.number(h), x)).formula();
    }

    /**
     * (v, score and log-density of the moved rows, those of the target) to (what goes back to v, loss). With a batch of B rows, q and p mean kernels:
     * h (2 q grad ln q / (B - 1) - 2 p grad ln p / B + v / B), and (B q - 1) / (B - 1) - 2 p + h |v|^2 / 2.
     */
    static Formula loss(int width, double h, int rows, double square) {
        FormulaWriter f = Formula.writer("kernel discrepancy");
        Value v = f.input(width);
        Value ownScore = f.input(width);
        Value ownLog = f.input(1);
        Value targetScore = f.input(width);
        Value targetLog = f.input(1);
        double constant = 0.5 * width * StrictMath.log(2 * Math.PI * square);
        Value q = ownLog.plus(constant).exp();
        Value p = targetLog.plus(constant).exp();
        Value apart = ownScore.times(q.times(2 * h / (rows - 1))).minus(targetScore.times(p.times(2 * h / rows)));
        Value others = q.times(rows).minus(1).over(rows - 1);
        return f.output(v.fma(f.number(h / rows), apart))
                .output(others.minus(p.times(2)).plus(v.dot(v).times(0.5 * h)))
                .formula();
    }

    @Override
    public void queue(
            Stream stream, RowSet set, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        View given = batch.get(Dataset.X);
        if (given == null) {
            throw new IllegalArgumentException("the batch has no '" + Dataset.X + "': " + batch.keySet());
        }
        Activations.forward(stream, set, given, Activation.IDENTITY, input); // a copy
        tape.forward(stream, set, List.of(input), Instant.at(0), List.of(out));
        formulas.run(stream, set, MOVE);
        for (Cloud cloud : List.of(own, target)) {
            MixtureScore.run(stream, set, moved, cloud.mixture, one, zero, cloud.score, cloud.log);
        }
        formulas.run(stream, set, LOSS);
        tape.backward(stream, set, List.of(back), gradients.get(0), null);
        stream.copy(loss.data(), 0, losses, 0, rows);
    }

    @Override
    public void close() {
        owned.close();
    }
}
