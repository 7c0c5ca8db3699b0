package org.tweedie.hitting;

import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
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
                        Signature.over(domain.space().width()),
                        domain.learns() == Drive.END ? Prediction.DENOISED : Prediction.VELOCITY,
                        Philox.part(spec.training().seed(), 0),
                        device);
    }

    /** The network; lives as long as this. */
    public Network network() {
        return network;
    }

    /**
     * Fits it to rows, which {@link HittingDomain#require} has taken.
     *
     * @return how the training ended; the network has the mean weights up to then
     */
    public TrainResult run(Dataset ends, TrainListener listener, CancelToken cancel) {
        TrainSpec training = spec.training();
        HittingFeed.Source rows = new HittingFeed.Source(
                spec.pairs(domain), ends, spec.walks(), spec.refreshEvery(), Philox.part(training.seed(), 1));
        try (Trainer trainer = Trainer.open(new PairRegression(network, rows.spec()), rows, training, device)) {
            TrainResult result = trainer.run(listener, cancel);
            trainer.copyMean(0, network.parameters().values());
            return result;
        }
    }

    @Override
    public void close() {
        network.parameters().values().close();
    }
}
