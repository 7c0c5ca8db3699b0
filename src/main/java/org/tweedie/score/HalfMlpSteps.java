package org.tweedie.score;

import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.kernels.TrainSteps;
import org.tweedie.kernels.TrainStepsShape;

/** An {@link MlpNetwork} as {@link TrainSteps} takes it. Stateless; any thread. */
public final class HalfMlpSteps {
    private HalfMlpSteps() {}

    /** Why steps of a network are not taken many a launch on a device, or nothing. */
    public static Optional<String> refusal(MlpNetwork network, Device device) {
        Mlp mlp = network.architecture();
        MlpLayout layout = network.layout();
        if (mlp.width() > TrainStepsShape.MOST_WIDTH) {
            return Optional.of(
                    "the network is " + mlp.width() + " wide, the kernels take up to " + TrainStepsShape.MOST_WIDTH);
        } else if (layout.features() > TrainStepsShape.MOST_FEATURES) {
            return Optional.of("the network has " + layout.features() + " features of the time, the kernels take up to "
                    + TrainStepsShape.MOST_FEATURES);
        } else if (layout.in(0) > TrainStepsShape.MOST_COORDINATES) {
            return Optional.of("the network has " + layout.in(0) + " inputs, the kernels take up to "
                    + TrainStepsShape.MOST_COORDINATES);
        } else if (layout.outputs() > layout.in(0)) {
            return Optional.of("the network has more outputs than inputs");
        }
        return TrainSteps.refusal(device);
    }

    /** The sizes of a network and where its parameters lie. */
    public static TrainStepsShape shape(MlpNetwork network) {
        Mlp mlp = network.architecture();
        MlpLayout layout = network.layout();
        int depth = mlp.depth();
        int[] places = new int[3 * (depth + 1)];
        for (int l = 0; l <= depth; l++) {
            places[3 * l] = Math.toIntExact(layout.weight(l));
            places[3 * l + 1] = l == depth ? 0 : Math.toIntExact(layout.timeWeight(l));
            places[3 * l + 2] = Math.toIntExact(layout.bias(l));
        }
        return new TrainStepsShape(
                layout.in(0),
                layout.outputs(),
                layout.features(),
                mlp.width(),
                depth,
                mlp.activation(),
                mlp.residual(),
                places,
                Math.toIntExact(network.parameters().count()));
    }
}
