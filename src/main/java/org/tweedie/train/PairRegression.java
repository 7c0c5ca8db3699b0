package org.tweedie.train;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;

/**
 * A regression on pairs that its {@link Feed} brings: ports {@value Regression#INPUT}, {@value Regression#TARGET}, and, 1 wide,
 * {@value Regression#WEIGHT} and {@value Regression#TIME}, the time that the network is told. Loss w |out - target|^2. Immutable.
 *
 * @param network whose inputs lie side by side in that of the pairs
 * @param pairs what makes the pairs, as a checkpoint knows it
 */
public record PairRegression(Network network, String pairs) implements Objective {
    @Override
    public String spec() {
        return pairs + " " + network.spec() + " " + network.signature();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public PairRegression with(List<Parameters> parameters) {
        return new PairRegression(network.with(parameters.get(0)), pairs);
    }

    /** Pairs are no data; their feed has the widths that the network has, or refuses a step. */
    @Override
    public void check(Dataset data) {
        throw new IllegalArgumentException("a regression on pairs learns from a feed of them, not from " + data);
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
