package org.tweedie.train;

import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Network;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.Weighting;

/**
 * Denoising score matching (Vincent 2011) as a regression: a clean row x0, a time t and noise eps make the network's input
 * and its target, and the least squared error is the score of p_t. Immutable.
 *
 * @param group rows of a training step whose times are spread evenly over [0, 1] together (low discrepancy: rank
 *     {@code (i mod group + u) / group} with one u a step), or 0 for times of their own
 */
public record DenoisingScoreMatching(
        Parametrisation parametrisation, Weighting weighting, TimeSampling sampling, int group)
        implements PairMatching {
    /** The given register that holds a row's rank, where rows of a step share theirs. */
    static final String RANK = "rank";

    public DenoisingScoreMatching {
        requireGroup(group);
    }

    static void requireGroup(int group) {
        if (group < 0 || group > 1 << 24) {
            throw new IllegalArgumentException("rows that share their times must be 0 to 2^24, got " + group);
        }
    }

    @Override
    public String spec() {
        return "denoising " + parametrisation.sde().spec() + " " + parametrisation.prediction() + " scale "
                + parametrisation.dataScale() + " " + weighting + " " + sampling + " group " + group;
    }

    @Override
    public int inputs() {
        return 1;
    }

    @Override
    public Pairs open(Device device, int rows) {
        return new PerturbedPairs(this, device, rows);
    }

    /** One weight for every noise level, EDM's times, spread evenly over a step of {@code batch} rows. */
    public static DenoisingScoreMatching standard(Parametrisation parametrisation, int batch) {
        return new DenoisingScoreMatching(parametrisation, Weighting.EDM, TimeSampling.LOGNORMAL, batch);
    }

    /** The plan of one step that puts out a row's input, target, weight and time; registers of those names, x0 given. */
    @Override
    public Plan pairs() {
        Sde sde = parametrisation.sde();
        Space line = Space.euclidean(1);
        Plan.Writer plan = Plan.writer();
        int x0 = plan.given(Dataset.X, sde.space());
        int rank = group > 0 ? plan.given(RANK, line) : plan.register(RANK, line);
        int t = plan.register("t", line);
        int eps = plan.register("eps", sde.space());
        int input = plan.register(Regression.INPUT, sde.space());
        int target = plan.register(Regression.TARGET, sde.space());
        int weight = plan.register(Regression.WEIGHT, line);
        int time = plan.register(Regression.TIME, line);
        plan.step(0, sde.horizon());
        if (group == 0) {
            plan.draw(Law.UNIFORM, Purpose.TIME, rank);
        }
        plan.apply(new TimeOfRank(sde, sampling), new int[] {rank}, t);
        plan.normal(Purpose.NOISE, eps);
        plan.apply(
                new NoisyPair(parametrisation, weighting, sampling),
                new int[] {x0, eps, t},
                input,
                target,
                weight,
                time);
        return plan.plan(input, target, weight, time);
    }

    /** The regression of a network on these pairs. */
    public Regression of(Network network) {
        return new Regression(network, pairs(), Loss.SQUARED, group);
    }

    /** The matching that a plan of pairs is, if it has that shape: then one kernel makes the pairs. */
    static Optional<DenoisingScoreMatching> in(Plan pairs, int group) {
        for (Step step : pairs.steps()) {
            for (Stage stage : step.stages()) {
                if (stage instanceof Stage.Apply apply && apply.function() instanceof NoisyPair pair) {
                    DenoisingScoreMatching matching = new DenoisingScoreMatching(
                            pair.parametrisation(), pair.weighting(), pair.sampling(), group);
                    return same(matching.pairs(), pairs) ? Optional.of(matching) : Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    static boolean same(Plan a, Plan b) {
        return a.registers().equals(b.registers())
                && java.util.Arrays.equals(a.outputs(), b.outputs())
                && describe(a).equals(describe(b));
    }

    private static String describe(Plan plan) {
        StringBuilder text = new StringBuilder();
        for (Step step : plan.steps()) {
            text.append(step.t())
                    .append(" to ")
                    .append(step.s())
                    .append(step.until())
                    .append(':');
            for (Stage stage : step.stages()) {
                text.append(' ')
                        .append(describe(stage))
                        .append(java.util.Arrays.toString(stage.reads()))
                        .append("->")
                        .append(java.util.Arrays.toString(stage.writes()));
            }
        }
        return text.toString();
    }

    private static String describe(Stage stage) {
        if (stage instanceof Stage.Draw draw) {
            return draw.law() + " " + draw.purpose();
        } else if (stage instanceof Stage.Apply apply) {
            return apply.function().toString();
        } else if (stage instanceof Stage.Combine combine) {
            return java.util.Arrays.deepToString(combine.weights());
        }
        Stage.Evaluate evaluate = (Stage.Evaluate) stage;
        Time t = evaluate.t();
        return evaluate.field() + " at " + t;
    }
}
