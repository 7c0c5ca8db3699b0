package org.tweedie.train;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;

/**
 * Score matching without the noise that made the row: the mean of lambda(t) (2 div score(x_t; t) + |score(x_t; t)|^2), which is that of
 * lambda(t) |score - grad ln p_t|^2 up to a number that no weight changes (Hyvarinen 2005), so also that of {@link DenoisingScoreMatching}. By
 * {@link Slices} it is implicit score matching, sliced, or sliced with reduced variance (Song, Garg, Shi and Ermon, UAI 2019, arXiv 1905.07088).
 * Costs a derivative a direction and the way back through it. Immutable.
 *
 * @param group rows of a step that share a rank of time, as in {@link DenoisingScoreMatching}
 */
public record ImplicitScoreMatching(
        Network network,
        Parametrisation parametrisation,
        Weighting weighting,
        TimeSampling sampling,
        int group,
        Slices slices)
        implements Objective {
    public ImplicitScoreMatching {
        int from = network.signature().from().get(0).space().width();
        int into = network.signature().into().get(0).space().width();
        if (from != into || from != parametrisation.sde().space().width()) {
            throw new IllegalArgumentException("a score of rows of "
                    + parametrisation.sde().space().width() + " numbers needs a network from as many to as many, got "
                    + from
                    + " to " + into);
        }
    }

    @Override
    public String spec() {
        return "implicit " + parametrisation.sde().spec() + " " + parametrisation.prediction() + " scale "
                + parametrisation.dataScale() + " " + weighting + " " + sampling + " group " + group + " " + slices
                + " "
                + network.spec() + " " + network.signature();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public ImplicitScoreMatching with(List<Parameters> parameters) {
        return new ImplicitScoreMatching(
                network.with(parameters.get(0)), parametrisation, weighting, sampling, group, slices);
    }

    @Override
    public void check(Dataset data) {
        List<Signature.Port> ports = network.signature().from();
        for (int i = 0; i < ports.size(); i++) {
            String name = i == 0 ? Dataset.X : ports.get(i).name();
            int width = data.port(name).width();
            if (width != ports.get(i).space().width()) {
                throw new IllegalArgumentException(
                        "the network's input '" + ports.get(i).name() + "' is "
                                + ports.get(i).space().width() + " wide, the data's '" + name + "' " + width);
            }
        }
    }

    @Override
    public Gradient open(Device device, int rows) {
        return new ImplicitGradient(this, device, rows);
    }
}
