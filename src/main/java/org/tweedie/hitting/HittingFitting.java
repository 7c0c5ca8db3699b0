package org.tweedie.hitting;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.rng.Philox;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.train.Dataset;
import org.tweedie.train.PairRegression;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/** A network learned from the bridges to rows of data. For one thread while it is fitted; holds the weights until closed. */
public final class HittingFitting implements AutoCloseable {
    private final HittingDomain domain;
    private final HittingSpec spec;
    private final Device device;
    private final Network network;

    /** Opens the network with the first weights of the spec's seed. */
    public HittingFitting(HittingDomain domain, HittingSpec spec, Device device) {
        this.domain = domain;
        this.spec = spec;
        this.device = device;
        this.network = spec.network()
                .create(
                        signature(domain),
                        prediction(domain),
                        Philox.part(spec.training().seed(), 0),
                        device);
    }

    /** What a network of the domain sees and tells: place to drift, or to mean end. */
    public static Signature signature(HittingDomain domain) {
        return Signature.over(domain.space().width());
    }

    /** How such a network is marked. */
    public static Prediction prediction(HittingDomain domain) {
        return domain.learns() == Drive.END ? Prediction.DENOISED : Prediction.VELOCITY;
    }

    /** The network; lives as long as this. */
    public Network network() {
        return network;
    }

    /** What fitting to rows would take, from a few seconds of steps and of refreshes of the cache; nothing is kept, and nothing learns. */
    public Trainer.Estimate estimate(Dataset ends) {
        HittingFeed.Source rows = pairs(ends, Long.MAX_VALUE / 2);
        return Trainer.estimate(
                        new PairRegression(network, rows.spec()), rows, spec.refreshEvery(), spec.training(), device)
                .with(network.parameters().values());
    }

    /** Pairs of bridges that are walked anew {@code every} steps of training. */
    private HittingFeed.Source pairs(Dataset ends, long every) {
        return new HittingFeed.Source(
                spec.pairs(domain),
                ends,
                spec.walks(),
                every,
                Philox.part(spec.training().seed(), 1));
    }

    /**
     * Fits it to rows, which {@link HittingDomain#require} has taken.
     *
     * @param into where checkpoints go, or null
     * @param resumed a checkpoint to go on from, or null
     * @return how the training ended; the network has the mean weights up to then
     * @throws IllegalArgumentException if the checkpoint is of other rows or settings; says which
     */
    public TrainResult run(
            Dataset ends,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory into,
            @Nullable Checkpoint resumed)
            throws IOException {
        TrainSpec training = resumed == null ? spec.training() : Trainer.resumed(spec.training(), resumed);
        HittingFeed.Source rows = pairs(ends, spec.refreshEvery());
        try (Trainer trainer = Trainer.open(new PairRegression(network, rows.spec()), rows, training, device)) {
            if (resumed != null) {
                trainer.restore(resumed);
            }
            TrainResult result = trainer.run(listener, cancel, into);
            trainer.copyMean(0, network.parameters().values());
            return result;
        }
    }

    @Override
    public void close() {
        network.parameters().values().close();
    }
}
