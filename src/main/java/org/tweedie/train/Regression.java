package org.tweedie.train;

import java.util.List;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.VdmSde;

/**
 * Most objectives: a plan puts out pairs of input and target, with a weight and the time that the network is told; the loss
 * compares the network's output with the target. Inputs of the network that the pairs do not fill are conditions, ports of the data. Immutable.
 *
 * @param pairs outputs {@value #INPUT}, {@value #TARGET}, {@value #WEIGHT}, {@value #TIME} (the last two 1 wide)
 * @param group rows of a step that share a rank of time, as in {@link DenoisingScoreMatching}
 */
public record Regression(Network network, Plan pairs, Loss loss, int group) implements ConditionalObjective {
    /** The output register that the network gets. */
    public static final String INPUT = "input";
    /** The output register that the network's output is compared with. */
    public static final String TARGET = "target";
    /** The output register of the row's weight. */
    public static final String WEIGHT = "weight";
    /** The output register of the time that the network is told. */
    public static final String TIME = "time";

    public Regression {
        int width = network.signature().from().get(0).space().width();
        int out = network.signature().into().get(0).space().width();
        require(pairs, INPUT, width);
        require(pairs, TARGET, out);
        require(pairs, WEIGHT, 1);
        require(pairs, TIME, 1);
        Optional<PairMatching> matching = PairMatching.in(pairs, group);
        if (matching.isEmpty()) {
            throw new IllegalArgumentException("no kernel makes the pairs of this plan: " + pairs
                    + "; those of DenoisingScoreMatching and HybridScoreMatching are made on the device");
        }
        if (matching.get().inputs() > network.signature().from().size()) {
            throw new IllegalArgumentException(
                    "a network of these pairs has the inputs position and velocity, got " + network.signature());
        }
        for (int i = 1; i < matching.get().inputs(); i++) {
            require(
                    pairs,
                    CldSde.VELOCITY,
                    network.signature().from().get(i).space().width());
        }
    }

    private static void require(Plan pairs, String name, int width) {
        Register register = pairs.registers().get(pairs.register(name));
        if (register.width() != width) {
            throw new IllegalArgumentException(
                    "'" + name + "' of the pairs must be " + width + " wide for this network, got " + register.width());
        }
    }

    @Override
    public String spec() {
        return matching().spec() + " " + loss + " " + network.spec() + " " + network.signature();
    }

    PairMatching matching() {
        return PairMatching.in(pairs, group).orElseThrow();
    }

    /** The matching where it is denoising score matching. */
    @Override
    public Optional<DenoisingScoreMatching> denoising() {
        return DenoisingScoreMatching.in(pairs, group);
    }

    /** The inputs of the network that are conditions, ports of the data. */
    @Override
    public List<Signature.Port> conditions() {
        List<Signature.Port> ports = network.signature().from();
        return ports.subList(matching().inputs(), ports.size());
    }

    /** Numbers of the inputs that the pairs fill. */
    int filled() {
        return network.signature().inputs()
                - conditions().stream().mapToInt(port -> port.space().width()).sum();
    }

    @Override
    public List<Network> learns() {
        return List.of(network);
    }

    @Override
    public Regression with(List<Parameters> parameters) {
        return new Regression(network.with(parameters.get(0)), pairs, loss, group);
    }

    @Override
    public void check(Dataset data) {
        require(data, Dataset.X, network.signature().from().get(0));
        for (Signature.Port port : conditions()) {
            require(data, port.name(), port);
        }
    }

    private static void require(Dataset data, String name, Signature.Port port) {
        int width = data.port(name).width();
        if (width != port.space().width()) {
            throw new IllegalArgumentException("the network's input '" + port.name() + "' is "
                    + port.space().width() + " wide, the data's '" + name + "' " + width);
        }
    }

    @Override
    public Optional<ProcessLearner> processLearner(Dataset data, TrainSpec spec, Device device) {
        boolean learns = denoising()
                .filter(matching -> matching.parametrisation().sde() instanceof VdmSde)
                .isPresent();
        return learns && !spec.process().never()
                ? Optional.of(new ScheduleLearner(this, data, spec, device))
                : Optional.empty();
    }

    @Override
    public Gradient open(Device device, int rows) {
        return open(device, rows, Precision.F32);
    }

    @Override
    public Gradient open(Device device, int rows, Precision allowed) {
        FewLaunches few = FewLaunches.of(network, device, rows, allowed);
        return few.tape() == null
                ? layers(device, rows, few.why())
                : new FusedRegressionGradient(this, device, rows, few.tape(), few.why());
    }

    private Gradient layers(Device device, int rows, String why) {
        return new RegressionGradient(this, device, rows, "f32: " + why);
    }

    /** Opens scratch for steps a layer at a time, as any network on any device can be trained; {@link #open} where nothing is faster. */
    public Gradient openLayers(Device device, int rows) {
        return layers(device, rows, "as asked");
    }
}
