package org.tweedie.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Kernel;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TrainMlp;
import org.tweedie.kernels.View;
import org.tweedie.score.HalfMlpTape;
import org.tweedie.score.HostMlpTape;
import org.tweedie.score.LossTape;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;

/** Pairs, then forward, loss and backward in a few launches. */
final class FusedRegressionGradient implements Gradient {
    private final List<Signature.Port> conditions;
    private final int filled;
    private final float scale;
    private final Closing owned = new Closing();
    private final Pairs pairs;
    private final LossTape tape;
    private final String why;
    private final View target;
    private final View weight;
    private final View time;

    /** Why a regression is not computed so with products of bf16, or nothing. */
    static Optional<String> refusal(Network network, Device device) {
        return network instanceof MlpNetwork mlp
                ? HalfMlpTape.refusal(mlp, device)
                : Optional.of("the network is no multilayer perceptron");
    }

    /** The network of an objective that is a regression on pairs, whoever makes them. */
    private static @Nullable Network network(Objective objective) {
        if (objective instanceof FlexibleMatching matching) {
            return matching.network();
        }
        return objective instanceof Regression regression ? regression.network() : null;
    }

    /** What runs on the host by tiles of rows, or why not. */
    static String explainTiles(Objective objective, TrainSpec spec, Device device) {
        if (!(network(objective) instanceof MlpNetwork mlp)) {
            return "declined: the objective is no regression of a multilayer perceptron";
        }
        return HostMlpTape.refusal(mlp, device, spec.batch())
                .map(why -> "declined: " + why)
                .orElse(
                        "would take it: tiles of rows stay in cache through forward and backward, with the bits of the layers");
    }

    /** What runs with products of bf16, or why not. */
    static String explain(Objective objective, TrainSpec spec, Device device) {
        if (spec.precision().equals(Optional.of(Precision.F32))) {
            return "declined: products of f32 are asked for";
        }
        Network network = network(objective);
        if (network == null) {
            return "declined: the objective is no regression";
        }
        Optional<String> refusal = refusal(network, device);
        if (refusal.isPresent()) {
            return "declined: " + refusal.get();
        }
        Kernel rows = device.kernel(TrainMlp.ROWS);
        Kernel weights = device.kernel(TrainMlp.WEIGHTS);
        return "would take it: " + rows.entry().name() + " with "
                + rows.resources().registers() + " registers, "
                + weights.entry().name() + " with " + weights.resources().registers();
    }

    /**
     * @param tape of the regression's network, owned by this from now on
     * @param why it is this one, after its products
     */
    FusedRegressionGradient(Regression regression, Device device, int rows, LossTape tape, String why) {
        this.tape = owned.add(tape);
        this.why = why;
        Network network = regression.network();
        conditions = regression.conditions();
        filled = regression.filled();
        scale = (float) (1.0 / rows);
        int width = network.signature().into().get(0).space().width();
        try {
            pairs = owned.add(regression.matching().open(device, rows));
            DeviceBuffer memory = owned.add(device.allocate(Element.F32, (long) rows * (width + 2)));
            target = new View(memory, 0, width, width);
            weight = new View(memory, (long) rows * width, 1, 1);
            time = new View(memory, (long) rows * (width + 1), 1, 1);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    @Override
    public String products() {
        return tape.products();
    }

    @Override
    public String how() {
        return tape.products() + ": " + why + tape.how();
    }

    @Override
    public void queue(
            Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        int first = filled;
        pairs.queue(stream, rows, batch, tape.inputs().columns(0, first), target, weight, time);
        for (Signature.Port port : conditions) {
            View condition = batch.get(port.name());
            if (condition == null) {
                throw new IllegalArgumentException("the batch has no '" + port.name() + "'");
            }
            View into = tape.inputs().columns(first, port.space().width());
            Activations.forward(stream, rows, condition, Activation.IDENTITY, into); // a copy
            first += port.space().width();
        }
        tape.gradient(stream, rows, time, target, weight, scale, gradients.get(0), losses);
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
