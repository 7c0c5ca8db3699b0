package org.tweedie.bridge;

import org.tweedie.score.Architecture;
import org.tweedie.score.Mlp;
import org.tweedie.train.Conditioning;
import org.tweedie.train.TrainSpec;

/**
 * How to fit a bridge. Immutable; {@link #of} gives the defaults and the {@code with} methods change one thing each.
 *
 * @param sizes of the steps; twice their sum is the regularisation
 * @param iterations of a half bridge backward and one forward, at least 1
 * @param training of each half bridge, whose running mean of the weights walks; its seed is that of everything
 * @param network of each direction
 * @param matching what the networks put out
 * @param walks cached at a time, 1 to 2^24
 * @param refreshEvery steps of training between two refreshes of the cache, at least 1
 * @param scoreFirst whether the first half bridge, whose walks are the reference's, is learned by denoising score matching: the same drift, with
 *     less noise in its targets
 * @param goOn whether a half bridge learns from the weights of its direction's last one, or from the first
 * @param standardise whether rows are brought to mean 0 and standard deviation 1, column by column (of both ends together, where both are rows)
 *     before the reference moves them
 */
public record BridgeSpec(
        StepSizes sizes,
        int iterations,
        TrainSpec training,
        Architecture network,
        Matching matching,
        int walks,
        long refreshEvery,
        boolean scoreFirst,
        boolean goOn,
        boolean standardise) {
    public BridgeSpec {
        if (iterations < 1 || iterations > 100_000) {
            throw new IllegalArgumentException("iterations must be 1 to 100000, got " + iterations);
        }
        if (walks < 1 || walks > 1 << 24 || (long) walks * sizes.count() > 1 << 28) {
            throw new IllegalArgumentException("cached walks must be 1 to 2^24, and with their steps 2^28 pairs, got "
                    + walks + " of " + sizes.count() + " steps");
        }
        if (refreshEvery < 1) {
            throw new IllegalArgumentException("steps between two refreshes must be positive, got " + refreshEvery);
        }
        if (training.slices().isPresent() || !training.conditioning().equals(Conditioning.CLEAN)) {
            throw new IllegalArgumentException(
                    "a bridge is learned by matching means, without directions and conditions, got " + training);
        }
    }

    /** Five iterations of 1000 steps through {@code mlp:64x3}. */
    public static BridgeSpec of(StepSizes sizes) {
        return new BridgeSpec(
                sizes,
                5,
                TrainSpec.steps(1000).withBatch(512).withRate(2e-3).withAverage(0.99),
                Mlp.of(64, 3),
                Matching.DRIFT,
                2048,
                100,
                true,
                true,
                true);
    }

    public BridgeSpec withIterations(int value) {
        return new BridgeSpec(
                sizes, value, training, network, matching, walks, refreshEvery, scoreFirst, goOn, standardise);
    }

    public BridgeSpec withTraining(TrainSpec value) {
        return new BridgeSpec(
                sizes, iterations, value, network, matching, walks, refreshEvery, scoreFirst, goOn, standardise);
    }

    public BridgeSpec withNetwork(Architecture value) {
        return new BridgeSpec(
                sizes, iterations, training, value, matching, walks, refreshEvery, scoreFirst, goOn, standardise);
    }

    public BridgeSpec withMatching(Matching value) {
        return new BridgeSpec(
                sizes, iterations, training, network, value, walks, refreshEvery, scoreFirst, goOn, standardise);
    }

    /** With so many walks cached, walked anew every so many steps. */
    public BridgeSpec withCache(int walksCached, long every) {
        return new BridgeSpec(
                sizes, iterations, training, network, matching, walksCached, every, scoreFirst, goOn, standardise);
    }

    /** With the first half bridge learned as the others are. */
    public BridgeSpec withoutScore() {
        return new BridgeSpec(
                sizes, iterations, training, network, matching, walks, refreshEvery, false, goOn, standardise);
    }

    /** With every half bridge learned from the first weights, as the paper's code does unless told otherwise. */
    public BridgeSpec afresh() {
        return new BridgeSpec(
                sizes, iterations, training, network, matching, walks, refreshEvery, scoreFirst, false, standardise);
    }

    /** With the reference moving rows as they are. */
    public BridgeSpec asTheyAre() {
        return new BridgeSpec(
                sizes, iterations, training, network, matching, walks, refreshEvery, scoreFirst, goOn, false);
    }
}
