package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.score.Instant;
import org.tweedie.score.LossTape;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.score.Tape;

/** Forward, loss and backward on the pairs of a batch, in few launches or a layer at a time. */
final class PairGradient implements Gradient {
    private final Signature signature;
    private final float scale;
    private final String why;
    private final Closing owned = new Closing();
    private final @Nullable LossTape few;
    private final @Nullable Tape layers;
    private final @Nullable View out;

    /** @param few its tape is owned by this from now on */
    PairGradient(Network network, Device device, int rows, FewLaunches few) {
        signature = network.signature();
        scale = (float) (1.0 / rows);
        why = few.why();
        this.few = few.tape() == null ? null : owned.add(few.tape());
        int width = network.signature().into().get(0).space().width();
        try {
            layers = this.few == null ? owned.add(network.tape(device, rows)) : null;
            out = this.few == null
                    ? View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width)
                    : null;
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    @Override
    public String products() {
        return few == null ? "f32" : few.products();
    }

    @Override
    public String how() {
        return products() + ": " + why + (few == null ? "" : few.how());
    }

    @Override
    public void queue(
            Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        View input = port(batch, Regression.INPUT);
        View target = port(batch, Regression.TARGET);
        View weight = port(batch, Regression.WEIGHT);
        View time = port(batch, Regression.TIME);
        if (few != null) {
            Activations.forward(stream, rows, input, Activation.IDENTITY, few.inputs()); // a copy
            few.gradient(stream, rows, time, target, weight, scale, gradients.get(0), losses);
        } else if (layers != null && out != null) {
            layers.forward(stream, rows, split(input), Instant.perRow(time), List.of(out));
            Loss.SQUARED.gradient(stream, rows, out, target, weight, scale, out, losses);
            layers.backward(stream, rows, List.of(out), gradients.get(0), null);
        }
    }

    /** The input of the pairs as the network's inputs. */
    private List<View> split(View input) {
        List<View> inputs = new ArrayList<>();
        int column = 0;
        for (Signature.Port port : signature.from()) {
            inputs.add(input.columns(column, port.space().width()));
            column += port.space().width();
        }
        return inputs;
    }

    private static View port(Map<String, View> batch, String name) {
        View view = batch.get(name);
        if (view == null) {
            throw new IllegalArgumentException("the batch has no '" + name + "'");
        }
        return view;
    }

    @Override
    public void close() {
        owned.close();
    }
}
