package org.tweedie.bridge.domain;

import org.tweedie.score.Architecture;
import org.tweedie.score.Mlp;
import org.tweedie.train.Conditioning;
import org.tweedie.train.TrainSpec;

/**
 * How to fit bridges into a domain. Immutable; {@link #of} gives the defaults and the {@code with} methods change one thing each.
 *
 * @param base that bridges are made from, in the units of the encoded rows
 * @param steps of a walk, 2 to 10,000; the network learns at their starts
 * @param training of the network, whose running mean of the weights walks; its seed is that of everything
 * @param walks cached at a time, 1 to 2^24
 * @param refreshEvery steps of training between two refreshes of the cache, at least 1
 * @param standardise whether coordinates that are a factor of their own are brought to mean 0 and standard deviation 1, their levels and bounds with them;
 *     points of more coordinates and one-hot factors stay as they are
 * @param shared whether finite factors are weighted by their shares of the rows, as {@link BridgeDomain#sharing}; the paper's are not
 */
public record DomainSpec(
        BridgeBase base,
        int steps,
        TrainSpec training,
        Architecture network,
        int walks,
        long refreshEvery,
        boolean standardise,
        boolean shared) {
    public DomainSpec {
        if (steps < 2 || steps > 10_000) {
            throw new IllegalArgumentException("a bridge takes 2 to 10000 steps, got " + steps);
        }
        if (walks < 1 || walks > 1 << 24 || (long) walks * steps > 1 << 28) {
            throw new IllegalArgumentException("cached walks must be 1 to 2^24, and with their steps 2^28 pairs, got "
                    + walks + " of " + steps + " steps");
        }
        if (refreshEvery < 1) {
            throw new IllegalArgumentException("steps between two refreshes must be positive, got " + refreshEvery);
        }
        if (training.slices().isPresent() || !training.conditioning().equals(Conditioning.CLEAN)) {
            throw new IllegalArgumentException(
                    "a bridge is learned by matching drifts, without directions and conditions, got " + training);
        }
    }

    /** Brownian motion by the authors' clock, 100 steps, {@code mlp:64x3} trained for 2000 steps. */
    public static DomainSpec of() {
        return new DomainSpec(
                LinearBase.brownian(Clock.exponential(3, 1)),
                100,
                TrainSpec.steps(2000).withBatch(512).withRate(2e-3).withAverage(0.99),
                Mlp.of(64, 3),
                4096,
                100,
                true,
                true);
    }

    public DomainSpec withBase(BridgeBase value) {
        return new DomainSpec(value, steps, training, network, walks, refreshEvery, standardise, shared);
    }

    public DomainSpec withSteps(int value) {
        return new DomainSpec(base, value, training, network, walks, refreshEvery, standardise, shared);
    }

    public DomainSpec withTraining(TrainSpec value) {
        return new DomainSpec(base, steps, value, network, walks, refreshEvery, standardise, shared);
    }

    public DomainSpec withNetwork(Architecture value) {
        return new DomainSpec(base, steps, training, value, walks, refreshEvery, standardise, shared);
    }

    /** With so many walks cached, walked anew every so many steps. */
    public DomainSpec withCache(int walksCached, long every) {
        return new DomainSpec(base, steps, training, network, walksCached, every, standardise, shared);
    }

    /** With rows and domain in their own units. */
    public DomainSpec asTheyAre() {
        return new DomainSpec(base, steps, training, network, walks, refreshEvery, false, shared);
    }

    /** With all points of a finite factor weighing the same, as in the paper. */
    public DomainSpec withoutShares() {
        return new DomainSpec(base, steps, training, network, walks, refreshEvery, standardise, false);
    }
}
