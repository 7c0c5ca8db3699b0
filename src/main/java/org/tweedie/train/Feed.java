package org.tweedie.train;

import java.util.Map;
import java.util.Optional;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** The rows of training steps, on a device. For one thread at a time, that of its stream; holds device memory until closed. */
public interface Feed extends AutoCloseable {
    /** Where the rows of a step lie after {@link #queue}, by port. */
    Map<String, View> ports();

    /**
     * Makes ready what step {@code step}, from 1, draws its rows from: called before its launches are queued, for every step in order, from any
     * step where a run resumes. May wait for the stream.
     */
    default void prepare(Stream stream, long step) {}

    /** The last step whose rows are among those made ready for {@code step}. */
    default long served(long step) {
        return Long.MAX_VALUE;
    }

    /** The table that all rows of a step are drawn from, as {@link org.tweedie.kernels.Batch#rows} draws them; nothing where there is none. */
    default Optional<Table> table() {
        return Optional.empty();
    }

    /**
     * Pairs: dense rows of {@value Regression#INPUT}, {@value Regression#TARGET}, {@value Regression#WEIGHT} and {@value Regression#TIME}. Immutable.
     *
     * @param width of a row
     */
    record Table(DeviceBuffer pairs, long count, int width) {}

    /** Queues the rows of a step: a function of their sample numbers and the seed. Allocates nothing and queues the same launches each time. */
    void queue(Stream stream, RowSet rows);

    /** Makes the rows of the steps that follow those of the same objective under another process that learns. */
    default void follow(Objective objective) {}

    @Override
    void close();

    /** Where rows come from, before there is a device. Immutable, shared by threads. */
    interface Source {
        /** What a checkpoint knows the rows by: differs where they do. */
        String hash();

        /** Opens steps of {@code batch} rows each. */
        Feed open(Stream stream, int batch);
    }
}
