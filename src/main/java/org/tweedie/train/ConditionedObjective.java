package org.tweedie.train;

import java.util.List;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.io.Checkpoint;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.sde.Noising;

/** An objective whose conditions are dropped or noised on their way to the networks. Immutable. */
record ConditionedObjective(ConditionalObjective objective, Conditioning conditioning) implements Objective {
    ConditionedObjective {
        List<String> ports =
                objective.conditions().stream().map(port -> port.name()).toList();
        if (ports.isEmpty()) {
            throw new IllegalArgumentException("a network without conditions cannot have them " + conditioning);
        }
        if (conditioning.dropped() > 0 && !ports.get(ports.size() - 1).equals(Dataset.GIVEN)) {
            throw new IllegalArgumentException("a network that is to know which conditions were dropped has '"
                    + Dataset.GIVEN + "' for its last input; make model and data from Dataset.droppable()");
        }
        if (conditioning.noise().isPresent()) {
            conditioning.require(objective
                    .denoising()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "conditions are noised of denoising score matching alone, got " + objective.spec()))
                    .parametrisation()
                    .sde());
        }
    }

    @Override
    public String spec() {
        return objective.spec() + " conditions " + conditioning;
    }

    @Override
    public List<Network> learns() {
        return objective.learns();
    }

    @Override
    public ConditionedObjective with(List<Parameters> parameters) {
        return new ConditionedObjective(objective.with(parameters), conditioning);
    }

    @Override
    public Optional<ProcessLearner> processLearner(Dataset data, TrainSpec spec, Device device) {
        return objective.processLearner(data, spec, device).map(learner -> new Conditioned(learner, conditioning));
    }

    /** The objective's, whose objectives have their conditions dropped. */
    private record Conditioned(ProcessLearner learner, Conditioning conditioning) implements ProcessLearner {
        private Objective under(Objective objective) {
            return new ConditionedObjective((ConditionalObjective) objective, conditioning);
        }

        @Override
        public Objective step(Stream stream, long k) {
            return under(learner.step(stream, k));
        }

        @Override
        public Noising process() {
            return learner.process();
        }

        @Override
        public void save(Checkpoint into) {
            learner.save(into);
        }

        @Override
        public Objective restore(Checkpoint from) {
            return under(learner.restore(from));
        }

        @Override
        public void close() {
            learner.close();
        }
    }

    @Override
    public void check(Dataset data) {
        objective.check(data);
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
