package org.tweedie.bridge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.score.Field;
import org.tweedie.score.Network;
import org.tweedie.train.Dataset;
import org.tweedie.train.TraceFeed;

/**
 * The walks that a half bridge learns from. Immutable.
 *
 * @param rows encoded: that walks start from, and their conditions; nothing where the plan draws its start and has none
 * @param teacher the network of the walk; nothing for the reference's
 * @param walks cached at a time
 * @param every steps of training between two refreshes
 * @param precision that the walk's products may have where a device is faster by them
 */
record WalkSource(
        BridgeProcess bridge,
        BridgePairs pairs,
        Optional<Dataset> rows,
        Optional<Network> teacher,
        int walks,
        long every,
        long seed,
        Precision precision) {
    FrozenConditions conditions() {
        return rows.map(FrozenConditions::of).orElse(new FrozenConditions(List.of()));
    }

    /** The walk with its conditions, tracing what the network gets, x and conditions, and its target. */
    Plan plan() {
        FrozenConditions conditions = conditions();
        List<String> traced = new ArrayList<>(List.of("x"));
        traced.addAll(List.of(conditions.names()));
        traced.add(BridgePairs.TARGET);
        return conditions.steer(pairs.plan(bridge)).traced(traced.toArray(String[]::new));
    }

    /** Everything that decides the pairs but weights and rows, for checkpoints. */
    String spec() {
        return bridge.spec() + " " + pairs.walk().direction().spec() + " "
                + pairs.walk().by().map(Matching::spec).orElse("reference") + " to "
                + pairs.learned().spec() + (pairs.byScore() ? " by score" : "") + " " + walks + " walks every " + every
                + " seed " + seed
                + (conditions().ports().isEmpty()
                        ? ""
                        : " given " + List.of(conditions().names()));
    }

    /** Pairs of every step but the start, which teaches nothing. */
    TraceFeed.Source feed() {
        StepSizes sizes = bridge.sizes();
        Direction direction = pairs.walk().direction();
        float[] weights = new float[sizes.count()];
        float[] times = new float[sizes.count()];
        for (int j = 0; j < sizes.count(); j++) {
            int k = direction.place(j, sizes.count());
            weights[j] = (float) pairs.learned().weight(sizes.gamma(k));
            times[j] = (float) direction.other().starts(k, sizes.count());
        }
        Map<String, Field> fields = new HashMap<>();
        teacher.ifPresent(network -> fields.put(direction.spec(), network));
        Program program = Program.of(plan(), fields).with(precision);
        return new TraceFeed.Source(program, rows, weights, times, walks, every, seed);
    }
}
