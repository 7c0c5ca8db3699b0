package org.tweedie.train;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;

/** A regression whose conditions are dropped or noised on their way to the network. Immutable. */
record ConditionedRegression(Regression regression, Conditioning conditioning) implements Objective {
    ConditionedRegression {
        List<String> ports = regression.network().signature().from().stream()
                .map(port -> port.name())
                .toList();
        if (ports.size() < 2) {
            throw new IllegalArgumentException("a network without conditions cannot have them " + conditioning);
        }
        if (conditioning.dropped() > 0 && !ports.get(ports.size() - 1).equals(Dataset.GIVEN)) {
            throw new IllegalArgumentException("a network that is to know which conditions were dropped has '"
                    + Dataset.GIVEN + "' for its last input; make model and data from Dataset.droppable()");
        }
        conditioning.require(regression
                .denoising()
                .orElseThrow(() -> new IllegalArgumentException(
                        "conditions are dropped or noised of denoising score matching alone, got " + regression.spec()))
                .parametrisation()
                .sde());
    }

    @Override
    public String spec() {
        return regression.spec() + " conditions " + conditioning;
    }

    @Override
    public List<Network> learns() {
        return regression.learns();
    }

    @Override
    public ConditionedRegression with(List<Parameters> parameters) {
        return new ConditionedRegression(regression.with(parameters), conditioning);
    }

    @Override
    public void check(Dataset data) {
        regression.check(data);
    }

    @Override
    public Gradient open(Device device, int rows) {
        return open(device, rows, Precision.F32);
    }

    @Override
    public Gradient open(Device device, int rows, Precision allowed) {
        return new ConditionedGradient(this, device, rows, allowed);
    }
}
