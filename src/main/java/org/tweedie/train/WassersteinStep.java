package org.tweedie.train;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;

/**
 * A step of the Wasserstein gradient flow of a functional J (Jordan, Kinderlehrer and Otto, SIAM J. Math. Anal. 1998), by the map that takes it (Ghimire et al.,
 * arXiv 2302.04411):
 *
 * <pre>{@code   T = argmin J((I + T)#mu) + E |T|^2 / (2 h),   T(x) = h v(x)}</pre>
 *
 * <p>over networks v, so that v is of the size of minus the gradient whatever h is, and is it in the limit of small h. Learns from rows x of mu; what
 * T cannot change is left out of the loss. Immutable.
 *
 * @param network v, from rows to rows, told the time 0
 * @param h positive: how long the flow is followed
 */
public record WassersteinStep(Network network, Functional functional, double h) implements Objective {
    public WassersteinStep {
        if (!(h > 0 && h < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the step h of a gradient flow must be positive and finite, got " + h + "; take 0.1");
        }
        List<Signature.Port> from = network.signature().from();
        int into = network.signature().into().get(0).space().width();
        if (from.size() != 1 || network.signature().inputs() != functional.width() || into != functional.width()) {
            throw new IllegalArgumentException("rows of " + functional.width()
                    + " numbers are moved by a network from as many to as many, got " + network.signature());
        }
    }

    @Override
    public String spec() {
        return "wasserstein " + functional.spec() + " h " + h + " " + network.spec() + " " + network.signature();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public WassersteinStep with(List<Parameters> parameters) {
        return new WassersteinStep(network.with(parameters.get(0)), functional, h);
    }

    @Override
    public void check(Dataset data) {
        if (data.ports().size() != 1 || data.width() != functional.width()) {
            throw new IllegalArgumentException("a law of " + functional.width()
                    + " columns is told by rows of as many without conditions, got " + data.ports());
        }
    }

    @Override
    public Gradient open(Device device, int rows) {
        return functional.open(this, device, rows);
    }
}
