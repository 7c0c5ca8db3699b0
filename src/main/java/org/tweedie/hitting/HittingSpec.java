package org.tweedie.hitting;

import org.tweedie.score.Architecture;
import org.tweedie.score.Mlp;
import org.tweedie.train.Conditioning;
import org.tweedie.train.TrainSpec;

/**
 * How to fit a first-hitting model. Immutable; {@link #standard} gives the defaults and the {@code with} methods change one thing each.
 *
 * @param steps of walks, learned from and sampled
 * @param training of the network, whose running mean of the weights drives the walks; its seed is that of everything
 * @param network of the place, told no time
 * @param walks of bridges cached at a time, 1 to 2^22
 * @param kept places of each, which are its pairs, 1 to 256
 * @param refreshEvery steps of training between two refreshes of the cache, at least 1
 * @param damping distance below which pairs weigh less ({@link HittingPairs}), at least 0
 */
public record HittingSpec(
        HittingSteps steps,
        TrainSpec training,
        Architecture network,
        int walks,
        int kept,
        long refreshEvery,
        double damping) {
    public HittingSpec {
        if (walks < 1 || walks > 1 << 22) {
            throw new IllegalArgumentException("cached walks must be 1 to 2^22, got " + walks);
        }
        HittingPairs.require(kept, damping);
        if (refreshEvery < 1) {
            throw new IllegalArgumentException("steps between two refreshes must be positive, got " + refreshEvery);
        }
        if (training.slices().isPresent() || !training.conditioning().equals(Conditioning.CLEAN)) {
            throw new IllegalArgumentException(
                    "a first-hitting model is learned by matching, without directions and conditions, got " + training);
        }
    }

    /** 2000 steps through {@code mlp:64x3}. */
    public static HittingSpec standard() {
        return new HittingSpec(
                HittingSteps.standard(),
                TrainSpec.steps(2000).withBatch(512).withRate(5e-3).withAverage(0.99),
                Mlp.of(64, 3),
                2048,
                8,
                200,
                0.1);
    }

    public HittingSpec withSteps(HittingSteps value) {
        return new HittingSpec(value, training, network, walks, kept, refreshEvery, damping);
    }

    public HittingSpec withTraining(TrainSpec value) {
        return new HittingSpec(steps, value, network, walks, kept, refreshEvery, damping);
    }

    public HittingSpec withNetwork(Architecture value) {
        return new HittingSpec(steps, training, value, walks, kept, refreshEvery, damping);
    }

    /** With so many walks cached, so many places of each, walked anew every so many steps. */
    public HittingSpec withCache(int walksCached, int placesKept, long every) {
        return new HittingSpec(steps, training, network, walksCached, placesKept, every, damping);
    }

    /** With pairs nearer than this weighing less; 0 for the path loss itself. */
    public HittingSpec withDamping(double value) {
        return new HittingSpec(steps, training, network, walks, kept, refreshEvery, value);
    }

    /** The pairs of a domain. */
    HittingPairs pairs(HittingDomain domain) {
        return new HittingPairs(domain, steps, kept, damping);
    }
}
