package org.tweedie;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.tweedie.bridge.BridgeFitting;
import org.tweedie.bridge.BridgeFlow;
import org.tweedie.bridge.BridgeProcess;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.Matching;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.plan.Plan;
import org.tweedie.score.Architecture;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainResult;

/**
 * What every bridge is made of: its chains, the network of each direction, and what fitting them came to.
 *
 * @param architecture of each network
 * @param result how fitting ended; nothing where it was in another process
 * @param owned what closes with the bridge: its networks' weights
 */
record FittedHalves(
        BridgeProcess process,
        Matching matching,
        Architecture architecture,
        Map<Direction, Network> networks,
        List<HalfBridge> done,
        Optional<TrainResult> result,
        Map<String, String> provenance,
        Closing owned,
        Device device) {
    static FittedHalves of(
            BridgeProcess process,
            BridgeFitting fitting,
            BridgeSpec spec,
            TrainResult result,
            Map<String, String> provenance,
            Device device) {
        Map<Direction, Network> networks = new EnumMap<>(Direction.class);
        for (Direction direction : Direction.values()) {
            networks.put(direction, fitting.network(direction));
        }
        Closing owned = new Closing();
        owned.add(fitting);
        return new FittedHalves(
                process,
                spec.matching(),
                spec.network(),
                networks,
                fitting.done(),
                Optional.of(result),
                provenance,
                owned,
                device);
    }

    static Map<String, String> provenance(Dataset from, Optional<Dataset> to, BridgeSpec spec, Device device) {
        Map<String, String> made = new TreeMap<>();
        made.put("seed", Long.toString(spec.training().seed()));
        made.put("from", from.hash());
        to.ifPresent(rows -> made.put("to", rows.hash()));
        made.put("settings", spec.training().settings());
        made.put("iterations", Integer.toString(spec.iterations()));
        made.put("cache", spec.walks() + " walks every " + spec.refreshEvery());
        made.put("score", Boolean.toString(spec.scoreFirst()));
        made.put("afresh", Boolean.toString(!spec.goOn()));
        made.put("device", device.name());
        made.put("tweedie", Tweedie.version());
        return made;
    }

    Network network(Direction direction) {
        return Objects.requireNonNull(networks.get(direction));
    }

    /** Refuses to walk a way that no network was fitted for. */
    void require(Direction... ways) {
        for (Direction way : ways) {
            if (done.stream().noneMatch(half -> half.learned() == way)) {
                throw new IllegalStateException("no half bridge " + way.spec() + " was fitted: "
                        + result.map(TrainResult::message).orElse(""));
            }
        }
    }

    /** Refuses to save a part. */
    void requireFinished() {
        if (result.isPresent() && result.get().outcome() != TrainResult.Outcome.FINISHED) {
            throw new IllegalStateException("a bridge is saved when all its half bridges are fitted; "
                    + result.get().message());
        }
    }

    /** Refuses another number of steps than that of the chains. */
    void requireSteps(int steps) {
        if (steps != process.sizes().count()) {
            throw new IllegalArgumentException(
                    "a bridge is walked along the " + process.sizes().count() + " steps that it was fitted with, got "
                            + Spelling.number(steps) + "; fit one with other steps");
        }
    }

    /** The times of the flow forward, in so many steps. */
    TimeGrid rising(int steps) {
        return new BridgeFlow(Direction.FORWARD, matching).grid(process, steps);
    }

    /** The plan as guides rewrite it, who have no score to steer by. */
    Plan guided(Plan plan, List<Guide> guides) {
        Plan guided = plan;
        for (Guide guide : guides) {
            if (!(guide instanceof Sampler.Rewrite rewrite)) {
                throw new IllegalArgumentException("a bridge has no score that '" + guide.spec()
                        + "' could steer by; only rewrites of its plan do");
            }
            guided = rewrite.steering().steer(guided);
        }
        return guided;
    }
}
