package org.tweedie.train;

import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Network;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.HybridParametrisation;
import org.tweedie.sde.Weighting;

/**
 * Hybrid score matching as a regression: a clean row x0, a time t, uniform, and noise (z_x, z_v) make position and velocity by the factor of
 * their covariance, the velocity at time 0 being summed out; the least squared error of z_v is the score of v.
 *
 * <p>Dockhorn, Vahdat, Kreis, ICLR 2022, arXiv 2112.07068. The network's first inputs are position and {@value CldSde#VELOCITY}. Immutable.
 *
 * @param weighting LIKELIHOOD weighs |z_v error|^2 with Gamma beta l^2; the others are the paper's reweighted objective, 1
 * @param group rows of a step that share a rank of time, as in {@link DenoisingScoreMatching}
 */
public record HybridScoreMatching(HybridParametrisation parametrisation, Weighting weighting, int group)
        implements PairMatching {
    public HybridScoreMatching {
        DenoisingScoreMatching.requireGroup(group);
    }

    /** The plan of one step that puts out a row's position, velocity, target, weight and time; x0 given. */
    @Override
    public Plan pairs() {
        CldSde sde = parametrisation.sde();
        Space line = Space.euclidean(1);
        Plan.Writer plan = Plan.writer();
        int x0 = plan.given(Dataset.X, sde.space());
        int rank = group > 0
                ? plan.given(DenoisingScoreMatching.RANK, line)
                : plan.register(DenoisingScoreMatching.RANK, line);
        int t = plan.register("t", line);
        int first = plan.register("noise.x", sde.space());
        int second = plan.register("noise.v", sde.space());
        int input = plan.register(Regression.INPUT, sde.space());
        int velocity = plan.register(CldSde.VELOCITY, sde.space());
        int target = plan.register(Regression.TARGET, sde.space());
        int weight = plan.register(Regression.WEIGHT, line);
        int time = plan.register(Regression.TIME, line);
        plan.step(0, sde.horizon());
        if (group == 0) {
            plan.draw(Law.UNIFORM, Purpose.TIME, rank);
        }
        plan.apply(new UniformTime(sde), new int[] {rank}, t);
        plan.normal(Purpose.NOISE, first).normal(Purpose.NOISE, second);
        plan.apply(
                new HybridPair(parametrisation, weighting),
                new int[] {x0, first, second, t},
                input,
                velocity,
                target,
                weight,
                time);
        return plan.plan(input, velocity, target, weight, time);
    }

    /** The regression of a network on these pairs. */
    public Regression of(Network network) {
        return new Regression(network, pairs(), Loss.SQUARED, group);
    }

    @Override
    public String spec() {
        return "hybrid " + parametrisation.sde().spec() + " " + weighting + " group " + group;
    }

    @Override
    public int inputs() {
        return 2;
    }

    @Override
    public Pairs open(Device device, int rows) {
        return new HybridPairs(this, device, rows);
    }

    /** The matching that a plan of pairs is, if it has that shape. */
    static Optional<HybridScoreMatching> in(Plan pairs, int group) {
        for (Step step : pairs.steps()) {
            for (Stage stage : step.stages()) {
                if (stage instanceof Stage.Apply apply && apply.function() instanceof HybridPair pair) {
                    HybridScoreMatching matching =
                            new HybridScoreMatching(pair.parametrisation(), pair.weighting(), group);
                    return DenoisingScoreMatching.same(matching.pairs(), pairs)
                            ? Optional.of(matching)
                            : Optional.empty();
                }
            }
        }
        return Optional.empty();
    }
}
