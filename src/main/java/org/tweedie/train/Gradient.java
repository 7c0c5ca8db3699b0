package org.tweedie.train;

import java.util.List;
import java.util.Map;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** An objective with its scratch, for one stream. For one thread at a time, that of its stream. */
public interface Gradient extends AutoCloseable {
    /** The numbers that its products are of: {@code f32} or {@code bf16}. A run is not resumed with others. */
    default String products() {
        return "f32";
    }

    /** What runs, for a person: its products first. */
    default String how() {
        return products();
    }

    /** Queues what a step needs before its launches, which change from step to step; outside a graph. Steps are counted from 1. */
    default void prepare(Stream stream, long step) {}

    /**
     * Queues the gradient of the mean loss of the rows. Their sample numbers seed all that is drawn. Allocates nothing and queues
     * the same launches each time, so that a step can be captured in a graph.
     *
     * @param batch rows of data by port
     * @param gradients one a network, laid out as its weights; overwritten
     * @param losses F32: the loss of each row
     */
    void queue(Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses);

    /**
     * Queues what makes the steps that follow, of graphs captured before too, those of the same objective under another process that learns.
     *
     * @throws IllegalArgumentException if this objective's process does not learn
     */
    default void follow(Stream stream, Objective objective) {
        throw new IllegalArgumentException("the process of this objective does not learn: " + objective.spec());
    }

    @Override
    void close();
}
