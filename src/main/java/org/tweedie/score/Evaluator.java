package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** A field with its scratch, for one stream. For one thread at a time, that of its stream. */
public interface Evaluator extends AutoCloseable {
    /**
     * Tells which single times will be asked for, so that what follows from them alone is computed once. May allocate; changes no
     * bit of any answer. Weights must not change between this and the evaluations.
     */
    default void prepare(Stream stream, double[] times) {}

    /**
     * Queues one evaluation over the rows of {@code rows}. Allocates nothing; the launches queued depend only on the field
     * and the rows it was opened for, so that they can be captured in a graph.
     *
     * @param from one view an input port, in the order of the signature
     * @param into one view an output port; may not overlap the inputs
     */
    void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into);

    @Override
    void close();
}
