package org.tweedie.score;

import java.util.Arrays;
import java.util.List;
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

/** The mixture in device memory, and alpha and sigma: one of each, or one a row from the process's table. */
final class GaussianMixtureEvaluator implements Evaluator {
    private final GaussianMixtureScore field;
    private final Closing owned = new Closing();
    private final DeviceBuffer numbers;
    private final DeviceBuffer coefficients;
    private final Perturb.Table table;
    private final MixtureScore.Mixture mixture;
    private final View unit;
    private final View alpha;
    private final View sigma;

    GaussianMixtureEvaluator(GaussianMixtureScore field, Device device, int rows) {
        this.field = field;
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
        field.signature().require(from, into);
        View each = t.perRow();
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
            MixtureScore.run(stream, rows, from.get(0), mixture, alpha, sigma, into.get(0), null);
            return;
        }
        Add.scalar(stream, coefficients, alpha.offset(), (float) field.sde().alpha(t.at()));
        Add.scalar(stream, coefficients, sigma.offset(), (float) field.sde().sigma(t.at()));
        MixtureScore.run(
                stream,
                rows,
                from.get(0),
                mixture,
                View.shared(coefficients, alpha.offset(), 1),
                View.shared(coefficients, sigma.offset(), 1),
                into.get(0),
                null);
    }

    @Override
    public void close() {
        owned.close();
    }
}
