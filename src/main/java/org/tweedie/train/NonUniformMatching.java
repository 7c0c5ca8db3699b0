package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleFunction;
import org.tweedie.device.Device;
import org.tweedie.plan.Curves;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.NonUniformSde;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Weighting;

/**
 * Denoising score matching for blocks that move each at its own speed: a network for each interval of the clock, of all blocks that live there,
 * whose squared errors count each with its own block's weight; with {@link Weighting#LIKELIHOOD}, G G' componentwise. All networks learn in
 * every step, each from the whole batch at times of its own interval, uniform in the mean log-SNR of what lives, corrected to uniform in time.
 *
 * <p>Batzolis et al., arXiv 2207.09786. Immutable.
 *
 * @param networks one an interval, with an input for each living block, then the conditions, to one output for all blocks side by side
 * @param group rows of a step whose times are spread evenly, as in {@link DenoisingScoreMatching}
 */
public record NonUniformMatching(NonUniformSde process, List<Network> networks, Weighting weighting, int group)
        implements ConditionalObjective {
    public NonUniformMatching {
        networks = List.copyOf(networks);
        if (networks.size() != process.intervals()) {
            throw new IllegalArgumentException("a process of " + process.intervals()
                    + " intervals has a network for each, got " + networks.size());
        }
        for (int i = 0; i < networks.size(); i++) {
            Signature signature = networks.get(i).signature();
            List<Integer> alive = process.alive(i);
            boolean fits = signature.from().size() >= alive.size()
                    && signature.into().get(0).space().width() == process.width(i);
            for (int b = 0; fits && b < alive.size(); b++) {
                fits = signature.from().get(b).space().width()
                        == process.blocks().get(alive.get(b)).width();
            }
            if (!fits) {
                throw new IllegalArgumentException("the network of interval " + (i + 1)
                        + " takes each of its blocks and gives all side by side, " + process.width(i) + " wide; got "
                        + signature);
            }
        }
    }

    /** How network and score of a block translate: preconditioned for data of scale 1. */
    public static Parametrisation parametrisation(NonUniformSde process, int block, Network network) {
        return Parametrisation.preconditioned(process.blocks().get(block).sde(), network.prediction(), 1);
    }

    /** The inputs of every network that are conditions, ports of the data. */
    @Override
    public List<Signature.Port> conditions() {
        List<Signature.Port> from = networks.get(0).signature().from();
        return from.subList(process.alive(0).size(), from.size());
    }

    /** None: every interval has times of its own. */
    @Override
    public Optional<DenoisingScoreMatching> denoising() {
        return Optional.empty();
    }

    @Override
    public String spec() {
        return "denoising " + process.spec() + " " + networks.get(0).prediction() + " " + weighting + " group " + group
                + " " + networks.get(0).spec() + " " + networks.get(0).signature();
    }

    @Override
    public List<Network> learns() {
        return networks;
    }

    @Override
    public NonUniformMatching with(List<Parameters> parameters) {
        List<Network> others = new ArrayList<>();
        for (int i = 0; i < networks.size(); i++) {
            others.add(networks.get(i).with(parameters.get(i)));
        }
        return new NonUniformMatching(process, others, weighting, group);
    }

    @Override
    public void check(Dataset data) {
        int width = data.port(Dataset.X).width();
        if (width != process.space().width()) {
            throw new IllegalArgumentException("the process " + process.spec() + " is of rows of "
                    + process.space().width() + " columns, the data's '" + Dataset.X + "' has " + width);
        }
        for (Signature.Port port : conditions()) {
            if (data.port(port.name()).width() != port.space().width()) {
                throw new IllegalArgumentException("the network's input '" + port.name() + "' is "
                        + port.space().width() + " wide, the data's '" + port.name() + "' "
                        + data.port(port.name()).width());
            }
        }
    }

    @Override
    public Gradient open(Device device, int rows) {
        return new NonUniformGradient(this, device, rows);
    }

    /** t(u) of an interval, uniform in its mean log-SNR, as {@code time_sample_f32} has it. */
    float[] quantile(int interval, int nodes) {
        double noisy = process.logSnr(interval, process.end(interval));
        double clean = process.logSnr(interval, process.start(interval));
        float[] values = new float[2 * nodes];
        for (int i = 0; i < nodes; i++) {
            double u = (double) i / (nodes - 1);
            double t = process.timeOfLogSnr(interval, clean + u * (noisy - clean));
            values[2 * i] = (float) t;
            values[2 * i + 1] = (float) (1 / (density(interval, t) * (nodes - 1)));
        }
        return values;
    }

    /** The density of an interval's times: the slope of the mean log-SNR, normalised. */
    private double density(int interval, double t) {
        return process.fall(interval, t)
                / (process.logSnr(interval, process.start(interval)) - process.logSnr(interval, process.end(interval)));
    }

    /** The columns of {@code perturb_f32} for a block in an interval: input, target, weight, and the time that the interval's network is told. */
    Curves coefficients(int interval, int block) {
        Parametrisation own = parametrisation(process, block, networks.get(interval));
        Parametrisation clock = parametrisation(process, process.alive(interval).get(0), networks.get(interval));
        double length = process.end(interval) - process.start(interval);
        DoubleFunction<double[]> columns = t -> new double[] {
            own.inputScale(t) * own.sde().alpha(t),
            own.inputScale(t) * own.sde().sigma(t),
            own.targetX0(t),
            own.targetEps(t),
            own.weight(weighting, t) / (density(interval, t) * length),
            clock.networkTime(t)
        };
        return Coefficients.of(process.start(interval), process.end(interval), columns);
    }
}
