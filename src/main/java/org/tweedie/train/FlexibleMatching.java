package org.tweedie.train;

import java.util.List;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.FlexibleParametrisation;

/**
 * Score matching under a {@link org.tweedie.sde.FlexibleSde} by the variational bound, whose weights are full matrices, and the process with it (Du,
 * Zhang, Yang and Du, ICML 2023, arXiv 2206.10365): the loss of a step is the bound's integral over time in nats.
 *
 * <p>{@link FlexibleParametrisation} makes it a regression with one weight a row. Pairs are made on the device by matrices of their times, which the host makes in
 * double ({@link FlexibleFeed}). After every so many steps ({@link ProcessLearning}) the process's numbers take one of their own, along the gradient
 * of the whole bound. Inputs of the network after x are conditions, ports of the data. Immutable.
 *
 * @param network of x and conditions to what {@link FlexibleParametrisation} says
 */
public record FlexibleMatching(Network network, FlexibleParametrisation parametrisation) implements Objective {
    public FlexibleMatching {
        int width = parametrisation.sde().space().width();
        int in = network.signature().from().get(0).space().width();
        int out = network.signature().into().get(0).space().width();
        if (in != width || out != width) {
            throw new IllegalArgumentException("a process of " + width
                    + " coordinates needs a network from as many to as many, got " + network.signature());
        }
    }

    /** The same network under another process. */
    FlexibleMatching under(FlexibleParametrisation other) {
        return new FlexibleMatching(network, other);
    }

    @Override
    public String spec() {
        return "bound of " + parametrisation.sde().spec() + " " + network.spec() + " " + network.signature();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public FlexibleMatching with(List<Parameters> parameters) {
        return new FlexibleMatching(network.with(parameters.get(0)), parametrisation);
    }

    @Override
    public void check(Dataset data) {
        for (Signature.Port port : network.signature().from()) {
            int width = data.port(port.name()).width();
            if (width != port.space().width()) {
                throw new IllegalArgumentException("the network's input '" + port.name() + "' is "
                        + port.space().width() + " wide, the data's '" + port.name() + "' " + width);
            }
        }
    }

    @Override
    public Optional<ProcessLearner> processLearner(Dataset data, TrainSpec spec, Device device) {
        return spec.process().never() ? Optional.empty() : Optional.of(new FlexibleLearner(this, data, spec, device));
    }

    @Override
    public Optional<Feed.Source> feed(Dataset data, TrainSpec spec) {
        return Optional.of(new FlexibleFeed.Source(this, data, spec.seed()));
    }

    @Override
    public Gradient open(Device device, int rows) {
        return open(device, rows, Precision.F32);
    }

    @Override
    public Gradient open(Device device, int rows, Precision allowed) {
        return new PairGradient(network, device, rows, FewLaunches.of(network, device, rows, allowed));
    }
}
