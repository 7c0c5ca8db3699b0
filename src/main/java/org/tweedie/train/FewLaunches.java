package org.tweedie.train;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.score.HalfMlpSteps;
import org.tweedie.score.HalfMlpTape;
import org.tweedie.score.HostMlpTape;
import org.tweedie.score.LossTape;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Network;

/**
 * The gradient of a network's squared loss in few launches, where network and device have one.
 *
 * @param tape null where it goes a layer at a time
 * @param why it is this one, or none
 */
record FewLaunches(@Nullable LossTape tape, String why) {
    static FewLaunches of(Network network, Device device, int rows, Precision allowed) {
        if (!(network instanceof MlpNetwork mlp)) {
            return new FewLaunches(null, "the network is no multilayer perceptron");
        }
        String why = "";
        if (allowed == Precision.BF16) {
            Optional<String> half = HalfMlpTape.refusal(mlp, device);
            if (half.isEmpty()) {
                return new FewLaunches(new HalfMlpTape(mlp, device, rows), "");
            }
            // the kernels that take the widest networks say best what this one lacks
            why = HalfMlpSteps.refusal(mlp, device).or(() -> half).get() + "; ";
        }
        Optional<String> host = HostMlpTape.refusal(mlp, device, rows);
        return host.isEmpty()
                ? new FewLaunches(new HostMlpTape(mlp, device, rows), why)
                : new FewLaunches(null, why + host.get() + ", so a layer at a time");
    }
}
