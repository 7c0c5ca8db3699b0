package org.tweedie;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.ReadLimits;

/** What a training goes on from. Stateless. */
final class Resumption {
    private static final System.Logger LOG = System.getLogger("org.tweedie");

    private Resumption() {}

    /** The newest checkpoint that can be read, where there is a directory and the run is to go on; what cannot be read is told of and passed over. */
    static Optional<Checkpoint> newest(@Nullable CheckpointDirectory checkpoints, boolean resume) throws IOException {
        return resume && checkpoints != null
                ? checkpoints
                        .newest(ReadLimits.defaults(), skipped -> LOG.log(System.Logger.Level.WARNING, skipped))
                        .map(CheckpointDirectory.Found::checkpoint)
                : Optional.empty();
    }
}
