package org.tweedie.train;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** Makes the pairs of a step on a device. For one thread at a time, that of its stream. */
interface Pairs extends AutoCloseable {
    /**
     * Queues a pair for each row, null for what is not wanted.
     *
     * @param input of the network, those that the pairs fill one after the other
     * @param weight 1 wide
     * @param time that the network is told, 1 wide
     */
    void queue(
            Stream stream,
            RowSet rows,
            Map<String, View> batch,
            View input,
            @Nullable View target,
            @Nullable View weight,
            View time);

    /**
     * Queues the tables of the same matching under another process that learns.
     *
     * @throws IllegalArgumentException if the process does not learn
     */
    default void follow(Stream stream, DenoisingScoreMatching matching) {
        throw new IllegalArgumentException("the process of these pairs does not learn: " + matching.spec());
    }

    @Override
    void close();
}
