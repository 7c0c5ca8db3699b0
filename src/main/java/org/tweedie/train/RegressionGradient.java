package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.score.Instant;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.score.Tape;

/** Pairs, forward, loss, backward. */
final class RegressionGradient implements Gradient {
    private final List<Signature.Port> ports;
    private final List<Signature.Port> conditions;
    private final String how;
    private final Loss loss;
    private final float scale;
    private final Closing owned = new Closing();
    private final Pairs pairs;
    private final Tape tape;
    private final DeviceBuffer memory;
    private final View input;
    private final View target;
    private final View out;
    private final View weight;
    private final View time;

    /** @param how says why it is this one */
    RegressionGradient(Regression regression, Device device, int rows, String how) {
        this.how = how;
        Network network = regression.network();
        ports = network.signature().from();
        loss = regression.loss();
        scale = (float) (1.0 / rows);
        int in = regression.filled();
        conditions = regression.conditions();
        int width = network.signature().into().get(0).space().width();
        try {
            pairs = owned.add(regression.matching().open(device, rows));
            tape = owned.add(network.tape(device, rows));
            memory = owned.add(device.allocate(Element.F32, (long) rows * (in + 2L * width + 2)));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
        long at = 0;
        input = new View(memory, at, in, in);
        target = new View(memory, at += (long) rows * in, width, width);
        out = new View(memory, at += (long) rows * width, width, width);
        weight = new View(memory, at += (long) rows * width, 1, 1);
        time = new View(memory, at + rows, 1, 1);
    }

    @Override
    public String how() {
        return how;
    }

    @Override
    public void queue(
            Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        List<View> from = new ArrayList<>();
        int at = 0;
        for (Signature.Port port : ports.subList(0, ports.size() - conditions.size())) {
            from.add(input.columns(at, port.space().width()));
            at += port.space().width();
        }
        for (Signature.Port port : conditions) {
            View condition = batch.get(port.name());
            if (condition == null) {
                throw new IllegalArgumentException("the batch has no '" + port.name() + "'");
            }
            from.add(condition);
        }
        pairs.queue(stream, rows, batch, input, target, weight, time);
        tape.forward(stream, rows, from, Instant.perRow(time), List.of(out));
        loss.gradient(stream, rows, out, target, weight, scale, out, losses);
        tape.backward(stream, rows, List.of(out), gradients.get(0), null);
    }

    @Override
    public void follow(Stream stream, Objective objective) {
        pairs.follow(stream, ((Regression) objective).denoising().orElseThrow());
    }

    @Override
    public void close() {
        owned.close();
    }
}
