package org.tweedie.bridge.domain;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Program;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.plan.Space;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.PairRegression;
import org.tweedie.train.TraceFeed;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/** A network learned from the bridges to rows of data. For one thread while it is fitted; holds the weights until closed. */
public final class DomainFitting implements AutoCloseable {
    private final DomainBridge bridge;
    private final Dataset rows;
    private final DomainSpec spec;
    private final Device device;
    private final Network network;

    /**
     * Opens the network with the first weights of the spec's seed.
     *
     * @param rows encoded, in the bridge's domain
     */
    public DomainFitting(DomainBridge bridge, Dataset rows, DomainSpec spec, Device device) {
        this.bridge = bridge;
        this.rows = rows;
        this.spec = spec;
        this.device = device;
        this.network = spec.network()
                .create(
                        signature(bridge.domain()),
                        Prediction.VELOCITY,
                        spec.training().seed(),
                        device);
    }

    /** What a network of the domain sees and tells: z, and where the pull alone would end, to a velocity. */
    public static Signature signature(BridgeDomain domain) {
        return Signature.over(domain.width(), new Signature.Port(DomainWalk.END, Space.euclidean(domain.width())));
    }

    /** The network; lives as long as this. */
    public Network network() {
        return network;
    }

    /** What fitting would take, from a few seconds of steps and of refreshes of the cache; nothing is kept, and nothing learns. */
    public Trainer.Estimate estimate() {
        return Trainer.estimate(regression(), pairs(Long.MAX_VALUE / 2), spec.refreshEvery(), spec.training(), device)
                .with(network.parameters().values());
    }

    /**
     * Fits it.
     *
     * @param into where checkpoints go, or null
     * @param resumed a checkpoint to go on from, or null
     * @return how the training ended; the network has the mean weights up to then
     * @throws IllegalArgumentException if the checkpoint is of other rows or settings; says which
     */
    public TrainResult run(
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory into,
            @Nullable Checkpoint resumed)
            throws IOException {
        TrainSpec training = resumed == null ? spec.training() : Trainer.resumed(spec.training(), resumed);
        try (Trainer trainer = Trainer.open(regression(), pairs(spec.refreshEvery()), training, device)) {
            if (resumed != null) {
                trainer.restore(resumed);
            }
            TrainResult result = trainer.run(listener, cancel, into);
            trainer.copyMean(0, network.parameters().values());
            return result;
        }
    }

    private PairRegression regression() {
        return new PairRegression(
                network,
                bridge.spec() + (spec.shared() ? " shared " : " ") + spec.steps() + " steps " + spec.walks()
                        + " walks every " + spec.refreshEvery() + " seed "
                        + spec.training().seed());
    }

    /** Pairs of every step, walked anew {@code every} steps of training. */
    private TraceFeed.Source pairs(long every) {
        TimeGrid grid = bridge.grid(spec.steps());
        float[] weights = new float[grid.steps()];
        float[] times = new float[grid.steps()];
        for (int j = 0; j < grid.steps(); j++) {
            weights[j] = 1;
            times[j] = (float) grid.t(j);
        }
        DomainField pull = new DomainField(bridge.base(), bridge.domain());
        Program program = Program.of(new DomainPairs(bridge, grid).plan(), Map.of(DomainWalk.DOMAIN, pull));
        return new TraceFeed.Source(
                program,
                Optional.of(rows),
                weights,
                times,
                spec.walks(),
                every,
                spec.training().seed());
    }

    @Override
    public void close() {
        network.parameters().values().close();
    }
}
