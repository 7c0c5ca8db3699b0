package org.tweedie.train;

import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.plan.Plan;

/** A matching whose pairs of input and target, a plan, are made on a device by kernels of its own. */
sealed interface PairMatching permits DenoisingScoreMatching, HybridScoreMatching {
    /** The plan of one step that puts out a row's input, target, weight and time. */
    Plan pairs();

    /** Everything that decides the pairs. */
    String spec();

    /** Inputs of the network that the pairs fill; those after them are conditions. */
    int inputs();

    Pairs open(Device device, int rows);

    /** The matching that a plan of pairs is, if it is one. */
    static Optional<PairMatching> in(Plan pairs, int group) {
        Optional<PairMatching> denoising =
                DenoisingScoreMatching.in(pairs, group).map(PairMatching.class::cast);
        return denoising.isPresent()
                ? denoising
                : HybridScoreMatching.in(pairs, group).map(PairMatching.class::cast);
    }
}
