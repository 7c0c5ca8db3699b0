package org.tweedie.train;

import java.util.List;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;

/** What training makes small: a mean over rows, with its gradient. Immutable, shared by threads. */
public interface Objective {
    /** Everything that decides its numbers but weights and data; a checkpoint of another is refused. */
    String spec();

    /** The networks that learn. */
    List<Network> learns();

    /** The same objective of the same networks with other weights, in the order of {@link #learns()}. */
    Objective with(List<Parameters> parameters);

    /**
     * Refuses data that it cannot learn from.
     *
     * @throws IllegalArgumentException naming the port that is missing or of another width
     */
    void check(Dataset data);

    /**
     * What learns beside the networks: the numbers of the process; nothing where it is fixed.
     *
     * @param data encoded rows that it may look at
     */
    default Optional<ProcessLearner> processLearner(Dataset data, TrainSpec spec, Device device) {
        return Optional.empty();
    }

    /**
     * What brings the rows of its steps, where they are made before their launches; nothing where the data's own rows do.
     *
     * @param data encoded rows
     */
    default Optional<Feed.Source> feed(Dataset data, TrainSpec spec) {
        return Optional.empty();
    }

    /** Opens scratch for steps of {@code rows} rows each. */
    Gradient open(Device device, int rows);

    /** As {@link #open(Device, int)}; its products may be of these numbers where the device has a kernel for it, else they are of f32. */
    default Gradient open(Device device, int rows, Precision allowed) {
        return open(device, rows);
    }
}
