package org.tweedie.train;

import java.util.List;
import java.util.Optional;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;

/** An objective whose networks get conditions of the data, which may be changed on their way. Immutable, shared by threads. */
interface ConditionalObjective extends Objective {
    /** The inputs of every network that are conditions, ports of the data. */
    List<Signature.Port> conditions();

    /** Rows of a step that share a rank of time. */
    int group();

    /** The matching whose times noise of conditions would go to, where it has such. */
    Optional<DenoisingScoreMatching> denoising();

    @Override
    ConditionalObjective with(List<Parameters> parameters);

    /** The same with conditions dropped or noised on their way to the networks. */
    default Objective under(Conditioning conditioning) {
        return conditioning.clean() ? this : new ConditionedObjective(this, conditioning);
    }
}
