package org.tweedie.score;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.MixtureScore;
import org.tweedie.kernels.Perturb;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Curves;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Sde;

/**
 * The mixture in device memory, and alpha and sigma: one of each, or one a row from the process's table. The score is a gradient, so its
 * Jacobian is symmetric and both ways through it are one.
 */
final class GaussianMixtureEvaluator implements Evaluator, Tape {
    private final GaussianMixtureScore field;
    private final Signature signature;
    private final Closing owned = new Closing();
    private final DeviceBuffer numbers;
    private final DeviceBuffer coefficients;
    private final Perturb.Table table;
    private final MixtureScore.Mixture mixture;
    private final View unit;
    private final View alpha;
    private final View sigma;
    private @Nullable View x;
    private boolean perRow;

    /** @param signature the score, and the log-density if it is asked for */
    GaussianMixtureEvaluator(GaussianMixtureScore field, Signature signature, Device device, int rows) {
        this.field = field;
        this.signature = signature;
        Sde sde = field.sde();
        float[] law = field.numbers();
        float[] values = Arrays.copyOf(law, law.length + 1);
        values[law.length] = 1;
        // A = alpha, B = sigma of a row that is 1: noise gets no weight
        Curves scales = Coefficients.of(sde, t -> new double[] {sde.alpha(t), 0, sde.sigma(t), 0, 1, t});
        int each = Math.max(1, rows);
        DeviceBuffer nodes;
        try (Stream stream = device.stream()) {
            numbers = owned.add(device.allocate(Element.F32, values.length));
            nodes = owned.add(device.allocate(Element.F32, scales.values().length));
            coefficients = owned.add(device.allocate(Element.F32, 2L * each));
            stream.upload(values, 0, numbers, 0, values.length);
            stream.upload(scales.values(), 0, nodes, 0, scales.values().length);
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
        table = new Perturb.Table(nodes, scales.nodes(), (float) scales.logFirst(), (float) scales.inverseSpacing());
        mixture = field.in(numbers);
        unit = View.shared(numbers, values.length - 1L, 1);
        alpha = View.rows(coefficients, 1);
        sigma = alpha.from(each);
    }

    @Override
    public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        forward(stream, rows, from, t, into);
    }

    @Override
    public void forward(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
        signature.require(from, into);
        x = from.get(0);
        View each = t.perRow();
        perRow = each != null;
        if (each != null) {
            Perturb.run(
                    stream,
                    rows,
                    unit,
                    each,
                    table,
                    Purpose.NOISE,
                    0,
                    new Perturb.Into(alpha, sigma, null, null, null));
        } else {
            int apart = (int) (sigma.offset() - alpha.offset());
            Sde sde = field.sde();
            Add.numbers(
                    stream, coefficients, alpha.offset(), apart, (float) sde.alpha(t.at()), (float) sde.sigma(t.at()));
        }
        MixtureScore.run(
                stream,
                rows,
                from.get(0),
                mixture,
                now(alpha),
                now(sigma),
                into.get(0),
                into.size() > 1 ? into.get(1) : null);
    }

    /** One a row, or the first for all rows. */
    private View now(View coefficient) {
        return perRow ? coefficient : View.shared(coefficients, coefficient.offset(), 1);
    }

    @Override
    public void tangent(Stream stream, RowSet rows, int port, View direction, List<View> into) {
        field.signature().require(port, direction);
        Signature.require("tangent of output", field.signature().into(), into);
        View at = x;
        if (at == null) {
            throw new IllegalStateException("a tangent comes after forward");
        }
        MixtureScore.tangent(stream, rows, at, direction, mixture, now(alpha), now(sigma), into.get(0));
    }

    @Override
    public void backward(
            Stream stream,
            RowSet rows,
            List<View> cotangents,
            @Nullable DeviceBuffer weightGradients,
            @Nullable List<View> fromGradients) {
        if (weightGradients != null) {
            throw new IllegalArgumentException("the score of a mixture has no weights");
        }
        if (fromGradients != null) {
            tangent(stream, rows, 0, cotangents.get(0), fromGradients);
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
