package org.tweedie.train;

import org.tweedie.device.Stream;
import org.tweedie.io.Checkpoint;
import org.tweedie.sde.Noising;

/**
 * What learns beside the networks of an objective: the numbers of its process, in double on the host. Its steps lie between those of the
 * networks and are functions of the seed, the step and the weights. For one thread, that of its stream.
 */
public interface ProcessLearner extends AutoCloseable {
    /**
     * Moves the process after the networks' step {@code k}, and waits for what it asks the device.
     *
     * @return the objective under the process as it is now
     */
    Objective step(Stream stream, long k);

    /** The process as it is now, as any other. */
    Noising process();

    /** Adds what {@link #restore} needs to go on to the same bits. */
    void save(Checkpoint into);

    /**
     * Goes on from a checkpoint.
     *
     * @return the objective under the process as it was
     * @throws org.tweedie.io.MalformedFileException if it holds no such process
     */
    Objective restore(Checkpoint from);

    @Override
    void close();
}
