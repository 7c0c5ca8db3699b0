package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;
import org.tweedie.score.Instant;
import org.tweedie.score.Signature;
import org.tweedie.score.TangentTape;

/** Noisy rows, forward, then for each direction its derivative, the loss, and the way back through both. */
final class ImplicitGradient implements Gradient {
    private static final int SQUARE = 0;

    private final ImplicitScoreMatching matching;
    private final int width;
    private final Closing owned = new Closing();
    private final PerturbedPairs pairs;
    private final TangentTape tape;
    private final RowFormula formulas;
    private final View input;
    private final View out;
    private final View back;
    private final View along;
    private final View tangentBack;
    private final View time;
    private final View loss;
    private final List<View> directions = new ArrayList<>();

    ImplicitGradient(ImplicitScoreMatching matching, Device device, int rows) {
        this.matching = matching;
        width = matching.parametrisation().sde().space().width();
        boolean exact = matching.slices().law().isEmpty();
        try (Stream stream = device.stream()) {
            pairs = owned.add(PerturbedPairs.inputs(
                    matching.parametrisation(), matching.sampling(), matching.group(), device, rows));
            tape = owned.add(matching.network().tangentTape(device, rows));
            DeviceBuffer memory = owned.add(device.allocate(Element.F32, (long) rows * (6L * width + 2)));
            input = part(memory, rows, 0);
            out = part(memory, rows, 1);
            back = part(memory, rows, 2);
            along = part(memory, rows, 3);
            tangentBack = part(memory, rows, 4);
            View direction = part(memory, rows, 5);
            time = new View(memory, 6L * rows * width, 1, 1);
            loss = time.from(rows);
            if (exact) {
                directions.addAll(Axes.of(width, stream, owned));
            } else {
                directions.add(direction);
            }
            formulas = owned.add(RowFormula.open(stream, uses(rows)));
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View part(DeviceBuffer memory, int rows, int i) {
        return new View(memory, (long) i * rows * width, width, width);
    }

    /** The square of the score first, then one for each direction. */
    private List<RowFormula.Use> uses(int rows) {
        ImplicitFormulas of = new ImplicitFormulas(matching, rows);
        View t = pairs.times();
        List<RowFormula.Use> uses = new ArrayList<>();
        uses.add(new RowFormula.Use(of.square(), List.of(input, out, t), List.of(back, loss)));
        boolean reduced = matching.slices().reduced();
        Formula formula = reduced ? of.divergence() : of.slice();
        for (View v : directions) {
            uses.add(
                    reduced
                            ? new RowFormula.Use(formula, List.of(v, along, t, loss), List.of(tangentBack, loss))
                            : new RowFormula.Use(
                                    formula, List.of(v, along, t, loss, input, out), List.of(tangentBack, loss, back)));
        }
        return uses;
    }

    @Override
    public void queue(
            Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        List<View> from = new ArrayList<>();
        from.add(input);
        List<Signature.Port> ports = matching.network().signature().from();
        for (Signature.Port port : ports.subList(1, ports.size())) {
            View condition = batch.get(port.name());
            if (condition == null) {
                throw new IllegalArgumentException("the batch has no '" + port.name() + "'");
            }
            from.add(condition);
        }
        pairs.queue(stream, rows, batch, input, null, null, time);
        tape.forward(stream, rows, from, Instant.perRow(time), out);
        boolean reduced = matching.slices().reduced();
        if (reduced) {
            formulas.run(stream, rows, SQUARE);
        } else {
            stream.zero(loss.data(), loss.offset(), loss.data().count() - loss.offset());
        }
        boolean exact = matching.slices().law().isEmpty();
        int slices = exact ? directions.size() : matching.slices().count();
        for (int k = 0; k < slices; k++) {
            int slice = k;
            int place = exact ? k : 0;
            View v = directions.get(place);
            matching.slices()
                    .law()
                    .ifPresent(law -> Fill.draw(stream, rows, (StandardLaw) law, v, Purpose.PROBE, slice));
            tape.tangent(stream, rows, v, along);
            formulas.run(stream, rows, 1 + place);
            View cotangent = reduced && k > 0 ? null : back;
            tape.backward(stream, rows, cotangent, tangentBack, gradients.get(0), k > 0);
        }
        stream.copy(loss.data(), loss.offset(), losses, 0, loss.data().count() - loss.offset());
    }

    @Override
    public void close() {
        owned.close();
    }
}
