package org.tweedie.train;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.TimeSampling;

/**
 * A noisy classifier: the mean of -ln p(y | x_t, t) with p the softmax of the network's outputs, one a class, x_t the noised row of class y. The
 * least is the exact posterior of the class given the noisy row, whatever the law of the times (Song et al. 2021; Dhariwal, Nichol, NeurIPS 2021,
 * arXiv 2105.05233). Immutable, shared by threads.
 *
 * @param parametrisation what of x_t and t the network is told; what it predicts is not read
 * @param group rows of a step that share a rank of time, as in {@link DenoisingScoreMatching}
 */
public record CrossEntropy(Network network, Parametrisation parametrisation, TimeSampling sampling, int group)
        implements Objective {
    public CrossEntropy {
        List<Signature.Port> from = network.signature().from();
        int width = parametrisation.sde().space().width();
        if (from.size() != 1 || from.get(0).space().width() != width) {
            throw new IllegalArgumentException("a classifier of rows of " + width + " numbers takes them alone, got "
                    + network.signature().from());
        }
        DenoisingScoreMatching.requireGroup(group);
    }

    /** Classes that it tells apart. */
    public int classes() {
        return network.signature().into().get(0).space().width();
    }

    @Override
    public String spec() {
        return "cross-entropy " + parametrisation.sde().spec() + " scale " + parametrisation.dataScale() + " "
                + sampling + " group " + group + " " + network.spec() + " " + network.signature();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public CrossEntropy with(List<Parameters> parameters) {
        return new CrossEntropy(network.with(parameters.get(0)), parametrisation, sampling, group);
    }

    @Override
    public void check(Dataset data) {
        int width = network.signature().inputs();
        if (data.port(Dataset.X).width() != width || data.port(Classes.LABEL).width() != 1) {
            throw new IllegalArgumentException("a classifier of " + width
                    + " columns learns from as many and the number of a class, got " + data.ports());
        }
        for (float label : data.values(Classes.LABEL)) {
            if (!(label >= 0 && label < classes()) || label != (int) label) {
                throw new IllegalArgumentException("classes are counted from 0 to " + (classes() - 1) + ", got " + label
                        + "; make them by Classes");
            }
        }
    }

    @Override
    public Gradient open(Device device, int rows) {
        return new CrossEntropyGradient(this, device, rows);
    }
}
